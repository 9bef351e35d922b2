import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { diffConfiguration } from "../../../src/governance/diff/diff-configuration.ts";
import { formatDiff } from "../../../src/governance/diff/format-diff.ts";
import { parseRuleset } from "../../../src/governance/linting/parse-ruleset.ts";
import { formatRuleTable } from "../../../src/governance/linting/rule-table.ts";
import { BUILT_IN_FUNCTIONS } from "../../../src/governance/linting/ruleset-data.ts";
import { runLint } from "../../../src/governance/linting/run-lint.ts";
import { readFixture } from "./fixtures.ts";

const FILE = fileURLToPath(new URL("../../../src/docs/governance.md", import.meta.url));
const RULES = /(?<=<!-- rules:begin -->\n)[\s\S]*(?=<!-- rules:end -->)/;

const page = readFileSync(FILE, "utf8");

describe("src/docs/governance.md", () => {
  it("has the rules as they are; UPDATE_GOLDEN=1 writes them", () => {
    const table = `${formatRuleTable()}\n`;
    if (process.env.UPDATE_GOLDEN === "1")
      writeFileSync(
        FILE,
        page.replace(RULES, () => table),
      );
    else expect(RULES.exec(page)?.[0]).toBe(table);
  });

  it("names the functions that there are", () => {
    for (const name of BUILT_IN_FUNCTIONS) expect(page).toContain(`\`${name}\``);
  });

  it("shows a ruleset that works", async () => {
    const [, ruleset = ""] = /```yaml\n([\s\S]*?)```/.exec(page) ?? [];
    expect([...parseRuleset(ruleset).rules.keys()]).toContain("operation-has-owner");
    const text = readFixture("orders-v1.yaml").replace("title: Orders", "title: Acme orders");
    const { findings } = await runLint({ text, ruleset });
    expect(findings.filter(({ rule }) => rule === "title-without-company")).toMatchObject([
      { message: 'Leave the company out of "Acme orders".', severity: "warn" },
    ]);
    expect(findings.filter(({ rule }) => rule === "operation-has-owner")).toHaveLength(4);
  });

  it("shows differences as they are told", () => {
    const before = {
      providers: [{ id: "openai", keys: [{ id: "main", value: "sk-secret" }] }],
      services: [
        { id: "billing", routes: [{ path: "/billing", methods: ["POST"] }] },
        { id: "legacy", routes: [{ path: "/legacy" }] },
      ],
    };
    const after = {
      providers: [{ id: "openai", keys: [{ id: "main", value: `$${"{OPENAI_API_KEY}"}` }] }],
      services: [{ id: "billing", routes: [{ path: "/billing", methods: ["POST"], strip_prefix: true }] }],
    };
    expect(page).toContain(formatDiff(diffConfiguration(before, after)));
  });
});
