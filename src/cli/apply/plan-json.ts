import { redacted } from "../diff.ts";
import type { Outcome } from "./execute.ts";
import { phrase } from "./print-plan.ts";
import { effectOf, type Plan, type Step } from "./steps.ts";

/** The plan, and what became of it, for programs. `outcome` null: nothing was tried. Secrets are not in it. */
export function planJson({ steps, unchanged, surplus, notes }: Plan, outcome: Outcome | null): object {
  const done = new Set(outcome?.done);
  return {
    steps: steps.map((step) => ({
      ...step.subject,
      effect: effectOf(step.action),
      what: phrase(step),
      differences: step.differences.map(redacted),
      done: done.has(step),
      ...errorOf(step, outcome),
    })),
    unchanged,
    surplus,
    notes: [...notes, ...(outcome?.notes ?? [])],
    complete: outcome !== null && outcome.failure === null,
  };
}

function errorOf(step: Step, outcome: Outcome | null): object {
  if (outcome?.failure?.step !== step) return {};
  const { code, message } = outcome.failure.error;
  return { error: { code, message } };
}
