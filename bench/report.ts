import type { Machine } from "./machine.ts";
import type { Scenario, ScenarioResult } from "./scenarios/scenario.ts";

const COLUMNS = ["", "requests/s", "p50 ms", "p99 ms", "CPU µs/request", "vs plain nginx", "RSS MiB"];

/** A Markdown table of the medians, one line per peer. */
export function formatReport(scenario: Scenario, result: ScenarioResult, machine: Machine): string {
  const baseline = result.peers[result.baseline]?.median.cpuUsPerRequest.worker ?? Number.NaN;
  const rows = Object.entries(result.peers).map(([name, { median }]) => {
    const cpu = median.cpuUsPerRequest.worker ?? Number.NaN;
    return [
      name,
      median.requestsPerSecond.toFixed(0),
      median.p50Ms.toFixed(2),
      median.p99Ms.toFixed(2),
      cpu.toFixed(1),
      `${(cpu / baseline).toFixed(2)}×`,
      (median.residentMib.worker ?? 0).toFixed(0),
    ];
  });
  const others = Object.entries(result.peers.tidegate?.median.cpuUsPerRequest ?? {}).filter(
    ([name]) => name !== "worker",
  );
  return [
    `${scenario.title}`,
    `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGib} GiB, Linux ${machine.kernel}, Node ${machine.node}, ${machine.nginx}`,
    "",
    table([COLUMNS, ...rows]),
    "",
    `Tidegate's other processes, CPU µs/request: ${others.map(([name, us]) => `${name} ${us.toFixed(2)}`).join(", ")}`,
  ].join("\n");
}

function table(rows: readonly string[][]): string {
  const widths = COLUMNS.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join(" | ")} |`;
  const rule = `|${widths.map((width, column) => (column === 0 ? "-".repeat(width + 2) : `${"-".repeat(width + 1)}:`)).join("|")}|`;
  const [head = [], ...body] = rows;
  return [line(head), rule, ...body.map(line)].join("\n");
}
