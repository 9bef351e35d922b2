import { describe, expect, test } from "vitest";
import { baseUrlOf, missingSettings, placeholdersIn, usualPath } from "../../../src/providers/base-url.ts";
import { CATALOGUE } from "../../../src/providers/catalogue.ts";
import { pricedModels } from "../../../src/providers/prices.ts";

describe("the provider catalogue", () => {
  test("kinds are unique", () => {
    const kinds = CATALOGUE.map((entry) => entry.kind);
    expect(new Set(kinds).size).toBe(kinds.length);
    expect(CATALOGUE.find((entry) => entry.kind === "gemini")?.dialect).toBe("gemini");
  });

  test.each(CATALOGUE.filter((entry) => entry.baseUrl !== null))("$kind has a usable address", (entry) => {
    const names = (entry.settings ?? []).map(({ name }) => name);
    const used = [entry.baseUrl ?? "", ...Object.values(entry.query ?? {})].flatMap(placeholdersIn);
    expect(names.filter((name) => !used.includes(name))).toEqual([]);
    expect(used.filter((name) => !names.includes(name))).toEqual([]);
    const given = Object.fromEntries(missingSettings(entry, {}).map(({ name }) => [name, "example"]));
    const address = baseUrlOf(entry, given);
    const url = new URL(address);
    expect(`${url.origin}${url.pathname}`.replace(/\/$/, "")).toBe(address);
    expect(url.pathname === usualPath(entry) || usualPath(entry).includes("{")).toBe(true);
    // Keys travel in the clear to nobody but this machine.
    expect(url.protocol === "https:" || url.hostname === "127.0.0.1").toBe(true);
  });

  test("a setting's hosts: those that are named, or one made of the value", () => {
    const addressOf = (kind: string, settings: Record<string, string>) => {
      const entry = CATALOGUE.find((one) => one.kind === kind);
      return entry === undefined ? "" : baseUrlOf(entry, settings);
    };
    expect(addressOf("vertex-ai", { project: "p1" })).toBe(
      "https://aiplatform.googleapis.com/v1/projects/p1/locations/global/publishers/google",
    );
    expect(addressOf("vertex-ai", { project: "p1", location: "europe-west1" })).toBe(
      "https://europe-west1-aiplatform.googleapis.com/v1/projects/p1/locations/europe-west1/publishers/google",
    );
    expect(addressOf("moonshot", {})).toBe("https://api.moonshot.ai/v1");
    expect(addressOf("moonshot", { region: "china" })).toBe("https://api.moonshot.cn/v1");
  });

  test.each(CATALOGUE.filter((entry) => entry.priceProvider !== null))("$kind is in the price list", (entry) => {
    expect(pricedModels(entry.priceProvider ?? "").length).toBeGreaterThan(0);
    const listed = pricedModels(entry.priceProvider ?? "").filter((model) => entry.listedModels?.test(model));
    expect(listed.length > 0).toBe(entry.listedModels !== null);
  });

  test("header names are in lower case, as snapshots want them", () => {
    for (const { headers, auth } of CATALOGUE) {
      const names = [...Object.keys(headers), ...(auth.type === "header" ? [auth.name] : [])];
      expect(names).toEqual(names.map((name) => name.toLowerCase()));
    }
  });
});
