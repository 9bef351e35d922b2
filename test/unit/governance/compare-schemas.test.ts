import { describe, expect, it } from "vitest";
import { compareOpenapi } from "../../../src/governance/comparison/compare-openapi.ts";
import { SCHEMA_CASES, withHeader, withParameter, withRequest, withResponse } from "./comparison-cases.ts";

const SUBJECTS = [
  { subject: "request", document: withRequest, narrowingBreaks: true },
  { subject: "response", document: withResponse, narrowingBreaks: false },
  { subject: "parameter", document: (schema: unknown) => withParameter({ schema }), narrowingBreaks: true },
  { subject: "response-header", document: (schema: unknown) => withHeader({ schema }), narrowingBreaks: false },
] as const;

function kindsOf(before: unknown, after: unknown): [string, boolean][] {
  return compareOpenapi(before, after).map(({ kind, isBreaking }) => [kind, isBreaking]);
}

describe.each(SUBJECTS)("the schema of a $subject", ({ subject, document, narrowingBreaks }) => {
  it.each(SCHEMA_CASES)("$aspect", ({ narrow, wide, narrowing, widening }) => {
    expect(kindsOf(document(wide), document(narrow))).toEqual([[`${subject}-${narrowing}`, narrowingBreaks]]);
    expect(kindsOf(document(narrow), document(wide))).toEqual([[`${subject}-${widening}`, !narrowingBreaks]]);
  });

  it.each([
    ["type", { type: "string" }, { type: "integer" }, "type-changed"],
    ["format", { format: "date" }, { format: "uuid" }, "format-changed"],
    ["pattern", { pattern: "^a" }, { pattern: "^b" }, "pattern-changed"],
    ["multipleOf", { multipleOf: 4 }, { multipleOf: 6 }, "bound-changed"],
    ["if", { if: { maxLength: 1 } }, { if: { maxLength: 2 } }, "condition-changed"],
  ])("%s changed to what is neither narrower nor wider breaks", (_what, before, after, aspect) => {
    expect(kindsOf(document(before), document(after))).toEqual([[`${subject}-${aspect}`, true]]);
  });

  it.each([
    ["default", { default: 1 }, { default: 2 }, "default-changed"],
    ["deprecated", {}, { deprecated: true }, "deprecated"],
    ["reactivated", { deprecated: true }, {}, "reactivated"],
    ["opened", { additionalProperties: false }, {}, "additional-properties-opened"],
  ])("%s breaks nobody", (_what, before, after, aspect) => {
    expect(kindsOf(document(before), document(after))).toEqual([[`${subject}-${aspect}`, false]]);
  });

  it.each([
    ["descriptions", { description: "a", title: "A" }, { description: "b", example: 1 }],
    ["order", { enum: ["a", "b"], required: ["x", "y"] }, { required: ["y", "x"], enum: ["b", "a"] }],
    ["writing", { type: ["integer", "null"] }, { anyOf: [{ type: "null" }, { type: "integer" }] }],
    ["versions", { type: "string", nullable: true }, { type: ["null", "string"] }],
    ["number", { type: ["number", "integer"] }, { type: "number" }],
    [
      "variants",
      { oneOf: [{ type: "string" }, { type: "array" }] },
      { oneOf: [{ type: "array" }, { type: "string" }] },
    ],
    ["true", true, {}],
  ])("%s mean nothing", (_what, before, after) => {
    expect(kindsOf(document(before), document(after))).toEqual([]);
  });
});

describe("properties", () => {
  const object = (properties: unknown, rest = {}) => ({ type: "object", properties, ...rest });
  const one = object({ id: { type: "string" } });
  const two = object({ id: { type: "string" }, name: { type: "string" } });
  const demanding = object({ id: { type: "string" }, name: { type: "string" } }, { required: ["name"] });

  it.each([
    ["a required one added to a request", withRequest, one, demanding, "request-required-property-added", true],
    ["an optional one added to a request", withRequest, one, two, "request-property-added", false],
    ["one added to a response", withResponse, one, demanding, "response-property-added", false],
    ["one removed from a request", withRequest, two, one, "request-property-removed", true],
    [
      "a required one removed from a response",
      withResponse,
      demanding,
      one,
      "response-required-property-removed",
      true,
    ],
    ["an optional one removed from a response", withResponse, two, one, "response-optional-property-removed", true],
  ])("%s", (_what, document, before, after, kind, isBreaking) => {
    expect(kindsOf(document(before), document(after))).toEqual([[kind, isBreaking]]);
  });

  it("closing an object to unknown properties narrows it", () => {
    const closed = { ...one, additionalProperties: false };
    expect(kindsOf(withRequest(one), withRequest(closed))).toEqual([["request-additional-properties-closed", true]]);
    expect(kindsOf(withResponse(one), withResponse(closed))).toEqual([
      ["response-additional-properties-closed", false],
    ]);
  });

  it("read-only ones are no part of requests, write-only ones none of responses", () => {
    const readOnly = object(
      { id: { type: "string" }, name: { type: "string", readOnly: true } },
      { required: ["name"] },
    );
    const writeOnly = object({ id: { type: "string" }, name: { type: "string", writeOnly: true } });
    expect(kindsOf(withRequest(one), withRequest(readOnly))).toEqual([]);
    expect(kindsOf(withResponse(one), withResponse(writeOnly))).toEqual([]);
    expect(kindsOf(withResponse(two), withResponse(writeOnly))).toEqual([["response-optional-property-removed", true]]);
  });

  it("named as JavaScript's own are properties like any other", () => {
    const odd = object({ id: { type: "string" }, constructor: { type: "string" }, __proto__: null });
    expect(kindsOf(withRequest(one), withRequest(odd))).toEqual([["request-property-added", false]]);
  });
});

describe("references", () => {
  const components = (node: unknown) => ({ schemas: { Node: node, Leaf: { type: "string" } } });
  const node = (leaf: unknown) => ({
    type: "object",
    properties: { leaf, children: { type: "array", items: { $ref: "#/components/schemas/Node" } } },
  });
  const root = { $ref: "#/components/schemas/Node" };

  it("are followed, in circles too, and tell each change once", () => {
    const before = withRequest(root, components(node({ $ref: "#/components/schemas/Leaf" })));
    const after = withRequest(root, components(node({ type: "integer" })));
    const changes = compareOpenapi(before, after);
    expect(changes).toMatchObject([
      {
        kind: "request-type-changed",
        operation: "GET /pets/{petId}",
        path: "paths./pets/{petId}.get.requestBody.content.application/json.schema.properties.leaf",
        message: "type changed from string to integer",
      },
    ]);
  });

  it("are followed however far, each by the shortest way", () => {
    const chain = (last: unknown) => {
      const links = Array.from({ length: 2_000 }, (_, index): [string, unknown] => {
        const next = { $ref: `#/components/schemas/L${index + 1}` };
        return [`L${index}`, { type: "object", properties: { next, last: { $ref: "#/components/schemas/L2000" } } }];
      });
      return withRequest(
        { $ref: "#/components/schemas/L0" },
        { schemas: { ...Object.fromEntries(links), L2000: { type: "object", properties: { end: last } } } },
      );
    };
    expect(compareOpenapi(chain({ type: "string" }), chain({ type: "integer" }))).toMatchObject([
      { path: expect.stringMatching(/schema\.properties\.last\.properties\.end$/) },
    ]);
    const far = (document: ReturnType<typeof chain>) =>
      JSON.parse(JSON.stringify(document).replaceAll(/,"last":\{[^}]*\}/g, ""));
    expect(compareOpenapi(far(chain({ type: "string" })), far(chain({ type: "integer" })))).toHaveLength(1);
  });

  it("and what they refer to are the same", () => {
    const before = withResponse(root, components(node({ $ref: "#/components/schemas/Leaf" })));
    const after = withResponse(root, components(node({ type: "string" })));
    expect(compareOpenapi(before, after)).toEqual([]);
  });

  it("in circles of their own, or that lead nowhere, allow everything", () => {
    const circle = withRequest(
      { $ref: "#/components/schemas/A" },
      {
        schemas: { A: { $ref: "#/components/schemas/B" }, B: { allOf: [{ $ref: "#/components/schemas/A" }] } },
      },
    );
    expect(kindsOf(circle, withRequest({ $ref: "#/nowhere" }))).toEqual([]);
    expect(kindsOf(circle, withRequest({ $ref: "https://example.com/a.yaml#/A" }))).toEqual([]);
    expect(kindsOf(circle, withRequest({ type: "string" }))).toEqual([["request-type-narrowed", true]]);
  });

  it("name variants: another name with another content is another variant", () => {
    const schemas = { Cat: { type: "object", required: ["meows"] }, Dog: { type: "object", required: ["barks"] } };
    const cat = { $ref: "#/components/schemas/Cat" };
    const dog = { $ref: "#/components/schemas/Dog" };
    const both = withRequest({ oneOf: [cat, dog] }, { schemas });
    const dogs = withRequest({ oneOf: [dog, { type: "string" }] }, { schemas });
    expect(compareOpenapi(both, dogs).map(({ message }) => message)).toEqual([
      "variant Cat removed",
      "variant string added",
    ]);
    const renamed = withRequest(
      { oneOf: [{ $ref: "#/components/schemas/Hound" }, cat] },
      { schemas: { Cat: schemas.Cat, Hound: schemas.Dog } },
    );
    expect(compareOpenapi(both, renamed)).toEqual([]);
  });
});
