import { BUILT_IN_CHECKS, DEFAULT_RULES, RULE_GROUPS } from "./default-rules.ts";

/** The rules of `tidegate:default` in Markdown, as src/docs/governance.md has them: each with an anchor of its name. */
export function formatRuleTable(): string {
  const rules = [...BUILT_IN_CHECKS, ...DEFAULT_RULES];
  return RULE_GROUPS.map((group) => {
    const rows = rules
      .filter((rule) => rule.group === group)
      .map(
        ({ name, severity, asks }) =>
          `| <a id="${name}"></a>\`${name}\` | ${severity} | ${asks.replaceAll("|", "\\|")} |`,
      );
    return [
      `### ${group[0]?.toUpperCase()}${group.slice(1)}`,
      "",
      "| rule | severity | asks |",
      "|---|---|---|",
      ...rows,
    ].join("\n");
  }).join("\n\n");
}
