import type { GovernanceFailure } from "../governance-error.ts";
import type { LintResult } from "./finding.ts";

// What goes to the thread that lints, and what comes back.

export interface LintInput {
  readonly text: string;
  /** YAML or JSON; null: `tidegate:default`. */
  readonly ruleset: string | null;
}

export type LintOutput = { readonly result: LintResult } | { readonly failure: GovernanceFailure };
