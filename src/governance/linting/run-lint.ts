import { type ISpectralDiagnostic, Ruleset, Spectral } from "@stoplight/spectral-core";
import { field, formatPath, isObject, type Path } from "../documents/json.ts";
import type { RulesetProblem } from "../governance-error.ts";
import { GovernanceError } from "../governance-error.ts";
import { compileRuleset } from "./compile-ruleset.ts";
import { documentationOf } from "./default-rules.ts";
import { type Finding, type LintResult, SEVERITIES, summarize } from "./finding.ts";
import type { LintInput, LintOutput } from "./lint-messages.ts";
import { type LintedDocument, readDocument } from "./linted-document.ts";
import { parseRuleset, rulesetError } from "./parse-ruleset.ts";
import { DEFAULT_RULESET } from "./ruleset-data.ts";

/** The work of workers/tasks/lint-openapi.ts. It may take as long as a ruleset wants: call it where it can be ended. */
export async function runLintTask(input: LintInput): Promise<LintOutput> {
  try {
    return { result: await runLint(input) };
  } catch (error) {
    if (!(error instanceof GovernanceError)) throw error;
    return { failure: { code: error.code, message: error.message, problems: error.problems } };
  }
}

/** @throws GovernanceError `ruleset_invalid`, `ruleset_too_large` or `lint_failed` */
export async function runLint({ text, ruleset }: LintInput): Promise<LintResult> {
  const rules = compile(ruleset);
  const linted = readDocument(text);
  const findings = [...syntaxFindings(linted), ...referenceFindings(linted)];
  const unsupported = versionFinding(linted);
  if (unsupported !== null) findings.push(unsupported);
  else findings.push(...(await spectralFindings(linted, rules)));
  findings.sort((a, b) => a.line - b.line || a.column - b.column || (a.rule < b.rule ? -1 : 1));
  const parseProblems = findings.filter(({ rule }) => rule === "document-syntax");
  return { findings, summary: summarize(findings), parseProblems };
}

function compile(text: string | null): Ruleset {
  const data = text === null ? DEFAULT_RULESET : parseRuleset(text);
  try {
    return new Ruleset(compileRuleset(data));
  } catch (error) {
    throw rulesetError(problemsOf(error));
  }
}

/** Spectral's own complaints: options that a function does not have, or a severity for a rule that there is none of. */
function problemsOf(error: unknown): RulesetProblem[] {
  const errors: unknown[] =
    error instanceof Error && "errors" in error && Array.isArray(error.errors) ? error.errors : [error];
  return errors.map((one) => {
    const path: unknown = one instanceof Error && "path" in one ? one.path : null;
    const message = one instanceof Error ? one.message : String(one);
    return {
      path: Array.isArray(path) ? formatPath(path.map(String)) : "rules",
      message: message.replace("Cannot extend non-existing rule:", "there is no rule to change the severity of:"),
      line: 1,
      column: 1,
    };
  });
}

function syntaxFindings({ document }: LintedDocument): Finding[] {
  return document.diagnostics.map((diagnostic) => ({
    ...placeOf(diagnostic),
    rule: "document-syntax",
    severity: "error",
    message: `${diagnostic.message}: correct the YAML or JSON here.`,
    path: formatPath(diagnostic.path),
    documentation: documentationOf("document-syntax"),
  }));
}

function referenceFindings({ document, externalReferences }: LintedDocument): Finding[] {
  return externalReferences.map(({ path, reference }) =>
    findingAt(
      document,
      path,
      "external-reference",
      `"${reference}" is outside the document, and is not fetched: bundle both into one document.`,
    ),
  );
}

function versionFinding({ document }: LintedDocument): Finding | null {
  const { data } = document;
  const at = (path: Path, message: string) => findingAt(document, path, "openapi-version", message);
  if (!isObject(data)) {
    return document.diagnostics.length > 0
      ? at([], "Nothing could be read.")
      : at([], "The text is no OpenAPI document: it must be an object with `openapi`, `info` and `paths`.");
  }
  if (data.swagger !== undefined) {
    return at(["swagger"], "Swagger 2.0 is not linted: convert the document to OpenAPI 3.0 or 3.1.");
  }
  if (typeof data.openapi === "string" && /^3\.[01](\.\d+)?$/.test(data.openapi)) return null;
  const given =
    data.openapi === undefined ? "`openapi` is missing" : `OpenAPI ${JSON.stringify(data.openapi)} is not known`;
  return at(data.openapi === undefined ? [] : ["openapi"], `${given}: write a version such as openapi: "3.1.0".`);
}

function findingAt(document: LintedDocument["document"], path: Path, rule: string, message: string): Finding {
  const range = document.getRangeForJsonPath([...path], true);
  return {
    rule,
    severity: "error",
    message,
    path: formatPath(path),
    line: (range?.start.line ?? 0) + 1,
    column: (range?.start.character ?? 0) + 1,
    documentation: documentationOf(rule),
  };
}

async function spectralFindings({ document }: LintedDocument, rules: Ruleset): Promise<Finding[]> {
  const spectral = new Spectral();
  spectral.setRuleset(rules);
  const diagnostics = await spectral.run(document).catch((error: unknown) => {
    throw new GovernanceError("lint_failed", `a rule could not be applied: ${reasonOf(error)}`);
  });
  return diagnostics
    .filter(({ code }) => code !== "parser")
    .map((diagnostic) => ({
      ...placeOf(diagnostic),
      rule: String(diagnostic.code),
      severity: SEVERITIES[diagnostic.severity] ?? "error",
      message: diagnostic.message,
      path: formatPath(withIndexes(document.data, diagnostic.path)),
      documentation: documentationOf(String(diagnostic.code)),
    }));
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error && !error.message.includes(error.cause.message)
    ? `${error.message}: ${error.cause.message}`
    : error.message;
}

/** Spectral gives places in lists as text. */
function withIndexes(data: unknown, path: Path): Path {
  let current = data;
  return path.map((step) => {
    const index = Array.isArray(current) && /^\d+$/.test(String(step)) ? Number(step) : null;
    current = index !== null && Array.isArray(current) ? current[index] : field(current, String(step));
    return index ?? step;
  });
}

/** Spectral counts lines and columns from 0. */
function placeOf({ range }: ISpectralDiagnostic): { line: number; column: number } {
  return { line: range.start.line + 1, column: range.start.character + 1 };
}
