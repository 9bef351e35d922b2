import type {
  Application,
  Credential,
  IdentityProvider,
  Role,
  ServiceWithDraft,
  Subscription,
  Team,
  TokenIssuer,
} from "../admin/answers.ts";

import type { ActualProviders, DesiredModelRoute, DesiredProvider } from "./providers.ts";

/** What the files say. */

export interface DesiredTeam {
  id: string;
  name: string;
  description: string;
  /** As they were written. */
  policies: Readonly<Record<string, unknown>>;
}

export interface DesiredRole {
  id: string;
  name: string;
  scope: "organisation" | "team";
  permissions: readonly string[];
}

export interface DesiredIdentityProvider {
  id: string;
  issuer: string;
  /** Or a reference to it. Never shown; null: the file does not name it, and the one that is stored stays. */
  clientSecret: string | object | null;
  /** null: as it fits the client secret. */
  authMethod: string | null;
  /** All others, with their defaults. */
  fields: Readonly<Record<string, unknown>>;
}

export interface DesiredTokenIssuer {
  id: string;
  issuer: string;
  /** `keys` or `jwk_set`. Never shown; null: they are fetched, or the file lacks a secret, and those that are stored stay. */
  keys: Readonly<Record<string, unknown>> | null;
  /** All others, with their defaults. */
  fields: Readonly<Record<string, unknown>>;
}

export interface DesiredCredential {
  kind: "basic" | "hmac" | "jwt" | "mtls";
  /** What it is found by, for people. */
  text: string;
  /** Of the kind, without secrets. */
  fields: Readonly<Record<string, unknown>>;
  /** By the name of its field. Never shown; null: it has none, or the file does not name it, and the one that is stored stays. */
  secret: Readonly<Record<string, string>> | null;
  name: string;
  expires_at: string | null;
  addresses: readonly string[];
}

export interface DesiredService {
  id: string;
  team: string;
  name: string;
  description: string;
  category: string;
  tags: readonly string[];
  documentation: string;
  /** null: it has none. */
  openapi: string | null;
  visibility: string;
  approval: string;
  sharedWith: readonly string[];
  /** The fields of a service in `tidegate.yaml`, as they were written. */
  draft: Readonly<Record<string, unknown>>;
  publish: boolean;
  note: string;
}

export interface DesiredApplication {
  id: string;
  team: string;
  name: string;
  description: string;
  limits: readonly Readonly<Record<string, unknown>>[];
  /** As they were written. */
  policies: Readonly<Record<string, unknown>>;
  /** null: nothing is said of them. */
  credentials: readonly DesiredCredential[] | null;
  /** null: likewise. */
  subscriptions: readonly DesiredSubscription[] | null;
}

export interface DesiredSubscription {
  service: string;
  terms: Terms;
}

/** What the service's team decides of a subscription; what is not there stays as it is. */
export interface Terms {
  expires_at?: string | null;
  limits?: readonly Readonly<Record<string, unknown>>[];
  policies?: Readonly<Record<string, unknown>>;
}

export interface DesiredState {
  /** Of the organisation, as they were written; null: nothing is said of them. */
  policies: Readonly<Record<string, unknown>> | null;
  teams: readonly DesiredTeam[];
  roles: readonly DesiredRole[];
  identityProviders: readonly DesiredIdentityProvider[];
  tokenIssuers: readonly DesiredTokenIssuer[];
  /** Absent: nothing is said of them. */
  providers?: readonly DesiredProvider[];
  models?: readonly DesiredModelRoute[];
  services: readonly DesiredService[];
  applications: readonly DesiredApplication[];
  /** Of what the files list all: only there can something be too much. */
  lists: Readonly<Record<ListedSection, boolean>>;
}

export const LISTED_SECTIONS = ["services", "applications", "models", "providers", "token_issuers", "roles"] as const;
export type ListedSection = (typeof LISTED_SECTIONS)[number];

export function listsBy(isListed: (section: ListedSection) => boolean): DesiredState["lists"] {
  const lists = Object.fromEntries(LISTED_SECTIONS.map((section) => [section, isListed(section)]));
  return lists as Record<ListedSection, boolean>;
}

/** Every team that the files name: what belongs to others is never removed. */
export function teamsNamed({ teams, services, applications }: DesiredState): string[] {
  const named = [...teams.map(({ id }) => id), ...[...services, ...applications].map(({ team }) => team)];
  return [...new Set(named)].sort();
}

/** What the server says. */

export interface ActualService extends ServiceWithDraft {
  /** The draft's document. */
  openapi: string | null;
  /** What is served; null: nothing was ever published. */
  released: { configuration: Readonly<Record<string, unknown>>; openapi: string | null } | null;
}

export interface ActualIdentityProvider extends IdentityProvider {
  /** The client secret is the one that the files name, or they name none. */
  secretFits: boolean;
}

export interface ActualTokenIssuer extends TokenIssuer {
  /** Its keys are those that the files name, or they name none. */
  keysFit: boolean;
}

export interface ActualCredential extends Credential {
  /** Its secret is the one that the files name, or they name none. */
  secretFits: boolean;
}

export interface ActualSubscription extends Subscription {
  /** Who asks may change the terms, and sees all of them. */
  termsAreOurs: boolean;
}

export interface ActualState {
  /** Who asks, as the server calls them in reviews. */
  actor: string;
  /** Of the organisation; null: not asked for, or not ours to see. */
  policies: Readonly<Record<string, unknown>> | null;
  teams: readonly Team[];
  roles: readonly Role[];
  /** null: not asked for, or not ours to see. */
  identityProviders: readonly ActualIdentityProvider[] | null;
  /** null: likewise. */
  tokenIssuers: readonly ActualTokenIssuer[] | null;
  /** null or absent: likewise. */
  ai?: ActualProviders | null;
  /** Those that the files name, and all others of their teams. */
  services: readonly ActualService[];
  applications: readonly Application[];
  /** Of those of which something is said. */
  credentials: readonly ActualCredential[];
  /** Of those applications. */
  subscriptions: readonly ActualSubscription[];
}

/** A place in a file. */
export interface Place {
  file: string;
  line: number;
  column: number;
}

/** By kind and id, e.g. `service billing`. */
export type Places = ReadonlyMap<string, Place>;
