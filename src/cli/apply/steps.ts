import type { Difference } from "../diff.ts";
import type { ProviderAction } from "./providers.ts";
import type { DesiredApplication, DesiredRole, DesiredService, DesiredTeam, Terms } from "./state.ts";

/** What a step is about. */
export interface Subject {
  kind:
    | "organisation"
    | "team"
    | "role"
    | "identity provider"
    | "token issuer"
    | "provider"
    | "provider key"
    | "model route"
    | "service"
    | "application"
    | "credential"
    | "subscription";
  /** Of a subscription: `application → service`; of a credential: the application, and what it is found by; of a provider's key: both ids; of the organisation: `policies`. */
  id: string;
  /** null: of the organisation. */
  team: string | null;
}

/** One request that changes something. `revision`: what it must still be, or undefined where the API has none. */
export type Action =
  | { type: "update-organisation"; policies: Readonly<Record<string, unknown>> }
  | { type: "create-team"; team: DesiredTeam }
  | { type: "update-team"; id: string; fields: Partial<DesiredTeam>; revision: number }
  /** `revision` null: it is new. */
  | { type: "put-role"; role: DesiredRole; revision: number | null }
  | { type: "create-identity-provider"; provider: Readonly<Record<string, unknown>> }
  | { type: "update-identity-provider"; id: string; fields: Readonly<Record<string, unknown>>; revision: number }
  | { type: "create-token-issuer"; issuer: Readonly<Record<string, unknown>> }
  | { type: "update-token-issuer"; id: string; fields: Readonly<Record<string, unknown>>; revision: number }
  | ProviderAction
  | { type: "create-service"; service: DesiredService }
  | { type: "update-service"; id: string; fields: ServiceFields; revision: number }
  | { type: "share-service"; id: string; teams: readonly string[] }
  /** `revision` of what was read: an update before it in the plan counts it up. */
  | { type: "publish-service"; id: string; note: string; revision: number | null }
  | { type: "create-application"; application: DesiredApplication }
  | { type: "update-application"; id: string; fields: ApplicationFields; revision: number }
  | { type: "create-credential"; application: string; credential: Readonly<Record<string, unknown>> }
  | {
      type: "update-credential";
      application: string;
      id: string;
      fields: Readonly<Record<string, unknown>>;
      revision: number;
    }
  /** `fields`: what of the new one is another than of the old. */
  | {
      type: "rotate-credential";
      application: string;
      id: string;
      secret: Readonly<Record<string, string>>;
      fields: Readonly<Record<string, unknown>>;
    }
  | { type: "revoke-credential"; application: string; id: string }
  | { type: "request-subscription"; application: string; service: string; terms: Terms }
  | { type: "update-subscription"; id: string; terms: Terms; revision: number }
  | { type: "cancel-subscription"; id: string; revision: number }
  | { type: "delete-application"; id: string; revision: number }
  | { type: "delete-service"; id: string; revision: number }
  | { type: "retire-service"; id: string }
  | { type: "delete-token-issuer"; id: string; revision: number }
  | { type: "delete-role"; id: string; revision: number };

export type ServiceFields = Partial<Omit<DesiredService, "id" | "team" | "sharedWith" | "publish" | "note">>;
export type ApplicationFields = Partial<Pick<DesiredApplication, "name" | "description" | "limits" | "policies">>;

export interface Step {
  subject: Subject;
  action: Action;
  /** For people; secrets are marked. */
  differences: readonly Difference[];
}

/** Something that keeps the whole plan from being carried out. */
export interface Obstacle {
  subject: Subject;
  message: string;
}

export interface Plan {
  /** In the order in which they have to be done. */
  steps: readonly Step[];
  /** What is as it should be. */
  unchanged: readonly Subject[];
  /** What is there but not in the files: removed with `prune` alone. */
  surplus: readonly Subject[];
  /** What is not as it should be, and waits for others. */
  notes: readonly string[];
  obstacles: readonly Obstacle[];
}

export type Effect = "add" | "change" | "publish" | "remove";

/** What a step is to whoever reads the plan. */
export function effectOf(action: Action): Effect {
  const { type } = action;
  if (type === "publish-service") return "publish";
  if (type === "put-role") return action.revision === null ? "add" : "change";
  if (/^(delete|retire|cancel|revoke)-/.test(type)) return "remove";
  return /^(create|request)-/.test(type) ? "add" : "change";
}

export function subjectText({ kind, id }: Subject): string {
  return `${kind} ${id}`;
}
