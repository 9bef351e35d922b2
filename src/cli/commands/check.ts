import { Command } from "commander";
import { EXIT } from "../../bootstrap/exit-codes.ts";
import { homeDirectory } from "../../bootstrap/home.ts";
import type { Snapshot } from "../../contracts/snapshot.ts";
import { hostPort } from "../../platform/host-port.ts";
import { loadConfiguration } from "../../snapshot/load.ts";
import { formatProblems } from "../../snapshot/problems/problem.ts";
import type { Finish } from "../command.ts";

export function checkCommand(finish: Finish): Command {
  return new Command("check")
    .description("check a configuration file; starts nothing")
    .argument("<file>", "configuration file")
    .option("--json", "print the result as JSON")
    .action(async (file: string, options: { json?: boolean }) => {
      const home = homeDirectory(process.env);
      const result = await loadConfiguration({ configPath: file, home, env: process.env, version: 0 });
      const problems = result.ok ? [] : result.problems;
      const warnings = result.ok ? result.warnings : [];
      const summary = result.ok ? summarize(result.snapshot) : null;
      if (options.json) print(JSON.stringify({ ok: result.ok, file, problems, warnings, summary }, null, 2));
      else {
        if (problems.length > 0) process.stderr.write(`${formatProblems(problems)}\n`);
        if (warnings.length > 0) process.stderr.write(`${formatProblems(warnings)}\n`);
        if (summary === null) process.stderr.write(`\n${file}: ${count(problems.length, "problem")}\n`);
        else print(describe(file, summary, warnings.length));
      }
      finish(result.ok ? EXIT.ok : EXIT.configuration);
    });
}

interface Summary {
  listeners: string[];
  providers: string[];
  models: string[];
  services: string[];
  applications: string[];
}

function summarize(snapshot: Snapshot): Summary {
  return {
    listeners: snapshot.listeners.map(({ host, port, tls }) => {
      return `${tls === null ? "http" : "https"}://${hostPort(host, port)}`;
    }),
    providers: snapshot.providers.map(({ id }) => id),
    models: snapshot.models.map(({ name }) => name),
    services: [...new Set(snapshot.services.map(({ id }) => id))],
    applications: snapshot.applications.map(({ id }) => id),
  };
}

function describe(file: string, summary: Summary, warnings: number): string {
  const lines = Object.entries(summary).map(([name, ids]) => `  ${name.padEnd(13)} ${ids.join(", ") || "-"}`);
  return [`${file} is good${warnings > 0 ? `, with ${count(warnings, "warning")}` : ""}`, ...lines].join("\n");
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
