import { PERMISSIONS, type Permission } from "./permissions.ts";

/** Whoever asks. What they may do was looked up when they were recognised, and holds for one request. */
export interface Actor {
  kind: "user" | "token" | "system";
  /** Of the user or token; `system` for Tidegate itself. */
  id: string;
  /** For the audit trail: an e-mail address, or a token's name. */
  name: string;
  address: string;
  /** The person behind: null for machines. */
  userId: string | null;
  /** Hold everywhere. */
  organisation: ReadonlySet<Permission>;
  /** Hold in the teams they are listed under. */
  teams: ReadonlyMap<string, ReadonlySet<Permission>>;
}

/** `teamId` null: in the organisation. */
export function may(actor: Actor, permission: Permission, teamId: string | null): boolean {
  if (actor.organisation.has(permission)) return true;
  if (PERMISSIONS[permission].scope === "organisation" || teamId === null) return false;
  return actor.teams.get(teamId)?.has(permission) === true;
}

/** The teams in which the actor may do it; `all`: everywhere. */
export function teamsWith(actor: Actor, permission: Permission): "all" | string[] {
  if (actor.organisation.has(permission)) return "all";
  return [...actor.teams].filter(([, permissions]) => permissions.has(permission)).map(([team]) => team);
}

/** Whether the actor has all of these, in the team or (null) in the organisation: nobody gives, or takes away, more. */
export function hasAll(actor: Actor, permissions: Iterable<Permission>, teamId: string | null): boolean {
  return [...permissions].every((permission) => may(actor, permission, teamId));
}

/** Belongs to the organisation at all: a member of a team, or with a say in the whole. */
export function teamsOf(actor: Actor): string[] {
  return [...actor.teams.keys()];
}

/** Tidegate itself, at its start. */
export const SYSTEM: Actor = {
  kind: "system",
  id: "system",
  name: "system",
  address: "",
  userId: null,
  organisation: new Set(),
  teams: new Map(),
};
