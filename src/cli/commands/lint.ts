import { readFileSync, statSync } from "node:fs";
import { Command, Option } from "commander";
import { EXIT, type ExitCode, StartError } from "../../bootstrap/exit-codes.ts";
import type { Change } from "../../governance/comparison/change.ts";
import type { Finding, LintResult, Severity } from "../../governance/linting/finding.ts";
import type { Finish } from "../command.ts";
import { openapiChangeLines } from "../output/openapi-changes.ts";
import { oneLine } from "../output/printable.ts";

interface Options {
  ruleset?: string;
  against?: string;
  failOn: Severity;
  json?: boolean;
}

interface Verdict extends LintResult {
  /** Null without `--against`. */
  readonly changes: readonly Change[] | null;
  /** The new `info.version` tells clients to expect breaking changes. */
  readonly breakingChangesAnnounced: boolean;
  readonly isBlocked: boolean;
}

export function lintCommand(finish: Finish): Command {
  return new Command("lint")
    .description("lint an OpenAPI document, and tell what breaks the clients of an older one")
    .argument("<file>", "OpenAPI 3.0 or 3.1, YAML or JSON; - is standard input")
    .option("--ruleset <file>", "a ruleset of your own instead of tidegate:default, which it may extend")
    .option("--against <file>", "the document that clients know; breaking changes need a new major version")
    .addOption(
      new Option("--fail-on <severity>", "the least severe finding that fails")
        .choices(["error", "warn"])
        .default("error"),
    )
    .option("--json", "print the result as JSON")
    .action(async (file: string, options: Options) => {
      const verdict = await judge(file, options);
      process.stdout.write(`${options.json ? asJson(file, verdict) : describe(file, options, verdict)}\n`);
      finish(verdict.isBlocked ? EXIT.failed : EXIT.ok);
    });
}

/** What judges is loaded here: the supervisor, which is started by the same program, has no need of it. */
async function judge(file: string, { ruleset, against, failOn }: Options): Promise<Verdict> {
  const [{ lintOpenapi }, { blocksPublishing }, { GovernanceError }] = await Promise.all([
    import("../../governance/linting/lint-openapi.ts"),
    import("../../governance/linting/finding.ts"),
    import("../../governance/governance-error.ts"),
  ]);
  const text = read(file);
  const oldText = against === undefined ? null : read(against);
  const rules = ruleset === undefined ? null : read(ruleset);
  try {
    const result = await lintOpenapi(text, { ruleset: rules });
    const comparison = await compare(oldText, text, result);
    const breaks = comparison.changes?.some(({ isBreaking }) => isBreaking) === true;
    const isBlocked = blocksPublishing(result.findings, failOn) || (breaks && !comparison.breakingChangesAnnounced);
    return { ...result, ...comparison, isBlocked };
  } catch (error) {
    if (!(error instanceof GovernanceError)) throw error;
    const lines = error.problems.map(({ path, message, line, column }) => {
      return `\n  ${ruleset}:${line}:${column} ${path === "" ? "" : `${path}: `}${message}`;
    });
    throw new StartError(
      exitCodeFor(error.code),
      lines.length > 0 ? `${ruleset} is no ruleset:${lines.join("")}` : error.message,
    );
  }
}

/** A document that could not be read was judged already. */
async function compare(
  before: string | null,
  after: string,
  { findings, parseProblems }: LintResult,
): Promise<Pick<Verdict, "changes" | "breakingChangesAnnounced">> {
  const isUnreadable = parseProblems.length > 0 || findings.some(({ rule }) => rule === "openapi-version");
  if (before === null || isUnreadable) return { changes: null, breakingChangesAnnounced: false };
  const [{ compareOpenapi }, { announcesBreakingChanges }, { parseOpenapi }] = await Promise.all([
    import("../../governance/comparison/compare-openapi.ts"),
    import("../../governance/comparison/version-step.ts"),
    import("../../governance/documents/parse-document.ts"),
  ]);
  const old = parseOpenapi(before, "the document that --against names");
  const now = parseOpenapi(after);
  return { changes: compareOpenapi(old, now), breakingChangesAnnounced: announcesBreakingChanges(old, now) };
}

function exitCodeFor(code: string): ExitCode {
  return code.startsWith("ruleset_") ? EXIT.configuration : EXIT.failed;
}

function read(file: string): string {
  try {
    if (file !== "-" && statSync(file).isDirectory()) throw new Error("it is a directory");
    return readFileSync(file === "-" ? 0 : file, "utf8");
  } catch (error) {
    throw new StartError(EXIT.usage, `can't read ${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function asJson(file: string, { findings, summary, parseProblems, ...rest }: Verdict): string {
  const { changes, breakingChangesAnnounced, isBlocked } = rest;
  return JSON.stringify(
    { ok: !isBlocked, file, findings, summary, parseProblems, changes, breakingChangesAnnounced },
    null,
    2,
  );
}

function describe(file: string, { against }: Options, verdict: Verdict): string {
  const { findings, summary, changes, breakingChangesAnnounced, isBlocked } = verdict;
  const lines = findings.map((finding) => describeFinding(file, finding));
  const counts = Object.entries(summary).filter(([, count]) => count > 0);
  const parts = counts.map(([severity, count]) => `${count} ${severity}`);
  if (changes !== null) {
    if (changes.length > 0) lines.push("", ...openapiChangeLines(changes));
    const breaking = changes.filter(({ isBreaking }) => isBreaking).length;
    const announced = breaking > 0 && breakingChangesAnnounced ? ", as the new major version says" : "";
    parts.push(`${breaking} breaking of ${changes.length} changes since ${against}${announced}`);
  }
  return [
    ...lines,
    ...(lines.length > 0 ? [""] : []),
    `${file} ${isBlocked ? "is blocked" : "passes"}: ${parts.join(", ") || "nothing found"}`,
  ].join("\n");
}

function describeFinding(file: string, { line, column, severity, rule, message }: Finding): string {
  return oneLine(`${file}:${line}:${column} ${severity} ${rule} ${message}`);
}
