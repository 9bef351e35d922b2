import { describe, expect, test } from "vitest";
import { CATALOGUE } from "../../../src/providers/catalogue.ts";
import { modelCatalogue } from "../../../src/providers/models/model-catalogue.ts";
import { factsOf, knownModels } from "../../../src/providers/models/model-facts.ts";
import { priceFrom } from "../../../src/providers/prices.ts";

describe("the catalogue of models", () => {
  const models = modelCatalogue(Date.parse("2026-11-01"));

  test("holds more than a thousand models with prices, context windows and capabilities", () => {
    const complete = models.filter(
      ({ prices, contextWindow, capabilities }) => prices && contextWindow && capabilities,
    );
    expect(complete.length).toBeGreaterThan(1000);
  });

  test("has each model of a kind once, of kinds that there are", () => {
    const keys = models.map(({ kind, model }) => `${kind} ${model}`);
    expect(new Set(keys).size).toBe(keys.length);
    const kinds = new Set(CATALOGUE.map(({ kind }) => kind));
    expect(models.filter(({ kind }) => !kinds.has(kind))).toEqual([]);
  });

  test("says where each price of its own was taken from, and each can be paid", () => {
    const own = models.filter(({ priceSource }) => priceSource !== undefined && priceSource !== "list");
    expect(own.length).toBeGreaterThan(100);
    for (const { kind, model, prices = {}, priceSource = "" } of own) {
      expect([kind, model, URL.canParse(priceSource) && new URL(priceSource).protocol]).toEqual([
        kind,
        model,
        "https:",
      ]);
      expect([kind, model, Number.isFinite(priceFrom(prices).inputPerToken)]).toEqual([kind, model, true]);
    }
  });

  test("reads every line of what is known", () => {
    for (const { kind } of CATALOGUE) {
      for (const known of knownModels(kind).values()) {
        const { id, type, contextWindow = 1, maxOutputTokens = 1, capabilities = ["tools"] } = known;
        expect([kind, id, /^[a-z]+$/.test(type ?? "")]).toEqual([kind, id, true]);
        expect([kind, id, contextWindow > 0 && maxOutputTokens > 0, capabilities.length > 0]).toEqual([
          kind,
          id,
          true,
          true,
        ]);
      }
    }
  });

  test("Fixed: had prices of a token, of another currency or of nothing for a million tokens, which calls were accounted with", () => {
    const isFree = /:free$|^glm-4\.[57]-flash$/;
    for (const { kind, model, type, prices = {}, priceSource = "list" } of models) {
      const [input, output, read, written] = [
        prices.input_mtok,
        prices.output_mtok,
        prices.cache_read_mtok,
        prices.cache_write_mtok,
      ];
      if (priceSource === "list" || typeof input !== "number" || typeof output !== "number") continue;
      const name = `${kind} ${model} ${JSON.stringify(prices)}`;
      expect([name, input > 0 || isFree.test(model)]).toEqual([name, true]);
      expect([name, input <= 60 && output <= 300 && output <= 12 * input]).toEqual([name, true]);
      expect([name, output >= input || type !== "chat"]).toEqual([name, true]);
      if (input === 0) continue;
      if (typeof read === "number") expect([name, read > 0 && read <= input]).toEqual([name, true]);
      if (typeof written === "number") expect([name, written > 0 && written <= 2 * input]).toEqual([name, true]);
    }
  });

  test("Fixed: took pictures and sound for chats, and dimensions of embeddings for tokens", () => {
    const known = CATALOGUE.flatMap(({ kind }) => [...knownModels(kind).values()]);
    const made = known.filter(({ id }) => /^(gpt|chatgpt)-image|flux|-tts(-|$)/.test(id));
    expect(made.length).toBeGreaterThan(5);
    expect(made.filter(({ type }) => type === "chat")).toEqual([]);
    expect(known.filter(({ type, maxOutputTokens }) => type === "embedding" && maxOutputTokens !== undefined)).toEqual(
      [],
    );
  });

  test("knows models by their makers' names where others have them", () => {
    expect(factsOf("openai", "gpt-4o")).toMatchObject({
      contextWindow: 128_000,
      capabilities: expect.arrayContaining(["vision", "tools"]),
    });
    expect(factsOf("openrouter", "openai/gpt-4o:extended")).toEqual(factsOf("openai", "gpt-4o"));
    expect(factsOf("openai-compatible", "gpt-4o")).toBeNull();
    expect(factsOf("openai", "no-such-model")).toBeNull();
  });

  test("has the list's price for a model that the list has under a name that it matches", () => {
    const dated = models.find(({ kind, model }) => kind === "openai" && model === "gpt-4.1-2025-04-14");
    const plain = models.find(({ kind, model }) => kind === "openai" && model === "gpt-4.1");
    expect(dated).toMatchObject({ priceSource: "list", prices: plain?.prices });
  });

  test("reads prices of the cache, of which either may be missing", () => {
    for (const { prices } of knownModels("openrouter").values()) {
      for (const amount of Object.values(prices ?? {})) expect(amount).toBeGreaterThanOrEqual(0);
    }
    const written = [...knownModels("bedrock").values(), ...knownModels("openrouter").values()];
    expect(written.filter(({ prices }) => prices?.cache_write_mtok !== undefined)).not.toEqual([]);
  });
});
