import { Command } from "commander";
import { type Finding, runChecks } from "../../bootstrap/doctor/checks.ts";
import { EXIT } from "../../bootstrap/exit-codes.ts";
import type { Finish } from "../command.ts";

export function doctorCommand(finish: Finish): Command {
  return new Command("doctor")
    .description("look at this machine: limits, ports, kernel settings, native parts, data directory")
    .option("-c, --config <file>", "configuration file whose ports to look at")
    .option("--json", "print the findings as JSON")
    .action(async (options: { config?: string; json?: boolean }) => {
      const findings = await runChecks({ configPath: options.config ?? null, env: process.env });
      const failed = findings.some(({ level }) => level === "fail");
      const output = options.json ? JSON.stringify({ ok: !failed, findings }, null, 2) : describe(findings);
      process.stdout.write(`${output}\n`);
      finish(failed ? EXIT.failed : EXIT.ok);
    });
}

function describe(findings: readonly Finding[]): string {
  const width = Math.max(...findings.map(({ name }) => name.length));
  const lines = findings.flatMap(({ name, level, detail, remedy }) => {
    const line = `${level.padEnd(4)}  ${name.padEnd(width)}  ${detail}`;
    return remedy === null ? [line] : [line, `${" ".repeat(width + 8)}→ ${remedy}`];
  });
  const count = (level: Finding["level"]) => findings.filter((finding) => finding.level === level).length;
  return [...lines, "", `${count("ok")} ok, ${count("warn")} to look at, ${count("fail")} failed`].join("\n");
}
