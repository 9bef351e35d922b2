import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { ERROR_CODES, type ErrorCode } from "../../src/contracts/errors.ts";

const codes = Object.keys(ERROR_CODES) as ErrorCode[];
const reference = readFileSync(new URL("../../src/docs/errors.md", import.meta.url), "utf8");
const rows = [...reference.matchAll(/^\| `(\w+)` \| ([^|]+) \|/gm)].map(([, code, status]) => [code, status?.trim()]);

const tests = new URL("..", import.meta.url);
const testSources = readdirSync(tests, { recursive: true, encoding: "utf8" })
  .filter(
    (path) => path.endsWith(".test.ts") && !path.endsWith("error-codes.test.ts") && !path.includes("node_modules"),
  )
  .map((path) => readFileSync(new URL(path, tests), "utf8"))
  .join("\n");

describe("error codes", () => {
  it("are all documented, with their status, and no other is", () => {
    const documented = Object.fromEntries(rows);
    const expected = Object.fromEntries(
      codes.map((code) => [code, code === "provider_error" ? "the provider's" : String(ERROR_CODES[code].status)]),
    );
    expect(documented).toEqual(expected);
  });

  it.each(codes)("%s is asserted by a test", (code) => {
    expect(testSources.includes(code)).toBe(true);
  });
});
