import { z } from "zod";
import type { PoliciesSnapshot } from "../contracts/policies.ts";
import type { LimitSnapshot, ServiceSnapshot } from "../contracts/snapshot.ts";
import { CATALOGUE } from "../providers/catalogue.ts";
import { compileLimits } from "./compile/common.ts";
import { compilePolicies } from "./compile/policies.ts";
import { compileReleases } from "./compile/services.ts";
import { policiesAt } from "./schema/policies.ts";
import { service } from "./schema/service.ts";
import { withReferences } from "./secrets/stored-references.ts";
import { validateValue } from "./validate.ts";

export interface DocumentProblem {
  /** Within the document, e.g. `routes[0].path`. */
  path: string;
  message: string;
}

export type ServiceDocument =
  | { ok: true; service: ServiceSnapshot }
  | { ok: false; problems: readonly DocumentProblem[] };

/** What a service in a file says of itself, and of one with releases somebody decides. */
const LIFECYCLE = ["canary", "deprecation", "retired"];

const OPTIONS = { catalogue: CATALOGUE, baseDirectory: process.cwd() };

/**
 * A service as `tidegate.yaml` has it, but from elsewhere: checked by the same rules, compiled the same way. `id` and `team` are
 * not the document's to say.
 */
export function readServiceDocument(id: string, team: string, document: object): ServiceDocument {
  const problems = LIFECYCLE.filter((key) => Object.hasOwn(document, key)).map((path) => {
    return { path, message: "is part of the lifecycle, not of a release: there are requests for it" };
  });
  if (problems.length > 0) return { ok: false, problems };
  const referencing = withReferences(document, service);
  if (referencing.problems.length > 0) return { ok: false, problems: referencing.problems };
  const services = [{ ...referencing.document, id, team }];
  const validation = validateValue({ version: 1, services }, "service", OPTIONS);
  const [compiled] = (validation.configuration?.services ?? []).flatMap((one) => {
    return compileReleases(one, OPTIONS.baseDirectory);
  });
  if (compiled === undefined) return { ok: false, problems: within(validation.problems, "services[0]") };
  return { ok: true, service: compiled };
}

/** Of these, a team may have the most kinds. */
export const anyPolicies = z.object({ policies: policiesAt("team") });

/** Whose policies are kept elsewhere than in a file, and where `tidegate.yaml` has those of one. */
const POLICIES_OWNERS = {
  organisation: { at: "", in: (policies: unknown) => ({ policies }) },
  team: { at: "teams[0]", in: (policies: unknown) => ({ teams: [{ id: "team", policies }] }) },
  application: {
    at: "applications[0]",
    in: (policies: unknown) => ({ applications: [{ id: "application", policies }] }),
  },
  subscription: {
    at: "applications[0].subscriptions[0]",
    in: (policies: unknown) => {
      const subscriptions = [{ service: "service", policies }];
      return { services: [ANY_SERVICE], applications: [{ id: "application", subscriptions }] };
    },
  },
  "mcp subscription": {
    at: "applications[0].subscriptions[0]",
    in: (policies: unknown) => {
      const subscriptions = [{ service: "service", policies }];
      return { services: [{ ...ANY_SERVICE, kind: "mcp" }], applications: [{ id: "application", subscriptions }] };
    },
  },
  "ai subscription": {
    at: "applications[0].subscriptions[0]",
    in: (policies: unknown) => ({
      applications: [{ id: "application", subscriptions: [{ service: "ai", policies }] }],
    }),
  },
} as const;

const ANY_SERVICE = { id: "service", routes: [{ path: "/" }], upstream: { targets: [{ url: "http://127.0.0.1" }] } };

export type PoliciesOwner = keyof typeof POLICIES_OWNERS;

export type PoliciesDocument =
  | { ok: true; policies: PoliciesSnapshot | undefined }
  | { ok: false; problems: readonly DocumentProblem[] };

/** Policies as the owner has them in `tidegate.yaml`. */
export function readPoliciesDocument(owner: PoliciesOwner, policies: unknown): PoliciesDocument {
  const { at, in: inside } = POLICIES_OWNERS[owner];
  const referencing = withReferences({ policies }, anyPolicies);
  if (referencing.problems.length > 0) return { ok: false, problems: referencing.problems };
  const document = { version: 1, ...inside(referencing.document.policies) };
  const { configuration, problems } = validateValue(document, "policies", OPTIONS);
  if (configuration === null) return { ok: false, problems: within(problems, at) };
  const [team] = configuration.teams ?? [];
  const [application] = configuration.applications;
  const read = {
    organisation: configuration.policies,
    team: team?.policies,
    application: application?.policies,
    subscription: application?.subscriptions[0]?.policies,
    "mcp subscription": application?.subscriptions[0]?.policies,
    "ai subscription": application?.subscriptions[0]?.policies,
  }[owner];
  return { ok: true, policies: compilePolicies(read ?? {}) };
}

export type LimitsDocument =
  | { ok: true; limits: LimitSnapshot[] }
  | { ok: false; problems: readonly DocumentProblem[] };

/** Limits as an application in `tidegate.yaml` has them. */
export function readLimitsDocument(limits: unknown): LimitsDocument {
  const applications = [{ id: "application", limits }];
  const { configuration, problems } = validateValue({ version: 1, applications }, "limits", OPTIONS);
  const [application] = configuration?.applications ?? [];
  if (application === undefined) return { ok: false, problems: within(problems, "applications[0]") };
  return { ok: true, limits: compileLimits(application.limits) };
}

/** Problems with their paths from where `prefix` leads. */
export function within(problems: readonly { path: string; message: string }[], prefix: string): DocumentProblem[] {
  return problems.map(({ path, message }) => {
    const inner = path.startsWith(prefix) ? path.slice(prefix.length).replace(/^\./, "") : path;
    return { path: inner, message };
  });
}
