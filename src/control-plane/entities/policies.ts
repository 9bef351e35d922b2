import { type PoliciesOwner, readPoliciesDocument } from "../../snapshot/service-document.ts";
import { ProblemError } from "../problem.ts";
import { policyFaults } from "./draft-rules.ts";

/** As in `tidegate.yaml`. */
export type Policies = Readonly<Record<string, unknown>>;

export const NO_POLICIES = "{}";

/** As they are stored. Throws `invalid_request`. */
export function checkedPolicies(owner: PoliciesOwner, policies: Policies): string {
  const read = readPoliciesDocument(owner, policies);
  const errors = [...(read.ok ? [] : read.problems), ...policyFaults(policies, "policies")];
  const [first] = errors;
  if (first === undefined) return JSON.stringify(policies);
  throw new ProblemError("invalid_request", `${first.path}: ${first.message}`, {
    errors: errors.map(({ path, message }) => ({ path, message })),
  });
}
