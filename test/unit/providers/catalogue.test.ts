import { describe, expect, test } from "vitest";
import { CATALOGUE } from "../../../src/providers/catalogue.ts";
import { pricedModels } from "../../../src/providers/prices.ts";

describe("the provider catalogue", () => {
  test("kinds are unique", () => {
    const kinds = CATALOGUE.map((entry) => entry.kind);
    expect(new Set(kinds).size).toBe(kinds.length);
    expect(CATALOGUE.find((entry) => entry.kind === "gemini")?.dialect).toBe("gemini");
  });

  test.each(CATALOGUE.filter((entry) => entry.baseUrl !== null))("$kind has a usable address", ({ baseUrl }) => {
    const url = new URL(baseUrl ?? "");
    expect(`${url.origin}${url.pathname}`).toBe(baseUrl);
    expect(url.pathname).toMatch(/\/v\d(beta)?$/);
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
