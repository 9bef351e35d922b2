import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command, Option } from "commander";
import { describeMachine } from "./machine.ts";
import { offloadThreshold } from "./offload-threshold.ts";
import { formatReport } from "./report.ts";
import { chatSameDialect } from "./scenarios/chat-same-dialect.ts";
import type { Scenario } from "./scenarios/scenario.ts";

/** Every scenario there is. */
const SCENARIOS: readonly Scenario[] = [chatSameDialect];

/** Not a comparison of servers: it finds the default of `ai.offload_size`. Run by name only. */
const OFFLOAD_THRESHOLD = "offload-threshold";

const program = new Command("bench")
  .description("Measures Tidegate beside nginx on this machine. Loopback only.")
  .addOption(
    new Option("--scenario <name>", "run one").choices([
      ...SCENARIOS.map((scenario) => scenario.name),
      OFFLOAD_THRESHOLD,
    ]),
  )
  .option("--seconds <n>", "length of each measurement", "5")
  .option("--rounds <n>", "measurements of each peer; the median counts", "3")
  .option("--out <directory>", "where the JSON goes", "bench/results")
  .parse();

const options = program.opts<{ scenario?: string; seconds: string; rounds: string; out: string }>();
if (options.scenario === OFFLOAD_THRESHOLD) await offloadThreshold();

const machine = describeMachine();
mkdirSync(options.out, { recursive: true });

for (const scenario of SCENARIOS) {
  if (options.scenario !== undefined && options.scenario !== scenario.name) continue;
  const directory = mkdtempSync(join(tmpdir(), "tidegate-bench-"));
  try {
    const result = await scenario.run({
      directory,
      seconds: Number(options.seconds),
      rounds: Number(options.rounds),
      say: (line) => process.stderr.write(`${line}\n`),
    });
    const measuredAt = new Date().toISOString();
    const file = join(options.out, `${scenario.name}.json`);
    writeFileSync(
      file,
      `${JSON.stringify({ scenario: scenario.name, title: scenario.title, measuredAt, machine, ...result }, null, 2)}\n`,
    );
    process.stdout.write(`${formatReport(scenario, result, machine)}\n\nwritten to ${file}\n`);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
