import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Usage } from "../../../src/contracts/ir.ts";
import { createPriceBook, type Price, pricedModels, priceFrom } from "../../../src/providers/prices.ts";
import { runs } from "../../helpers/property-runs.ts";

const book = createPriceBook();

const DETAILS: (keyof Usage)[] = [
  "cachedInputTokens",
  "cacheWriteTokens",
  "reasoningTokens",
  "inputAudioTokens",
  "outputAudioTokens",
  "cachedAudioTokens",
  "inputImageTokens",
  "outputImageTokens",
  "cacheWrite1hTokens",
  "audioSeconds",
];

function defined(counts: Partial<Record<keyof Usage, number | undefined>>): Partial<Usage> {
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count !== undefined));
}

function price(provider: string, model: string): Price {
  const found = book.priceOf(provider, model);
  if (found === null) throw new Error(`${provider} ${model} has no price`);
  return found;
}

describe("prices", () => {
  test("a model with one price: cached input is part of the input", () => {
    const mini = price("openai", "gpt-4o-mini");
    expect(mini.inputPerToken).toBeCloseTo(0.15e-6, 12);
    expect(mini.outputPerToken).toBeCloseTo(0.6e-6, 12);
    expect(mini.cachedInputPerToken).toBeCloseTo(0.075e-6, 12);
    expect(mini.variable).toBeNull();
    const usage = { inputTokens: 1000, outputTokens: 100, cachedInputTokens: 400 };
    expect(book.costUsd(mini, usage)).toBeCloseTo((600 * 0.15 + 400 * 0.075 + 100 * 0.6) / 1e6, 12);
  });

  test("whatever a provider counts has a cost: sound in the cache is told or not, counts contradict each other", () => {
    const realtime = price("openai", "gpt-realtime");
    const usage = { inputTokens: 40, outputTokens: 10, cachedInputTokens: 16, inputAudioTokens: 24 };
    expect(book.costUsd(realtime, usage)).toBeCloseTo((16 * 0.4 + 24 * 32 + 10 * 16) / 1e6, 10);
    const counts = fc.record(
      Object.fromEntries(DETAILS.map((name) => [name, fc.option(fc.nat(100), { nil: undefined })])) as Record<
        keyof Usage,
        fc.Arbitrary<number | undefined>
      >,
    );
    const models = [realtime, price("openai", "gpt-4o-audio-preview"), price("anthropic", "claude-sonnet-4-5")];
    fc.assert(
      fc.property(counts, fc.constantFrom(...models), (details, model) => {
        const cost = book.costUsd(model, { ...defined(details), inputTokens: 50, outputTokens: 20 });
        expect(cost).toBeGreaterThan(0);
      }),
      { numRuns: runs(300) },
    );
  });

  test("names with a date find their model", () => {
    expect(price("openai", "gpt-4o-mini-2024-07-18").inputPerToken).toBe(price("openai", "gpt-4o-mini").inputPerToken);
  });

  test("a tiered price: the higher one holds for the whole of a long call", () => {
    const sonnet = price("anthropic", "claude-sonnet-4-5");
    expect(sonnet.variable).toMatchObject({ aboveInputTokens: 200_000 });
    expect(book.costUsd(sonnet, { inputTokens: 200_000, outputTokens: 1000 })).toBeCloseTo(0.6 + 0.015, 9);
    expect(book.costUsd(sonnet, { inputTokens: 300_000, outputTokens: 1000 })).toBeCloseTo(1.8 + 0.0225, 9);
    const cached = { inputTokens: 300_000, outputTokens: 0, cachedInputTokens: 100_000, cacheWriteTokens: 50_000 };
    expect(book.costUsd(sonnet, cached)).toBeCloseTo((150_000 * 6 + 100_000 * 0.6 + 50_000 * 7.5) / 1e6, 9);
  });

  test("cache writes cost what the provider asks for them", () => {
    const sonnet = price("anthropic", "claude-sonnet-4-5");
    const usage = { inputTokens: 1000, outputTokens: 0, cacheWriteTokens: 1000 };
    expect(book.costUsd(sonnet, usage)).toBeCloseTo((1000 * 3.75) / 1e6, 12);
  });

  test("a price that depends on the time of day is asked for at the time of the call", () => {
    const [day, night] = ["2025-03-01T12:00:00Z", "2025-03-01T20:00:00Z"].map((time) => {
      const atTime = createPriceBook({ nowMs: () => Date.parse(time) });
      const deepseek = atTime.priceOf("deepseek", "deepseek-chat");
      if (deepseek === null) throw new Error("deepseek-chat has no price");
      return atTime.costUsd(deepseek, { inputTokens: 1_000_000, outputTokens: 0 });
    });
    expect(night).toBeLessThan(day ?? 0);
  });

  test("more cached tokens than input tokens, as some servers report, cost no negative sum", () => {
    const usage = { inputTokens: 10, outputTokens: 0, cachedInputTokens: 500 };
    expect(book.costUsd(price("openai", "gpt-4o-mini"), usage)).toBeCloseTo((500 * 0.075) / 1e6, 12);
    const many = { inputTokens: 10, outputTokens: 0, cachedInputTokens: 300_000 };
    expect(book.costUsd(price("anthropic", "claude-sonnet-4-5"), many)).toBeCloseTo((300_000 * 0.6) / 1e6, 9);
  });

  test("embeddings have no output price", () => {
    const embedding = price("openai", "text-embedding-3-small");
    expect(book.costUsd(embedding, { inputTokens: 1_000_000, outputTokens: 0 })).toBeCloseTo(0.02, 9);
  });

  test("unknown providers and models have no price", () => {
    expect(book.priceOf(null, "gpt-4o")).toBeNull();
    expect(book.priceOf("no-such-provider", "gpt-4o")).toBeNull();
    expect(book.priceOf("openai", "no-such-model")).toBeNull();
  });

  test("an hour in the cache, audio, images and reasoning cost what the provider asks for them", () => {
    const sonnet = price("anthropic", "claude-sonnet-4-6");
    const written = { inputTokens: 1000, outputTokens: 0, cacheWriteTokens: 1000 };
    const [fiveMinutes, hour] = [written, { ...written, cacheWrite1hTokens: 1000 }].map((usage) =>
      book.costUsd(sonnet, usage),
    );
    expect([fiveMinutes, hour]).toEqual([expect.closeTo(0.00375, 9), expect.closeTo(0.006, 9)]);
    const flash = price("google", "gemini-2.5-flash");
    const heard = { inputTokens: 1_000_000, outputTokens: 0, inputAudioTokens: 400_000 };
    expect(book.costUsd(flash, heard)).toBeCloseTo(0.6 * 0.3 + 0.4 * 1, 9);
    const painter = price("google", "gemini-2.5-flash-image");
    const painted = { inputTokens: 0, outputTokens: 1_000_000, outputImageTokens: 500_000 };
    expect(book.costUsd(painter, painted)).toBeCloseTo(0.5 * 2.5 + 0.5 * 30, 9);
    const deep = price("perplexity", "sonar-deep-research");
    const thought = { inputTokens: 0, outputTokens: 1_000_000, reasoningTokens: 600_000 };
    expect(book.costUsd(deep, thought)).toBeCloseTo(0.4 * 8 + 0.6 * 3, 9);
  });

  test("calls that have a price of their own cost it once", () => {
    const sonar = price("perplexity", "sonar");
    const usage = { inputTokens: 1_000_000, outputTokens: 0 };
    expect(book.costUsd(sonar, usage)).toBeGreaterThan(sonar.inputPerToken * 1_000_000);
  });

  test("details beyond their whole, as some servers report, cost no more than the whole", () => {
    const flash = price("google", "gemini-2.5-flash");
    const usage = { inputTokens: 100, outputTokens: 10, inputAudioTokens: 5_000, reasoningTokens: 5_000 };
    expect(book.costUsd(flash, usage)).toBeCloseTo(100e-6 + 25e-6, 12);
  });

  test("a price that was given is all there is to say, tiers and details as well", () => {
    const own = priceFrom({
      input_mtok: { base: 1, tiers: [{ start: 1000, price: 2 }] },
      output_mtok: 4,
      output_reasoning_mtok: 8,
      requests_kcount: 1000,
    });
    expect(book.costUsd(own, { inputTokens: 1000, outputTokens: 0 })).toBeCloseTo(1 + 0.001, 9);
    expect(book.costUsd(own, { inputTokens: 2000, outputTokens: 100, reasoningTokens: 50 })).toBeCloseTo(
      1 + 0.004 + 50 * 4e-6 + 50 * 8e-6,
      9,
    );
    const flat = priceFrom({ input_mtok: 3, output_mtok: 9 });
    expect(flat).toMatchObject({ variable: null, detailed: null, cachedInputPerToken: 3e-6, cacheWritePerToken: 3e-6 });
    expect(book.costUsd(priceFrom({ requests_kcount: 5 }), { inputTokens: 10, outputTokens: 10 })).toBeCloseTo(
      0.005,
      9,
    );
  });

  test("a price is remembered, for an hour at most, and the memory is bounded", () => {
    let now = Date.parse("2026-01-01T00:00:00Z");
    const small = createPriceBook({ nowMs: () => now, maxEntries: 2 });
    const first = small.priceOf("openai", "gpt-4o");
    expect(small.priceOf("openai", "gpt-4o")).toBe(first);
    now += 3_600_001;
    const later = small.priceOf("openai", "gpt-4o");
    expect(later).not.toBe(first);
    expect(later).toEqual(first);
    for (const model of ["gpt-4o-mini", "gpt-4.1"]) small.priceOf("openai", model);
    expect(small.priceOf("openai", "gpt-4o")).not.toBe(later);
  });

  test("the models of a provider are listed in order", () => {
    const models = pricedModels("anthropic");
    expect(models).toContain("claude-sonnet-4-5");
    expect(models).toEqual([...models].sort());
    expect(pricedModels("no-such-provider")).toEqual([]);
  });
});
