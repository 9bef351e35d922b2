import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ModelAccessSnapshot } from "../../../src/contracts/policies.ts";
import { ModelAccess } from "../../../src/data-plane/pipeline/policies/model-access.ts";
import { runs } from "../../helpers/property-runs.ts";

const accessBy = (...lists: ModelAccessSnapshot[]): ModelAccess =>
  new ModelAccess(
    0,
    lists.map((models) => ({ level: "application", models })),
  );

/** Few characters, so that names and patterns often meet. */
const name = fc.string({ unit: fc.constantFrom("a", "b", "/"), minLength: 1, maxLength: 6 });
const pattern = fc.string({ unit: fc.constantFrom("a", "b", "/", "*"), minLength: 1, maxLength: 5 });
const list: fc.Arbitrary<ModelAccessSnapshot> = fc.record({
  allow: fc.option(fc.array(pattern, { minLength: 1, maxLength: 3 })),
  deny: fc.array(pattern, { maxLength: 2 }),
});

function matches(one: string, text: string): boolean {
  return new RegExp(`^${one.replaceAll("*", ".*")}$`).test(text);
}

const tidied = (text: string): string[] => [text, text.replaceAll(/\/+/g, "/")];

describe("models that may be used", () => {
  it("are those that every list allows and none denies", () => {
    const property = fc.property(fc.array(list, { maxLength: 3 }), name, name, (lists, asked, route) => {
      const names = [asked, route];
      const expected = lists.every(
        ({ allow, deny }) =>
          (allow === null || allow.some((one) => names.some((text) => matches(one, text)))) &&
          !deny.flatMap(tidied).some((one) => names.flatMap(tidied).some((text) => matches(one, text))),
      );
      expect(accessBy(...lists).allows(asked, route)).toBe(expected);
    });
    fc.assert(property, { numRuns: runs(2_000) });
  });

  it("are not got by another spelling of one that is denied", () => {
    const access = accessBy({ allow: null, deny: ["lab/gpt-secret", "lab/models/old-*", "Lab/Big*"] });
    for (const asked of [
      "lab/gpt-secret",
      "lab/GPT-Secret",
      "lab/models/gpt-secret",
      "lab/./gpt-secret",
      "lab//gpt-secret",
      "lab/.//models/Gpt-secret",
      "lab/old-1",
      "lab/models/old-1",
      "lab/big-1",
    ]) {
      expect([asked, access.allows(asked, asked)]).toEqual([asked, false]);
    }
    expect(access.allows("lab/gpt-secret-2")).toBe(true);
    expect(access.keepsFrom("lab")).toBe("application");
    // What is allowed is what is written.
    expect(accessBy({ allow: ["lab/gpt"], deny: [] }).allows("lab/GPT")).toBe(false);
  });

  it("are all of a provider's only where none of its names can be refused", () => {
    const property = fc.property(fc.array(list, { maxLength: 2 }), name, (lists, model) => {
      const access = accessBy(...lists);
      if (access.keepsFrom("a") === null) expect(access.allows(`a/${model}`)).toBe(true);
    });
    fc.assert(property, { numRuns: runs(2_000) });
    expect(accessBy({ allow: ["a/*"], deny: ["b/*"] }).keepsFrom("a")).toBeNull();
    expect(accessBy({ allow: null, deny: ["a/x"] }).keepsFrom("a")).toBe("application");
    expect(accessBy({ allow: ["a/*-mini"], deny: [] }).keepsFrom("a")).toBe("application");
  });
});
