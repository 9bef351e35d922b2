import type { Application, Role, ServiceWithDraft, Subscription, Team } from "../admin/answers.ts";

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
  subscriptions: readonly string[] | null;
}

export interface DesiredState {
  teams: readonly DesiredTeam[];
  roles: readonly DesiredRole[];
  services: readonly DesiredService[];
  applications: readonly DesiredApplication[];
  /** Of what the files list all: only there can something be too much. */
  lists: { services: boolean; applications: boolean };
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

export interface ActualState {
  /** Who asks, as the server calls them in reviews. */
  actor: string;
  teams: readonly Team[];
  roles: readonly Role[];
  /** Those that the files name, and all others of their teams. */
  services: readonly ActualService[];
  applications: readonly Application[];
  /** Of those applications. */
  subscriptions: readonly Subscription[];
}

/** A place in a file. */
export interface Place {
  file: string;
  line: number;
  column: number;
}

/** By kind and id, e.g. `service billing`. */
export type Places = ReadonlyMap<string, Place>;
