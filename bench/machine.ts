import { execFileSync } from "node:child_process";
import { availableParallelism, cpus, release, totalmem } from "node:os";

/** What the figures were measured on. */
export interface Machine {
  cpu: string;
  cores: number;
  memoryGib: number;
  kernel: string;
  node: string;
  nginx: string;
  wrk: string;
  commit: string;
}

export function describeMachine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cores: availableParallelism(),
    memoryGib: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.version,
    nginx: firstLine("nginx", ["-v"]),
    wrk: firstLine("wrk", ["-v"]),
    commit: firstLine("git", ["rev-parse", "--short", "HEAD"]),
  };
}

/** Programs that say their version on standard error, or with a failing exit code, are common. */
function firstLine(command: string, args: string[]): string {
  try {
    const output = execFileSync("sh", ["-c", `"$0" "$@" 2>&1 || true`, command, ...args], { encoding: "utf8" });
    return output.split("\n")[0]?.trim() ?? "";
  } catch {
    return "not there";
  }
}
