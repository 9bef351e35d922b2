import type { Check } from "./result.ts";

type Bound = Pick<Check, "what" | "must" | "goal"> & Partial<Pick<Check, "unit" | "bound">>;

/** Judges a measured value; without `unit` and `bound` it is a ratio that must not be exceeded. */
export function judge(bound: Bound, measured: number): Check {
  const check = { unit: "×", bound: "at most", ...bound } as const;
  const holds = (limit: number) => (check.bound === "at most" ? measured <= limit : measured >= limit);
  return {
    ...check,
    measured,
    mustMet: holds(check.must),
    goalMet: check.goal === null ? null : holds(check.goal),
  };
}

/** A bound whose value could not be measured counts as missed. */
export function failed(bound: Bound, failure: string): Check {
  const goalMet = bound.goal === null ? null : false;
  return { unit: "×", bound: "at most", ...bound, measured: null, mustMet: false, goalMet, failure };
}

/** How a bound was met: `goal`, `must`, or not. */
export function verdictOf(check: Check): string {
  if (check.measured === null) return "FAILED";
  if (!check.mustMet) return "MISSED";
  return check.goalMet === true ? "goal" : "must";
}
