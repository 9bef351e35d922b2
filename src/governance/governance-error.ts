/** One thing wrong with a team's ruleset. */
export interface RulesetProblem {
  /** e.g. `rules.my-rule.then.function`; "" for the ruleset as a whole. */
  readonly path: string;
  readonly message: string;
  /** From 1, of the ruleset's text. */
  readonly line: number;
  readonly column: number;
}

export type GovernanceErrorCode =
  | "document_too_large"
  | "document_unreadable"
  | "ruleset_too_large"
  | "ruleset_invalid"
  | "lint_busy"
  | "lint_deadline_exceeded"
  | "lint_memory_exceeded"
  | "lint_failed";

/** An error that crosses the border between threads as data. */
export interface GovernanceFailure {
  readonly code: GovernanceErrorCode;
  readonly message: string;
  readonly problems: readonly RulesetProblem[];
}

/** Why a document could not be judged at all. What is wrong with the document itself is a finding, not an error. */
export class GovernanceError extends Error {
  readonly code: GovernanceErrorCode;
  /** Of the ruleset; empty for the other codes. */
  readonly problems: readonly RulesetProblem[];

  constructor(code: GovernanceErrorCode, message: string, problems: readonly RulesetProblem[] = []) {
    super(message);
    this.name = "GovernanceError";
    this.code = code;
    this.problems = problems;
  }
}
