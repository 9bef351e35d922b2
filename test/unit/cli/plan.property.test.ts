import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { planFor } from "../../../src/cli/apply/plan.ts";
import { currentOnes } from "../../../src/cli/apply/plan-credentials.ts";
import { type ActualState, type DesiredState, teamsNamed } from "../../../src/cli/apply/state.ts";
import { effectOf } from "../../../src/cli/apply/steps.ts";
import { runs } from "../../helpers/property-runs.ts";
import { applied } from "./server-model.ts";
import { actualStates, desiredStates } from "./states.arbitraries.ts";

const both = { numRuns: runs(400) };

describe("a plan", () => {
  it("leads from any state to the one that is wanted, and there is nothing to do then", () => {
    fc.assert(
      fc.property(desiredStates, actualStates, fc.boolean(), (desired, actual, prune) => {
        const plan = planFor(desired, actual, { prune });
        expect(plan.obstacles).toEqual([]);
        const state = applied(actual, plan.steps);
        expectToHold(desired, state);
        const again = planFor(desired, state, { prune });
        expect(again.steps).toEqual([]);
        expect(again.obstacles).toEqual([]);
      }),
      both,
    );
  });

  it("removes nothing unless it is asked to, and then nothing of teams that the files do not name", () => {
    fc.assert(
      fc.property(desiredStates, actualStates, (desired, actual) => {
        const careful = planFor(desired, actual, { prune: false });
        expect(careful.steps.filter(({ action }) => effectOf(action) === "remove")).toEqual([]);
        const pruning = planFor(desired, actual, { prune: true });
        const removals = pruning.steps.filter(({ action }) => effectOf(action) === "remove");
        expect(removals.map(({ subject }) => subject)).toEqual(careful.surplus);
        for (const { subject } of removals) {
          if (subject.team !== null) expect(teamsNamed(desired)).toContain(subject.team);
          else expect(["token issuer", "role"]).toContain(subject.kind);
        }
      }),
      both,
    );
  });

  it("leaves nothing of the files' teams that is not in the files when it prunes", () => {
    fc.assert(
      fc.property(desiredStates, actualStates, (desired, actual) => {
        const state = applied(actual, planFor(desired, actual, { prune: true }).steps);
        const living = state.services.filter((one) => one.state !== "retired");
        expect(idsOf(living)).toEqual(idsOf(desired.services));
        expect(idsOf(state.applications)).toEqual(idsOf(desired.applications));
        if (desired.lists.roles) expect(idsOf(state.roles)).toEqual(idsOf(desired.roles));
        if (desired.lists.token_issuers) expect(idsOf(state.tokenIssuers ?? [])).toEqual(idsOf(desired.tokenIssuers));
      }),
      both,
    );
  });
});

function expectToHold(desired: DesiredState, actual: ActualState): void {
  const byId = <One extends { id: string }>(all: readonly One[], id: string) => all.find((one) => one.id === id);
  if (desired.policies !== null) expect(actual.policies).toEqual(desired.policies);
  for (const { id, fields, authMethod } of desired.identityProviders) {
    const provider = byId(actual.identityProviders ?? [], id);
    expect(provider).toMatchObject(fields);
    expect(provider?.has_client_secret).toBe(authMethod !== "none");
    if (authMethod !== "none") expect(provider?.secretFits).toBe(true);
  }
  for (const team of desired.teams) expect(byId(actual.teams, team.id)).toMatchObject(team);
  for (const { id, permissions } of desired.roles) {
    expect([...(byId(actual.roles, id)?.permissions ?? [])].sort()).toEqual([...permissions].sort());
  }
  for (const { sharedWith, publish, note: _note, ...fields } of desired.services) {
    const service = byId(actual.services, fields.id);
    expect(service).toMatchObject(fields);
    expect([...(service?.shared_with ?? [])].sort()).toEqual([...sharedWith].sort());
    if (publish) expect(service?.released).toEqual({ configuration: fields.draft, openapi: fields.openapi });
  }
  for (const { id, keys: _keys, fields } of desired.tokenIssuers) {
    expect(byId(actual.tokenIssuers ?? [], id)).toMatchObject({ ...fields, keysFit: true });
  }
  for (const { subscriptions, credentials, ...fields } of desired.applications) {
    expect(byId(actual.applications, fields.id)).toMatchObject(fields);
    const current = currentOnes(actual.credentials, fields.id);
    for (const { text, name, expires_at, addresses } of credentials ?? []) {
      expect(current.get(text)).toMatchObject({ name, expires_at, addresses, secretFits: true });
    }
    const held = actual.subscriptions.filter(({ application }) => application === fields.id);
    const live = held.filter(({ state }) => state === "approved" || state === "pending").map(({ service }) => service);
    expect(live).toEqual(expect.arrayContaining((subscriptions ?? []).map(({ service }) => service)));
    for (const { service, terms } of subscriptions ?? []) {
      const one = held.find((each) => each.service === service);
      if (one?.state === "approved") expect(one).toMatchObject(terms);
    }
  }
}

function idsOf(all: readonly { id: string }[]): string[] {
  return all.map(({ id }) => id).sort();
}
