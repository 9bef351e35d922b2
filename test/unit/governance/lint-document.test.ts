import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it } from "vitest";
import { blocksPublishing } from "../../../src/governance/linting/finding.ts";
import { runLint } from "../../../src/governance/linting/run-lint.ts";
import { readFixture } from "./fixtures.ts";

const ONLY_SYNTAX = "rules: {}";

async function lint(text: string, ruleset: string | null = ONLY_SYNTAX) {
  return runLint({ text, ruleset });
}

describe("what is looked at before the rules", () => {
  it("syntax, with its place; publishing is blocked", async () => {
    const { findings, parseProblems, summary } = await lint("openapi: 3.1.0\ninfo: [\npaths: {}\n");
    expect(parseProblems.length).toBeGreaterThan(0);
    expect(parseProblems[0]).toMatchObject({ rule: "document-syntax", severity: "error" });
    expect(parseProblems[0]?.line).toBeGreaterThan(1);
    expect(summary.error).toBe(findings.length);
    expect(blocksPublishing(findings, "error")).toBe(true);
  });

  it("keys that are there twice", async () => {
    const { parseProblems } = await lint("openapi: 3.1.0\ninfo: { title: a, version: 1.0.0 }\npaths: {}\npaths: {}\n");
    expect(parseProblems).toMatchObject([
      { line: 4, column: 1, message: expect.stringMatching(/^Duplicate key: paths/) },
    ]);
  });

  it.each([
    ['swagger: "2.0"\ninfo: {}', "swagger", 1, /Swagger 2.0 is not linted: convert/],
    ["info: {}\nopenapi: 4.0.0", "openapi", 2, /OpenAPI "4.0.0" is not known/],
    ["info: {}\nopenapi: 3.1", "openapi", 2, /OpenAPI 3.1 is not known: write a version such as openapi: "3.1.0"/],
    ["info: {}", "", 1, /`openapi` is missing/],
    ["- a", "", 1, /no OpenAPI document/],
    ["", "", 1, /no OpenAPI document/],
  ])("the version: %j", async (text, path, line, message) => {
    const { findings } = await lint(text, null);
    expect(findings).toMatchObject([{ rule: "openapi-version", severity: "error", path, line }]);
    expect(findings[0]?.message).toMatch(message);
  });

  it("references that lead nowhere, at their place", async () => {
    const text = 'openapi: 3.1.0\ninfo: {title: a, version: 1.0.0}\npaths:\n  /a:\n    $ref: "#/nowhere"\n';
    expect((await lint(text, null)).findings).toContainEqual(
      expect.objectContaining({ rule: "invalid-ref", line: 5, column: 11, path: "paths./a.$ref" }),
    );
  });

  it("references outside, which are not followed, neither over HTTP nor to files", async () => {
    let requests = 0;
    const server = createServer((_request, response) => {
      requests++;
      response.end("{}");
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    try {
      const { port } = server.address() as AddressInfo;
      const text = readFixture("orders-v1.yaml")
        .replace('"#/components/schemas/NewOrder" }', `"http://127.0.0.1:${port}/order.yaml#/NewOrder" }`)
        .replace('"#/components/parameters/limit"', '"/etc/hostname"');
      const { findings } = await lint(text, "extends: [[tidegate:default, all], [spectral:oas, all]]");
      expect(findings.filter(({ rule }) => rule === "external-reference")).toMatchObject([
        {
          path: "paths./orders.get.parameters[0].$ref",
          message: expect.stringContaining('"/etc/hostname" is outside'),
        },
        { path: "paths./orders.post.requestBody.content.application/json.schema.$ref" },
      ]);
      expect(requests).toBe(0);
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
  });
});

describe("positions", () => {
  it("are the same in YAML and in JSON with the same lines", async () => {
    const yaml = "openapi: 3.1.0\ninfo:\n  title: a\n  version: one\npaths: {}\n";
    const json = '{ "openapi": "3.1.0",\n"info": {\n  "title": "a",\n  "version": "one" },\n"paths": {} }\n';
    const of = async (text: string) => {
      const { findings } = await lint(text, null);
      return findings.find(({ rule }) => rule === "info-version-semver");
    };
    expect(await of(yaml)).toMatchObject({ line: 4, column: 12, path: "info.version" });
    expect(await of(json)).toMatchObject({ line: 4, column: 14, path: "info.version" });
  });

  it("of what is found through a reference are where it is written, once", async () => {
    const text = readFixture("orders-v1.yaml").replace("description: How many orders a page has at most.", "x-none: 1");
    const found = (await lint(text, null)).findings.filter(({ rule }) => rule === "parameter-description");
    expect(found).toMatchObject([{ path: "components.parameters.limit" }]);
    expect(text.split("\n")[(found[0]?.line ?? 0) - 1]).toBe("    limit:");
  });
});

describe("documents that are up to something", () => {
  it("are linted with circles in them", async () => {
    const text = `
openapi: 3.0.3
info: { title: a, version: 1.0.0 }
paths: {}
components:
  schemas:
    A: { $ref: "#/components/schemas/B" }
    B: { $ref: "#/components/schemas/A" }
    C: { type: object, properties: { c: { $ref: "#/components/schemas/C" }, a: { $ref: "#/components/schemas/A" } } }
`;
    const { findings } = await lint(text, null);
    expect(findings.filter(({ rule }) => rule === "property-description").map(({ path }) => path)).toEqual([
      "components.schemas.C.properties.c",
      "components.schemas.C.properties.a",
    ]);
  });

  it("do not get what they say evaluated, whatever message it gets into", async () => {
    // Spectral would make 42 of it.
    const evil = "#{{7*6}}{{property}}";
    const text = `{"openapi": "3.1.0", "info": {"title": "${evil}", "version": "${evil}", "${evil}": 1},
      "servers": [{"url": "http://${evil}"}], "tags": [{"name": "a"}, {"name": "${evil}"}, {"name": "${evil}"}],
      "paths": {"/${evil}/{${evil}}": {"get": {"operationId": "${evil}", "parameters": [{"name": "${evil}", "in": "path"}]}}},
      "components": {"schemas": {"${evil}": {"properties": {"${evil}": {"enum": ["${evil}", "${evil}"]}}}}}}`;
    const { findings } = await lint(text, "extends: [[tidegate:default, all], [spectral:oas, all]]");
    expect(findings.length).toBeGreaterThan(10);
    const messages = findings.map(({ message }) => message).join("\n");
    expect(messages).not.toContain("42");
    expect(messages).toContain("7*6");
  });

  it("may have keys with a meaning in JavaScript", async () => {
    const text = '{"openapi": "3.1.0", "info": {"__proto__": {"title": "a"}, "constructor": 1}, "paths": {}}';
    const { findings } = await lint(text, null);
    expect(findings).toContainEqual(expect.objectContaining({ rule: "oas3-schema", path: "info" }));
  });
});

describe("blocksPublishing", () => {
  it("by this severity and worse ones", async () => {
    const { findings } = await lint(readFixture("orders-v1.yaml").replace(/ {2}contact: .*\n/, ""), null);
    expect(findings.map(({ severity }) => severity)).toEqual(["info"]);
    expect(blocksPublishing(findings, "error")).toBe(false);
    expect(blocksPublishing(findings, "warn")).toBe(false);
    expect(blocksPublishing(findings, "info")).toBe(true);
    expect(blocksPublishing(findings, "hint")).toBe(true);
    expect(blocksPublishing([], "hint")).toBe(false);
  });
});
