import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command, InvalidArgumentError, Option } from "commander";
import { killAllChildren } from "./children.ts";
import { DEFAULT_ENGINE, ENGINES, type Engine } from "./engine.ts";
import { describeMachine, type Machine } from "./machine.ts";
import { offloadThreshold } from "./offload-threshold.ts";
import { formatChecks, formatScenario } from "./report.ts";
import type { StoredResult } from "./result.ts";
import { readResults, writeResult } from "./result-files.ts";
import { SCENARIOS } from "./scenarios/index.ts";
import type { Scenario } from "./scenarios/scenario.ts";

/** Not a comparison of servers: it finds the default of `ai.offload_size`. Run by name only. */
const OFFLOAD_THRESHOLD = "offload-threshold";

interface Options {
  scenario?: string[];
  seconds: number;
  rounds: number;
  warmUp?: number;
  engine: Engine;
  requests: number;
  keys: number;
  routes: number;
  profile: boolean;
  report: boolean;
  out: string;
}

const names = SCENARIOS.map(({ name }) => name);
const options = new Command("bench")
  .description("Measures Tidegate beside nginx on this machine. Loopback only.")
  .addOption(
    new Option(
      "--scenario <name>",
      `run this one; may be given several times (${names.join(", ")}; ${OFFLOAD_THRESHOLD})`,
    ).argParser(collectScenario),
  )
  .option("--seconds <n>", "length of each measurement", positive, 5)
  .option("--rounds <n>", "measurements of each peer; the median counts", positive, 5)
  .option("--warm-up <n>", "seconds of load before the first measurement; 0: none (default: twice --seconds)", count)
  .addOption(new Option("--engine <name>", "the listener's engine").choices(ENGINES).default(DEFAULT_ENGINE))
  .option("--requests <n>", "how many memory-growth makes", positive, 5_000_000)
  .option("--keys <n>", "how many keys scaling goes up to", positive, 100_000)
  .option("--routes <n>", "how many routes scaling goes up to", positive, 10_000)
  .option("--profile", "run gateway workers under a profiler and show where the time goes; nothing is written", false)
  .option("--report", "measure nothing, print what was written before", false)
  .option("--out <directory>", "where the JSON goes", "bench/results")
  .parse()
  .opts<Options>();

process.once("exit", killAllChildren);
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => process.exit(1));

if (options.report) {
  for (const result of readResults(options.out, names)) process.stdout.write(`${formatScenario(result)}\n\n`);
} else {
  if (options.scenario?.includes(OFFLOAD_THRESHOLD)) await offloadThreshold();
  const machine = describeMachine();
  const measured: StoredResult[] = [];
  for (const scenario of SCENARIOS) {
    if (options.scenario !== undefined && !options.scenario.includes(scenario.name)) continue;
    const result = await runScenario(scenario, machine);
    if (result === null) continue;
    measured.push(result);
    process.stdout.write(`${formatScenario(result)}\n\n`);
    if (!options.profile) process.stderr.write(`written to ${writeResult(options.out, result)}\n`);
  }
  if (options.profile) process.stdout.write(`${formatChecks(measured)}\n`);
}
if (!options.profile) process.stdout.write(`${formatChecks(readResults(options.out, names))}\n`);

/** null when it failed: the others are run all the same, and the exit code tells. */
async function runScenario(scenario: Scenario, machine: Machine): Promise<StoredResult | null> {
  const { seconds, rounds, engine, requests, keys, routes, profile } = options;
  const directory = mkdtempSync(join(tmpdir(), "tidegate-bench-"));
  const remove = () => rmSync(directory, { recursive: true, force: true });
  process.once("exit", remove);
  try {
    const { parts, checks } = await scenario.run({
      directory,
      seconds,
      rounds,
      warmUpSeconds: options.warmUp ?? 2 * seconds,
      engine,
      profiles: profile,
      sizes: { requests, keys, routes },
      say: (line) => process.stderr.write(`${scenario.name}: ${line}\n`),
    });
    const { name, title } = scenario;
    const measuredAt = new Date().toISOString();
    return { scenario: name, title, measuredAt, machine, options: { engine, seconds, rounds }, checks, parts };
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? `: ${error.cause.message}` : "";
    process.stderr.write(
      `${scenario.name} failed: ${error instanceof Error ? error.message : String(error)}${cause}\n`,
    );
    for (const line of logged(directory)) process.stderr.write(`  ${line}\n`);
    process.exitCode = 1;
    return null;
  } finally {
    process.removeListener("exit", remove);
    remove();
  }
}

/** What Tidegate's processes last said about errors, or that is no log line at all, such as a crash's stack. */
function logged(directory: string): string[] {
  const logs = readdirSync(directory).map((name) => join(directory, name, "tidegate.log"));
  const lines = logs.filter((path) => existsSync(path)).flatMap((path) => readFileSync(path, "utf8").split("\n"));
  return lines.filter((line) => line.includes('"level":"error"') || /^[^ {]/.test(line)).slice(-15);
}

function collectScenario(name: string, before: string[] = []): string[] {
  const known = [...names, OFFLOAD_THRESHOLD];
  if (!known.includes(name)) throw new InvalidArgumentError(`It is one of ${known.join(", ")}.`);
  return [...before, name];
}

function positive(text: string): number {
  const value = count(text);
  if (value === 0) throw new InvalidArgumentError("It must be above 0.");
  return value;
}

function count(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError("It is a whole number.");
  return Number(text);
}
