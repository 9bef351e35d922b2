import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { CATALOGUE } from "../../../src/providers/catalogue.ts";
import { formatProblems } from "../../../src/snapshot/problems/problem.ts";
import { withCatalogue } from "../../../src/snapshot/provider-reference.ts";
import { configurationReference } from "../../../src/snapshot/reference.ts";
import { parseConfiguration } from "../../../src/snapshot/sources/file.ts";

const COMMITTED = join(import.meta.dirname, "../../../src/docs/configuration.md");

describe("the page on providers", () => {
  test("has the catalogue as it is (npm run docs)", () => {
    const page = readFileSync(join(import.meta.dirname, "../../../src/docs/providers.md"), "utf8");
    expect(page).toBe(withCatalogue(page));
    for (const { kind, transport } of CATALOGUE) expect(page.includes(`\`${kind}\``)).toBe(transport === "http");
  });
});

describe("the configuration reference", () => {
  test("is the one generated from the schema (node dist/src/docs/generate-configuration.js)", () => {
    expect(readFileSync(COMMITTED, "utf8")).toBe(configurationReference());
  });

  test("says something of every key", () => {
    const rows = configurationReference()
      .split("\n")
      .filter((line) => line.startsWith("| `"));
    expect(rows.length).toBeGreaterThan(100);
    expect(rows.filter((row) => /\|\s*\|/.test(row))).toEqual([]);
  });

  test("its example is valid", () => {
    const [, example = ""] = /```yaml\n(.*?)```/s.exec(configurationReference()) ?? [];
    const env = { OPENAI_API_KEY: "sk-1", ANTHROPIC_API_KEY: "sk-2", WEB_KEY: "a-key-of-the-web-application" };
    const { problems, warnings } = parseConfiguration("example.yaml", example, env, CATALOGUE);
    expect(formatProblems([...problems, ...warnings])).toBe("");
  });
});

describe("pages about kinds of services", () => {
  test.each(["ai-services.md", "mcp.md"])("show a whole file that is good: %s", (page) => {
    const text = readFileSync(join(COMMITTED, "..", page), "utf8");
    const [, example = ""] = /```yaml\n(version: 1\n.*?)```/s.exec(text) ?? [];
    expect(example).not.toBe("");
    const env = { WEB_KEY: "a-key-of-the-web-application", AGENT_KEY: "a-key-of-the-agent" };
    const { problems, warnings } = parseConfiguration(page, example, env, CATALOGUE);
    expect(formatProblems([...problems, ...warnings])).toBe("");
  });
});
