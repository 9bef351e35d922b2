import { expect, it } from "vitest";
import type { PoliciesSnapshot } from "../../../src/contracts/policies.ts";
import { compilePolicies, type PolicyLayer } from "../../../src/data-plane/pipeline/policies/compile-policies.ts";

it("bug: a route's schema was compiled again, while calls waited, for each caller with policies of its own", () => {
  const route: PoliciesSnapshot = { requestSchema: { schema: '{"type":"object"}', maxBytes: 1_000 } };
  const ofCaller = (name: string): PolicyLayer => ({
    level: "application",
    policies: { requestHeaders: { add: [], set: [["x-caller", name]], remove: [] } },
  });
  const ofRoute: PolicyLayer = { level: "route", policies: route };
  const [one, other] = ["one", "other"].map((name) => compilePolicies([ofCaller(name), ofRoute]));
  expect(one?.edits).not.toEqual(other?.edits);
  expect(one?.requestSchema?.validate({})).toEqual([]);
  expect(one?.requestSchema).toBe(other?.requestSchema);
});
