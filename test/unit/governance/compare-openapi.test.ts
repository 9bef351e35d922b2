import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { breakingChanges, compareOpenapi } from "../../../src/governance/comparison/compare-openapi.ts";
import { announcesBreakingChanges } from "../../../src/governance/comparison/version-step.ts";
import { GovernanceError } from "../../../src/governance/governance-error.ts";
import { runs } from "../../helpers/property-runs.ts";
import { api, SCHEMES, withHeader, withParameter, withSecurity } from "./comparison-cases.ts";
import { readFixture } from "./fixtures.ts";

type Json = Record<string, unknown>;

const OK = { responses: { "200": { description: "ok" } } };
const paths = (value: Json) => api({}, { paths: value });
const body = (requestBody: unknown) => api({ requestBody });
const answers = (responses: Json) => api({ responses });
const JSON_BODY = { content: { "application/json": {} } };
const BOTH = { content: { "application/json": {}, "text/csv": {} } };

const CASES: readonly (readonly [what: string, before: Json, after: Json, kinds: readonly [string, boolean][]])[] = [
  ["path removed", paths({ "/a": { get: OK } }), paths({}), [["path-removed", true]]],
  ["path added", paths({}), paths({ "/a": { get: OK } }), [["path-added", false]]],
  [
    "operation removed",
    paths({ "/a": { get: OK, put: OK } }),
    paths({ "/a": { get: OK } }),
    [["operation-removed", true]],
  ],
  [
    "operation added",
    paths({ "/a": { get: OK } }),
    paths({ "/a": { get: OK, put: OK } }),
    [["operation-added", false]],
  ],
  ["operationId changed", api({ operationId: "a" }), api({ operationId: "b" }), [["operation-id-changed", false]]],
  ["operation deprecated", api(), api({ deprecated: true }), [["operation-deprecated", false]]],
  ["operation reactivated", api({ deprecated: true }), api(), [["operation-reactivated", false]]],
  ["optional parameter added", api(), withParameter({}), [["optional-parameter-added", false]]],
  ["required parameter added", api(), withParameter({ required: true }), [["required-parameter-added", true]]],
  ["parameter removed", withParameter({}), api(), [["parameter-removed", true]]],
  ["parameter required", withParameter({}), withParameter({ required: true }), [["parameter-became-required", true]]],
  ["parameter optional", withParameter({ required: true }), withParameter({}), [["parameter-became-optional", false]]],
  ["parameter moved", withParameter({}), withParameter({ in: "header" }), [["parameter-location-changed", true]]],
  [
    "parameter written otherwise",
    withParameter({}),
    withParameter({ explode: false }),
    [["parameter-serialization-changed", true]],
  ],
  ["parameter deprecated", withParameter({}), withParameter({ deprecated: true }), [["parameter-deprecated", false]]],
  [
    "header parameters have no case",
    withParameter({ in: "header" }),
    withParameter({ in: "header", name: "LIMIT" }),
    [],
  ],
  ["`Accept` is no parameter", api(), withParameter({ in: "header", name: "Accept", required: true }), []],
  ["request body added", api(), body(JSON_BODY), [["optional-request-body-added", false]]],
  [
    "required request body added",
    api(),
    body({ ...JSON_BODY, required: true }),
    [["required-request-body-added", true]],
  ],
  ["request body removed", body(JSON_BODY), api(), [["request-body-removed", true]]],
  [
    "request body required",
    body(JSON_BODY),
    body({ ...JSON_BODY, required: true }),
    [["request-body-became-required", true]],
  ],
  [
    "request body optional",
    body({ ...JSON_BODY, required: true }),
    body(JSON_BODY),
    [["request-body-became-optional", false]],
  ],
  ["request media type removed", body(BOTH), body(JSON_BODY), [["request-media-type-removed", true]]],
  ["request media type added", body(JSON_BODY), body(BOTH), [["request-media-type-added", false]]],
  [
    "response media type removed",
    answers({ "200": BOTH }),
    answers({ "200": JSON_BODY }),
    [["response-media-type-removed", true]],
  ],
  [
    "response media type added",
    answers({ "200": JSON_BODY }),
    answers({ "200": BOTH }),
    [["response-media-type-added", false]],
  ],
  [
    "success removed",
    answers({ "200": {}, "202": {} }),
    answers({ "200": {} }),
    [["response-success-status-removed", true]],
  ],
  [
    "error removed",
    answers({ "200": {}, "404": {} }),
    answers({ "200": {} }),
    [["response-error-status-removed", false]],
  ],
  ["status added", answers({ "200": {} }), answers({ "200": {}, "404": {} }), [["response-status-added", false]]],
  ["status within a range", answers({ "404": {}, "4XX": {} }), answers({ "4XX": {} }), []],
  ["header removed", withHeader({}), withHeader(null), [["response-header-removed", true]]],
  ["header added", withHeader(null), withHeader({}), [["response-header-added", false]]],
  ["header optional", withHeader({ required: true }), withHeader({}), [["response-header-became-optional", true]]],
  ["header required", withHeader({}), withHeader({ required: true }), [["response-header-became-required", false]]],
  ["security added", withSecurity(undefined), withSecurity([{ key: [] }]), [["security-added", true]]],
  ["security removed", withSecurity([{ key: [] }]), withSecurity([]), [["security-removed", false]]],
  ["optional security", withSecurity([{ key: [] }]), withSecurity([{ key: [] }, {}]), [["security-removed", false]]],
  [
    "alternative removed",
    withSecurity([{ key: [] }, { login: [] }]),
    withSecurity([{ login: [] }]),
    [["security-narrowed", true]],
  ],
  [
    "alternative added",
    withSecurity([{ key: [] }]),
    withSecurity([{ key: [] }, { login: [] }]),
    [["security-widened", false]],
  ],
  ["scope added", withSecurity([{ login: [] }]), withSecurity([{ login: ["read"] }]), [["security-narrowed", true]]],
  ["scope removed", withSecurity([{ login: ["read"] }]), withSecurity([{ login: [] }]), [["security-widened", false]]],
  [
    "second scheme demanded",
    withSecurity([{ key: [] }]),
    withSecurity([{ key: [], login: [] }]),
    [["security-narrowed", true]],
  ],
  [
    "scheme renamed",
    withSecurity([{ key: [] }]),
    withSecurity([{ header: [] }], { header: SCHEMES.key, login: SCHEMES.login }),
    [],
  ],
  [
    "scheme changed",
    withSecurity([{ key: [] }]),
    withSecurity([{ key: [] }], { ...SCHEMES, key: { type: "apiKey", in: "header", name: "X-Other" } }),
    [["security-scheme-changed", true]],
  ],
  [
    "flow removed",
    withSecurity([]),
    withSecurity([], { ...SCHEMES, login: { type: "oauth2", flows: {} } }),
    [["security-scheme-changed", true]],
  ],
];

describe("compareOpenapi", () => {
  it.each(CASES)("%s", (_what, before, after, kinds) => {
    expect(compareOpenapi(before, after).map(({ kind, isBreaking }) => [kind, isBreaking])).toEqual(kinds);
  });

  it("takes a path for the same one when its parameter is renamed, and compares what is below", () => {
    const item = (name: string, type: string) => ({
      parameters: [{ name, in: "path", required: true, schema: { type } }],
      get: OK,
    });
    const changes = compareOpenapi(
      paths({ "/users/{id}": item("id", "string") }),
      paths({ "/users/{userId}": item("userId", "integer") }),
    );
    expect(changes).toEqual([
      {
        kind: "path-parameter-renamed",
        isBreaking: false,
        path: "paths./users/{userId}.get.parameters.path userId",
        operation: "GET /users/{userId}",
        message: "path parameter id is named userId now",
      },
      {
        kind: "parameter-type-changed",
        isBreaking: true,
        path: "paths./users/{userId}.get.parameters.path userId.schema",
        operation: "GET /users/{userId}",
        message: "type changed from string to integer",
      },
    ]);
  });

  it("takes parameters of the path and security of the document for the operation's", () => {
    const shared = {
      ...paths({ "/a": { parameters: [{ name: "q", in: "query" }], get: OK } }),
      security: [{ key: [] }],
    };
    const own = paths({ "/a": { get: { ...OK, parameters: [{ name: "q", in: "query" }], security: [{ key: [] }] } } });
    expect(compareOpenapi(shared, own)).toEqual([]);
  });

  it("says what was deprecated before it was removed", () => {
    const before = paths({ "/a": { get: { ...OK, deprecated: true } } });
    expect(compareOpenapi(before, paths({}))[0]?.message).toBe("path /a removed (GET); it was deprecated");
  });

  it.each([
    ["broken YAML", "openapi: 3.1.0\ninfo: [", "document_unreadable", /old document is neither YAML nor JSON: line 2/],
    ["Swagger 2", "swagger: '2.0'", "document_unreadable", /old document is not OpenAPI 3.0 or 3.1/],
    ["a list", "- a", "document_unreadable", /must be an object/],
    ["nine megabytes", " ".repeat(9_000_000), "document_too_large", /at most 8388608/],
  ])("refuses %s", (_what, text, code, message) => {
    const compare = () => compareOpenapi(text, api());
    expect(compare).toThrow(GovernanceError);
    expect(compare).toThrow(message);
    expect(compare).toThrow(expect.objectContaining({ code }));
  });

  it("refuses what is nested too deep to be read", () => {
    expect(() => compareOpenapi("[".repeat(5_000), api())).toThrow(GovernanceError);
  });

  it("refuses aliases that multiply without bound", () => {
    const levels = Array.from({ length: 9 }, (_, level) => {
      const entries = level === 0 ? '"x"' : `*a${level - 1}`;
      return `a${level}: &a${level} [${Array.from({ length: 9 }, () => entries).join(", ")}]`;
    });
    expect(() => compareOpenapi(`openapi: 3.1.0\n${levels.join("\n")}`, api())).toThrow(/old document can't be read/);
  });
});

describe("a realistic pair of releases", () => {
  it("is told in whole", () => {
    const changes = compareOpenapi(readFixture("orders-v1.yaml"), readFixture("orders-v2.yaml"));
    expect(
      changes.map(({ kind, isBreaking, operation, message }) => {
        return `${isBreaking ? "breaking" : "ok"} ${kind} ${operation}: ${message}`;
      }),
    ).toMatchInlineSnapshot(`
      [
        "breaking parameter-bound-narrowed GET /orders: maximum changed from 100 to 50",
        "ok parameter-enum-value-added GET /orders: value "returned" added",
        "breaking response-optional-property-removed GET /orders: optional property total removed",
        "ok response-property-added GET /orders: property currency added",
        "breaking response-bound-widened GET /orders: maxLength changed from 500 to 1000",
        "breaking response-variant-added GET /orders: variant VoucherPayment added",
        "breaking response-enum-value-added GET /orders: value "returned" added",
        "breaking request-required-property-added POST /orders: required property currency added",
        "ok request-bound-widened POST /orders: maxLength changed from 500 to 1000",
        "ok request-variant-added POST /orders: variant VoucherPayment added",
        "ok response-property-added POST /orders: property currency added",
        "breaking response-bound-widened POST /orders: maxLength changed from 500 to 1000",
        "breaking response-variant-added POST /orders: variant VoucherPayment added",
        "breaking response-enum-value-added POST /orders: value "returned" added",
        "ok path-parameter-renamed GET /orders/{orderId}: path parameter id is named orderId now",
        "ok response-property-added GET /orders/{orderId}: property currency added",
        "breaking response-bound-widened GET /orders/{orderId}: maxLength changed from 500 to 1000",
        "breaking response-variant-added GET /orders/{orderId}: variant VoucherPayment added",
        "breaking response-enum-value-added GET /orders/{orderId}: value "returned" added",
        "breaking path-removed null: path /health removed (GET)",
        "ok path-added null: path /orders/{orderId}/lines added (GET)",
      ]
    `);
    expect(breakingChanges(changes).length).toBeLessThan(changes.length);
  });
});

describe("properties of comparing", () => {
  const documents = ["orders-v1.yaml", "orders-v2.yaml", "untidy.yaml"].map(readFixture);
  const schema = fc.letrec((tie) => ({
    schema: fc.oneof(
      { depthSize: "small" },
      fc.constantFrom({ type: "string" }, { $ref: "#/components/schemas/A" }, {}, true, false),
      fc.record({ type: fc.constantFrom("integer", ["number", "null"]), maximum: fc.nat(9), minimum: fc.nat(9) }),
      fc.record({ enum: fc.uniqueArray(fc.constantFrom("a", "b", "c"), { minLength: 1 }) }),
      fc.record({
        type: fc.constant("object"),
        properties: fc.dictionary(fc.constantFrom("a", "b", "c"), tie("schema")),
        required: fc.subarray(["a", "b", "c"]),
        additionalProperties: tie("schema"),
      }),
      fc.record({ type: fc.constant("array"), items: tie("schema") }),
      fc.record({ not: tie("schema") }),
      fc.record({ oneOf: fc.array(tie("schema"), { maxLength: 3 }) }),
      fc.record({ allOf: fc.array(tie("schema"), { maxLength: 3 }) }),
    ),
  })).schema;
  const document = fc.record({ request: schema, response: schema, a: schema }).map(({ request, response, a }) =>
    api(
      {
        requestBody: { content: { "application/json": { schema: request } } },
        responses: { "200": { description: "ok", content: { "application/json": { schema: response } } } },
      },
      { components: { schemas: { A: a } } },
    ),
  );

  it("a document does not differ from itself, whatever the order of its keys", () => {
    fc.assert(
      fc.property(document, fc.infiniteStream(fc.nat()), (given, numbers) => {
        expect(compareOpenapi(given, structuredClone(given))).toEqual([]);
        expect(compareOpenapi(given, shuffled(given, numbers))).toEqual([]);
      }),
      { numRuns: runs(100) },
    );
    fc.assert(
      fc.property(fc.constantFrom(...documents), fc.infiniteStream(fc.nat()), (text, numbers) => {
        expect(compareOpenapi(text, text)).toEqual([]);
        expect(compareOpenapi(text, shuffled(parse(text), numbers))).toEqual([]);
      }),
      { numRuns: runs(10) },
    );
  });

  it("ends for any two, and finds something from either side or from none", () => {
    fc.assert(
      fc.property(document, document, (before, after) => {
        const there = compareOpenapi(before, after).length;
        expect(compareOpenapi(after, before).length === 0).toBe(there === 0);
      }),
      { numRuns: runs(100) },
    );
  });
});

describe("announcesBreakingChanges", () => {
  const version = (text: unknown) => ({ info: { version: text } });
  it.each([
    ["1.4.2", "2.0.0", true],
    ["1.4.2", "1.5.0", false],
    ["2.0.0", "1.0.0", false],
    ["0.4.0", "0.5.0", true],
    ["0.4.0", "0.4.1", false],
    ["1.0.0", "2", false],
    [1, 2, false],
  ])("from %s to %s: %s", (before, after, expected) => {
    expect(announcesBreakingChanges(version(before), version(after))).toBe(expected);
  });
});

function shuffled(value: unknown, numbers: Iterator<number>): unknown {
  if (Array.isArray(value)) return value.map((entry) => shuffled(entry, numbers));
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([key, entry]) => ({
    place: numbers.next().value,
    pair: [key, shuffled(entry, numbers)] as const,
  }));
  return Object.fromEntries(entries.sort((a, b) => a.place - b.place).map(({ pair }) => pair));
}
