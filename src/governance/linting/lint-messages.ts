import type { GovernanceErrorCode, RulesetProblem } from "../governance-error.ts";
import type { LintResult } from "./finding.ts";

// What goes to the thread that lints, and what comes back.

export interface LintInput {
  readonly text: string;
  /** YAML or JSON; null: `tidegate:default`. */
  readonly ruleset: string | null;
}

/** An error that crosses the border between threads as data. */
export interface LintFailure {
  readonly code: GovernanceErrorCode;
  readonly message: string;
  readonly problems: readonly RulesetProblem[];
}

export type LintOutput = { readonly result: LintResult } | { readonly failure: LintFailure };
