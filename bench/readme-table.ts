import { readFileSync, writeFileSync } from "node:fs";
import { Command } from "commander";
import { formatChecks, formatMachine, formatPart } from "./report.ts";
import type { StoredResult } from "./result.ts";
import { readResults } from "./result-files.ts";
import { SCENARIOS } from "./scenarios/index.ts";

/**
 * Writes what `bench/results` holds between the marks in the README: `node dist/bench/readme-table.js`, after
 * `npm run bench`. Without results it fails and leaves the README as it is.
 */

const BEGIN = "<!-- bench:begin -->";
const END = "<!-- bench:end -->";
/** The scenario whose peers are shown one by one. */
const DETAILED = "chat-same-dialect";

const options = new Command("readme-table")
  .description("Writes the README's table of measurements from the JSON of the bench.")
  .option("--results <directory>", "where the JSON is", "bench/results")
  .option("--readme <file>", "the file to change", "README.md")
  .parse()
  .opts<{ results: string; readme: string }>();

const results = readResults(
  options.results,
  SCENARIOS.map(({ name }) => name),
);
if (results.length === 0) fail(`there are no results in ${options.results}: run npm run bench`);
const text = readFileSync(options.readme, "utf8");
const begin = text.indexOf(BEGIN);
const end = text.indexOf(END);
if (begin === -1 || end < begin) fail(`${options.readme} has no ${BEGIN} … ${END}`);
writeFileSync(options.readme, `${text.slice(0, begin + BEGIN.length)}\n${section(results)}\n${text.slice(end)}`);

function section(stored: readonly StoredResult[]): string {
  const blocks = [...conditions(stored), formatChecks(stored)];
  const detailed = stored.find(({ scenario }) => scenario === DETAILED);
  for (const part of detailed?.parts ?? []) blocks.push(`${detailed?.scenario}, ${detailed?.title}:`, formatPart(part));
  return blocks.join("\n\n");
}

/** One line for each machine, commit and setting that there are results of: they belong together or they don't. */
function conditions(stored: readonly StoredResult[]): string[] {
  const lines = stored.map(({ machine, options: { engine, rounds, seconds } }) => {
    const setting = `engine \`${engine}\`, median of ${rounds} rounds of ${seconds} s`;
    return `${formatMachine(machine)}; ${setting}; commit ${machine.commit}:`;
  });
  const distinct = [...new Set(lines)];
  if (distinct.length === 1) return distinct;
  return distinct.map((line) => {
    const scenarios = stored.filter((_, index) => lines[index] === line).map(({ scenario }) => scenario);
    return `- ${scenarios.join(", ")}: ${line.replace(/:$/, "")}`;
  });
}

function fail(message: string): never {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}
