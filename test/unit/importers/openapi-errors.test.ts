import { describe, expect, it } from "vitest";
import { formatPlace, ImportError } from "../../../src/snapshot/importers/import-result.ts";
import { importOpenApi } from "../../../src/snapshot/importers/openapi/import-openapi.ts";
import { routePathOf } from "../../../src/snapshot/importers/openapi/path-template.ts";

const HEAD = 'openapi: 3.1.0\ninfo: { title: t, version: "1" }\n';
const OK = '{ responses: { "200": { description: ok } } }';
const SERVER = "servers: [{ url: https://api.example.com }]\n";

async function problemOf(text: string, files: Record<string, string> = {}): Promise<string> {
  const asked: string[] = [];
  const readReferenced = (path: string) => {
    asked.push(path);
    return files[path] ?? null;
  };
  try {
    await importOpenApi(text, { file: "api.yaml", readReferenced });
  } catch (error) {
    if (!(error instanceof ImportError)) throw error;
    expect(asked.every((path) => !path.startsWith("/") && !path.includes(".."))).toBe(true);
    return `${formatPlace(error.place)}: ${error.message}`;
  }
  return "";
}

describe("an OpenAPI document that can't be imported", () => {
  it.each([
    ['swagger: "2.0"\n', "api.yaml:1:1: this is Swagger 2.0: convert it to OpenAPI 3 first"],
    ["openapi: 3.1\n", "api.yaml:1:10: the version must be a text"],
    ["openapi: 4.0.0\n", "api.yaml:1:10: this version of OpenAPI can't be imported"],
    ["[]\n", "api.yaml:1:1: not an OpenAPI document: it must be a mapping"],
    ["info: {}\n", "api.yaml:1:1: not an OpenAPI document: the key `openapi`"],
    ["openapi: 3.0.0\n", "api.yaml:1:1: the document has no `paths`"],
    ["openapi: 3.0.0\npaths: [\n", "api.yaml:3:1: not valid YAML"],
    [
      `${HEAD}paths:\n  /a: { get: ${OK} }\n`,
      "api.yaml:1:1: the document names no servers: say where calls go with --upstream",
    ],
    [
      `${HEAD}servers: [{ url: /v1 }]\npaths: {}\n`,
      "api.yaml:3:18: the server's URL is relative: say where calls go with --upstream",
    ],
    [`${HEAD}servers: [{ url: "https://u:canary@h/" }]\npaths: {}\n`, "api.yaml:3:18: the server's URL is no http"],
    [
      `${HEAD}servers: [{ url: "https://{x}.example.com" }]\npaths: {}\n`,
      "api.yaml:3:18: the server variable x has no default",
    ],
    [
      `${HEAD}${SERVER}paths:\n  /a: { get: { parameters: [{ name: a, in: body }] } }\n`,
      "api.yaml:5:44: not a valid OpenAPI document: paths//a/get/parameters/0/in",
    ],
    [
      `${HEAD}${SERVER}paths:\n  /a: { $ref: "#/components/pathItems/a" }\n`,
      "api.yaml:5:15: not a valid OpenAPI document: Missing $ref pointer",
    ],
    [
      `${HEAD}${SERVER}paths:\n  /a: { $ref: "../secret.yaml" }\n`,
      "api.yaml:5:15: $ref: it leads out of the document's folder",
    ],
    [
      `${HEAD}${SERVER}paths:\n  /a: { $ref: "/etc/passwd" }\n`,
      "api.yaml:5:15: $ref: it leads out of the document's folder",
    ],
    [
      `${HEAD}${SERVER}paths:\n  /a: { $ref: "a/%2e%2e/%2e%2e/x.yaml" }\n`,
      "api.yaml:5:15: $ref: it leads out of the document's folder",
    ],
    [
      `${HEAD}${SERVER}paths:\n  /a: { $ref: "http://127.0.0.1:1/x.yaml" }\n`,
      "api.yaml:5:15: $ref: it leads out of the document's folder",
    ],
    [
      `${HEAD}${SERVER}paths:\n  /a: { $ref: "file:///etc/passwd" }\n`,
      "api.yaml:5:15: $ref: it leads out of the document's folder",
    ],
    [
      `${HEAD}${SERVER}paths:\n  /a: { $ref: "parts/missing.yaml" }\n`,
      "api.yaml:5:15: $ref: the file parts/missing.yaml can't be read",
    ],
  ])("%j", async (text, message) => {
    const problem = await problemOf(text);
    expect(problem.slice(0, message.length)).toBe(message);
    expect(problem).not.toContain("canary");
  });

  it("names a referenced file that is no YAML, and follows no further reference out of the folder", async () => {
    const text = `${HEAD}${SERVER}paths:\n  /a: { $ref: "b/a.yaml" }\n`;
    expect(await problemOf(text, { "b/a.yaml": "a: [" })).toContain("the file b/a.yaml is not valid YAML or JSON");
    expect(await problemOf(text, { "b/a.yaml": '$ref: "../../x.yaml"' })).toContain(
      "it leads out of the document's folder",
    );
  });
});

describe("a path template", () => {
  it.each([
    ["/", "/", "exact"],
    ["/a/b", "/a/b", "exact"],
    ["/a:b/*", "", "`*` needs match: pattern"],
    ["/a/{b}", "/a/:b", "pattern"],
    ["/a/{b-c}/{b_c}", "/a/:b_c/:b_c_2", "pattern"],
    ["/a/{1}", "/a/:p_1", "pattern"],
    ["/a/{b}.json", "/a/:b_json", "pattern"],
    ["/{a}/x:y", "/:a/:x_y", "pattern"],
    ["/a b/{c}", "/a%20b/:c", "pattern"],
    ["a", "", "it does not begin with `/`"],
    ["/a//b", "", "the path must not hold `//`"],
  ])("%s", (template, path, match) => {
    const result = routePathOf(template);
    if (typeof result === "string") expect(result).toContain(match);
    else expect([result.path, result.match]).toEqual([path, match]);
  });
});
