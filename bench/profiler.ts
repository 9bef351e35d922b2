import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { startChild, stopChild } from "./children.ts";
import { table } from "./table.ts";

const TOP = 25;

interface CpuProfile {
  nodes: { id: number; callFrame: { functionName: string; url: string; lineNumber: number } }[];
  samples: number[];
  timeDeltas: number[];
}

/** Where a gateway worker spends its time: JavaScript by V8's own profiler; with perf, native code and kernel as well. */
export class Profiler {
  readonly nodeOptions: string[];
  readonly #name: string;
  readonly #directory: string;
  readonly #say: (line: string) => void;
  readonly #hasPerf = isInstalled("perf");
  #worker = 0;
  /** Names of compiled functions; perf finds them in no other place. */
  #maps: string[] = [];
  #perf: ReturnType<typeof startChild> | null = null;

  constructor(name: string, parent: string, say: (line: string) => void) {
    this.#name = name;
    this.#say = say;
    this.#directory = join(parent, `profile-${name}`);
    mkdirSync(this.#directory, { recursive: true });
    // Workers inherit the options of the supervisor; the files of the other processes are left alone.
    this.nodeOptions = ["--cpu-prof", `--cpu-prof-dir=${this.#directory}`];
    if (this.#hasPerf) this.nodeOptions.push("--perf-basic-prof-only-functions");
  }

  /** `processes`: all that inherited the options. */
  begin(processes: Readonly<Record<string, number>>): void {
    if (processes.worker === undefined) throw new Error("there is no worker to profile");
    this.#worker = processes.worker;
    this.#maps = Object.values(processes).map((pid) => `/tmp/perf-${pid}.map`);
    if (!this.#hasPerf) return;
    // cpu-clock: virtual machines often have no hardware counters.
    const args = ["record", "-q", "-e", "cpu-clock", "-F", "499", "-p", String(this.#worker), "-o", this.#perfData];
    this.#perf = startChild("perf", args, { stdio: "ignore" });
  }

  /** To be called while the worker still runs. */
  async end(): Promise<void> {
    if (this.#perf !== null) await stopChild(this.#perf, "SIGINT");
  }

  /** To be called when the worker has ended: only then is the profile there. */
  report(): void {
    const file = readdirSync(this.#directory).find((name) => name.includes(`.${this.#worker}.0.`));
    if (file === undefined) this.#say(`${this.#name}: the worker wrote no profile`);
    else this.#say(`${this.#name}: JavaScript by self time\n\n${topFunctions(join(this.#directory, file))}\n`);
    if (existsSync(this.#perfData)) this.#say(`${this.#name}: all code by self time\n\n${this.#perfReport()}\n`);
    for (const path of this.#maps) rmSync(path, { force: true });
  }

  get #perfData(): string {
    return join(this.#directory, "perf.data");
  }

  #perfReport(): string {
    const args = ["report", "--stdio", "-q", "--sort", "symbol,dso", "-i", this.#perfData];
    try {
      const output = execFileSync("perf", args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
      const lines = output.split("\n").filter((line) => line.trim() !== "");
      return lines.slice(0, TOP).join("\n");
    } catch (error) {
      return `perf report failed: ${error instanceof Error ? error.message : String(error)}`;
    }
  }
}

/** A table of the functions with the most self time. Time that the program waits or the profiler starts is left out. */
export function topFunctions(path: string): string {
  const profile = JSON.parse(readFileSync(path, "utf8")) as CpuProfile;
  const names = new Map(profile.nodes.map(({ id, callFrame }) => [id, describe(callFrame)]));
  const selfUs = new Map<string, number>();
  let totalUs = 0;
  profile.samples.forEach((id, index) => {
    const name = names.get(id) ?? "";
    const us = profile.timeDeltas[index] ?? 0;
    if (name === "(idle)" || name === "(root)") return;
    totalUs += us;
    selfUs.set(name, (selfUs.get(name) ?? 0) + us);
  });
  const top = [...selfUs].sort(([, left], [, right]) => right - left).slice(0, TOP);
  const rows = top.map(([name, us]) => [name, `${((us / totalUs) * 100).toFixed(1)} %`, (us / 1000).toFixed(0)]);
  return table([["function", "self", "ms"], ...rows]);
}

function describe({ functionName, url, lineNumber }: CpuProfile["nodes"][number]["callFrame"]): string {
  const name = functionName === "" ? "(anonymous)" : functionName;
  if (url === "") return name;
  const file = url.split("/").slice(-3).join("/");
  return `${name} ${file}:${lineNumber + 1}`;
}

function isInstalled(program: string): boolean {
  try {
    execFileSync("sh", ["-c", `command -v ${program}`], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
