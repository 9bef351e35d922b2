import { Turns } from "../../platform/turns.ts";
import { createWorkerPool, type TaskName, type WorkerPool } from "../../platform/worker-pool.ts";
import type { ComparisonInput, OpenapiComparison } from "../comparison/run-comparison.ts";
import { checkSize } from "../documents/parse-document.ts";
import { GovernanceError, type GovernanceFailure } from "../governance-error.ts";
import type { LintResult } from "./finding.ts";
import type { LintInput } from "./lint-messages.ts";
import { checkRulesetSize } from "./parse-ruleset.ts";

export interface LintOptions {
  /** A team's ruleset, as text (YAML or JSON) or parsed; null or absent: `tidegate:default`. */
  readonly ruleset?: string | object | null;
  /** After this long the lint is given up, from when it is its turn; default 20 s. Most documents take less than one. */
  readonly deadlineMs?: number;
}

export interface Linter {
  /**
   * Lints an OpenAPI 3.0 or 3.1 document, YAML or JSON. What is wrong with the document is in the findings.
   *
   * @throws GovernanceError when the ruleset is wrong, something is too large, deadline or memory do not suffice, or too many wait
   */
  lintOpenapi(text: string, options?: LintOptions): Promise<LintResult>;
  /**
   * What a client of the old document meets in the new one: `compareOpenapi`, with the same thread, turn and deadline.
   *
   * @throws GovernanceError `document_unreadable`, which names the document, or as above
   */
  compareOpenapi(before: string, after: string): Promise<OpenapiComparison>;
  /** Ends the thread. */
  close(): Promise<void>;
}

/** Lints one document, in a thread that ends with it. Who lints more than one keeps a linter. */
export async function lintOpenapi(
  text: string,
  options: LintOptions & { readonly tasksDirectory?: URL } = {},
): Promise<LintResult> {
  const linter = createLinter(options.tasksDirectory === undefined ? {} : { tasksDirectory: options.tasksDirectory });
  try {
    return await linter.lintOpenapi(text, options);
  } finally {
    await linter.close();
  }
}

const DEFAULT_DEADLINE_MS = 20_000;
const HEAP_LIMIT_MIB = 512;
const MAX_WAITING = 32;

/**
 * Lints in a thread of its own, which starts with the first document and ends when there are none: Spectral is loaded
 * there alone. A regular expression that never ends, or a document that unfolds without bound, costs that thread.
 *
 * @param tasksDirectory holds the compiled task files; needed only where this module itself was not compiled
 */
export function createLinter({ tasksDirectory }: { tasksDirectory?: URL } = {}): Linter {
  const pool = createWorkerPool({
    maxThreads: 1,
    heapLimitMiB: HEAP_LIMIT_MIB,
    ...(tasksDirectory === undefined ? {} : { tasksDirectory }),
  });
  // One at a time, and none given to the pool before its turn: Piscina does not replace a thread that was ended for a
  // task that already waits.
  const turns = new Turns(MAX_WAITING);
  const inTurn = async <Result>(task: TaskName, input: object, deadlineMs: number): Promise<Result> => {
    if (turns.isFull) {
      throw new GovernanceError("lint_busy", `${MAX_WAITING} documents are waiting to be judged: try again later`);
    }
    const output = await turns.take(() => runWithin<Result>(pool, task, input, deadlineMs));
    if ("result" in output) return output.result;
    const { code, message, problems } = output.failure;
    throw new GovernanceError(code, message, problems);
  };
  return {
    async lintOpenapi(text, { ruleset = null, deadlineMs = DEFAULT_DEADLINE_MS } = {}) {
      const rules = ruleset === null || typeof ruleset === "string" ? ruleset : JSON.stringify(ruleset);
      checkSize(text);
      if (rules !== null) checkRulesetSize(rules);
      const input: LintInput = { text, ruleset: rules };
      return inTurn<LintResult>("lint-openapi", input, deadlineMs);
    },
    async compareOpenapi(before, after) {
      checkSize(before, "the old document");
      checkSize(after, "the new document");
      const input: ComparisonInput = { before, after };
      return inTurn<OpenapiComparison>("compare-openapi", input, DEFAULT_DEADLINE_MS);
    },
    close: () => pool.close(),
  };
}

type Output<Result> = { readonly result: Result } | { readonly failure: GovernanceFailure };

async function runWithin<Result>(
  pool: WorkerPool,
  task: TaskName,
  input: object,
  deadlineMs: number,
): Promise<Output<Result>> {
  const signal = AbortSignal.timeout(deadlineMs);
  try {
    return await pool.run<object, Output<Result>>(task, input, [], signal);
  } catch (error) {
    if (signal.aborted) {
      throw new GovernanceError(
        "lint_deadline_exceeded",
        `judging the document took longer than ${deadlineMs} ms and was given up: look for regular expressions that backtrack, such as (a+)+, in the ruleset and the document, or split the document`,
      );
    }
    if (error instanceof Error && "code" in error && error.code === "ERR_WORKER_OUT_OF_MEMORY") {
      throw new GovernanceError(
        "lint_memory_exceeded",
        `judging the document needs more than ${HEAP_LIMIT_MIB} MiB: look for references or YAML aliases that unfold without bound`,
      );
    }
    throw error;
  }
}
