import { parseOpenapi } from "../documents/parse-document.ts";
import { GovernanceError, type GovernanceFailure } from "../governance-error.ts";
import type { Change } from "./change.ts";
import { compareOpenapi } from "./compare-openapi.ts";
import { announcesBreakingChanges } from "./version-step.ts";

// What goes to the thread that compares, and what comes back.

export interface ComparisonInput {
  readonly before: string;
  readonly after: string;
}

export interface OpenapiComparison {
  readonly changes: readonly Change[];
  /** `info.version` says that clients must expect breaking changes. */
  readonly breakingChangesAnnounced: boolean;
}

export type ComparisonOutput = { readonly result: OpenapiComparison } | { readonly failure: GovernanceFailure };

/** The work of workers/tasks/compare-openapi.ts. */
export function runComparisonTask(input: ComparisonInput): ComparisonOutput {
  try {
    return { result: compareTexts(input) };
  } catch (error) {
    if (!(error instanceof GovernanceError)) throw error;
    return { failure: { code: error.code, message: error.message, problems: error.problems } };
  }
}

/** @throws GovernanceError `document_unreadable` or `document_too_large` */
export function compareTexts({ before, after }: ComparisonInput): OpenapiComparison {
  const old = parseOpenapi(before, "the old document");
  const now = parseOpenapi(after, "the new document");
  return { changes: compareOpenapi(old, now), breakingChangesAnnounced: announcesBreakingChanges(old, now) };
}
