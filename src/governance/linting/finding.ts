export const SEVERITIES = ["error", "warn", "info", "hint"] as const;
export type Severity = (typeof SEVERITIES)[number];

export interface Finding {
  /** e.g. `path-kebab-case` */
  readonly rule: string;
  readonly severity: Severity;
  /** What is wrong, and what to do. */
  readonly message: string;
  /** e.g. `paths./users.get`; "" for the document as a whole. */
  readonly path: string;
  /** From 1, in the text that was linted. */
  readonly line: number;
  readonly column: number;
  /** Where the rule is described, e.g. `governance.md#path-kebab-case`; null for a team's own rules. */
  readonly documentation: string | null;
}

/** How many findings there are of each severity. */
export type LintSummary = Readonly<Record<Severity, number>>;

export interface LintResult {
  /** In the order of the text. Problems of the syntax are among them, with the rule `document-syntax`. */
  readonly findings: readonly Finding[];
  readonly summary: LintSummary;
  /** Those findings that say why the text, or a part of it, could not be read. */
  readonly parseProblems: readonly Finding[];
}

/** Whether a finding is of this severity, or of a worse one. */
export function blocksPublishing(findings: readonly Finding[], severity: Severity): boolean {
  const limit = SEVERITIES.indexOf(severity);
  return findings.some((finding) => SEVERITIES.indexOf(finding.severity) <= limit);
}

export function summarize(findings: readonly Finding[]): LintSummary {
  const count = (severity: Severity) => findings.filter((finding) => finding.severity === severity).length;
  return { error: count("error"), warn: count("warn"), info: count("info"), hint: count("hint") };
}
