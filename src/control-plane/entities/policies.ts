import { anyPolicies, type PoliciesOwner, readPoliciesDocument } from "../../snapshot/service-document.ts";
import type { Plane } from "../plane.ts";
import { ProblemError } from "../problem.ts";
import { policyFaults } from "./draft-rules.ts";
import { referenceFaults } from "./reference-rules.ts";

/** As in `tidegate.yaml`. */
export type Policies = Readonly<Record<string, unknown>>;

export const NO_POLICIES = "{}";

/** As they are stored. `team`: whose secrets they may refer to; null: the organisation's. Throws `invalid_request`. */
export function checkedPolicies(
  { referenceRules }: Pick<Plane, "referenceRules">,
  owner: PoliciesOwner,
  policies: Policies,
  team: string | null,
): string {
  const read = readPoliciesDocument(owner, policies);
  const errors = [
    ...(read.ok ? referenceFaults(referenceRules, { policies }, anyPolicies, team) : read.problems),
    ...policyFaults(policies, "policies"),
  ];
  const [first] = errors;
  if (first === undefined) return JSON.stringify(policies);
  throw new ProblemError("invalid_request", `${first.path}: ${first.message}`, {
    errors: errors.map(({ path, message }) => ({ path, message })),
  });
}
