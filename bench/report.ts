import { verdictOf } from "./check.ts";
import { formatFigure, headingOf } from "./columns.ts";
import type { Machine } from "./machine.ts";
import type { Check, Part, StoredResult } from "./result.ts";
import { table } from "./table.ts";

/** A scenario's parts, each a table of the medians with one line per peer. */
export function formatScenario(result: StoredResult): string {
  const parts = result.parts.map((part) => `${part.title}\n\n${formatPart(part)}`);
  return [`${result.scenario}: ${result.title}`, formatMachine(result.machine), ...parts].join("\n\n");
}

/** With a column of ratios when CPU time was measured. */
export function formatPart(part: Part): string {
  const baseline = part.peers[part.baseline]?.medians.cpuUs;
  const hasRatio = baseline !== undefined && part.columns.includes("cpuUs");
  const head = ["", ...part.columns.map((figure) => headingOf(figure, part.unit))];
  if (hasRatio) head.push(`to ${part.baseline}`);
  const rows = Object.entries(part.peers).map(([peer, { medians }]) => {
    const row = [peer, ...part.columns.map((figure) => formatFigure(figure, medians[figure]))];
    if (hasRatio) row.push(`${((medians.cpuUs ?? Number.NaN) / baseline).toFixed(2)}×`);
    return row;
  });
  return table([head, ...rows]);
}

/** Every bound of the given scenarios with what was measured. */
export function formatChecks(results: readonly StoredResult[]): string {
  const rows = results.flatMap((result) => result.checks.map((check) => checkRow(result.scenario, check)));
  const failures = results.flatMap(({ scenario, checks }) =>
    checks.flatMap(({ what, failure }) => (failure === undefined ? [] : [`\n${scenario}, ${what}: ${failure}`])),
  );
  return [table([["scenario", "bound", "must", "goal", "measured", "verdict"], ...rows], 2), ...failures].join("\n");
}

function checkRow(scenario: string, check: Check): string[] {
  const sign = check.bound === "at most" ? "≤" : "≥";
  const value = (number: number) => `${number.toFixed(2)}${check.unit === "×" ? "×" : ` ${check.unit}`}`;
  return [
    scenario,
    check.what,
    `${sign} ${value(check.must)}`,
    check.goal === null ? "" : `${sign} ${value(check.goal)}`,
    check.measured === null ? "" : value(check.measured),
    verdictOf(check),
  ];
}

export function formatMachine(machine: Machine): string {
  const { cpu, cores, memoryGib, kernel, node, nginx } = machine;
  return `${cpu}, ${cores} cores, ${memoryGib} GiB, Linux ${kernel}, Node ${node}, ${nginx}`;
}
