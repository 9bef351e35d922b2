import { sha256Hex } from "../ids.ts";
import type { Plane } from "../plane.ts";
import type { Connection } from "../storage/database.ts";
import type { Row, TokenTable, UserTable } from "../storage/tables.ts";
import type { Actor } from "./actor.ts";
import { isPermission, type Permission } from "./permissions.ts";
import { builtInRole, type Role } from "./roles.ts";
import { userOfSession } from "./sessions.ts";

export const TOKEN_KINDS = { personal: "tgp", machine: "tgm" } as const;

/** How exactly it is known when a token was used last. */
const USED_EVERY_MS = 60_000;

export interface Presented {
  /** Of `Authorization: Bearer`. */
  token: string | null;
  /** The session cookie's value. */
  session: string | null;
  address: string;
}

/** Who asks; null: nobody that is known. A token wins over a session. */
export async function recognise(plane: Plane, { token, session, address }: Presented): Promise<Actor | null> {
  if (token !== null) return actorOfToken(plane, token, address);
  if (session === null) return null;
  const user = await userOfSession(plane, session);
  return user === undefined ? null : actorOfUser(plane.db, user, address);
}

export async function actorOfUser(db: Connection, user: Row<UserTable>, address: string): Promise<Actor> {
  const memberships = await db.selectFrom("memberships").selectAll().where("user_id", "=", user.id).execute();
  const roles = await customRoles(db);
  const teams = memberships.map(({ team_id, role }) => [team_id, permissionsOfRole(roles, "team", role)] as const);
  return {
    kind: "user",
    id: user.id,
    name: user.email,
    address,
    userId: user.id,
    organisation: permissionsOfRole(roles, "organisation", user.role),
    teams: new Map(teams),
  };
}

async function actorOfToken(plane: Plane, value: string, address: string): Promise<Actor | null> {
  const nowMs = plane.nowMs();
  const digest = sha256Hex(value);
  const token = await plane.db.selectFrom("tokens").selectAll().where("digest", "=", digest).executeTakeFirst();
  if (token === undefined || token.revoked_at !== null) return null;
  if (token.expires_at !== null && token.expires_at <= nowMs) return null;
  const actor = await actorBehind(plane.db, token, address);
  if (actor === null) return null;
  if (token.last_used_at === null || nowMs - token.last_used_at > USED_EVERY_MS) {
    await plane.db.updateTable("tokens").set({ last_used_at: nowMs }).where("id", "=", token.id).execute();
  }
  return token.scopes === null ? actor : narrowed(actor, parsePermissions(token.scopes));
}

async function actorBehind(db: Connection, token: Row<TokenTable>, address: string): Promise<Actor | null> {
  const { id, name, user_id, team_id, role } = token;
  if (user_id !== null) {
    const user = await db.selectFrom("users").selectAll().where("id", "=", user_id).executeTakeFirst();
    if (user === undefined || user.disabled === 1) return null;
    const actor = await actorOfUser(db, user, address);
    return { ...actor, kind: "token", id, name: `${user.email} (${name})` };
  }
  const roles = await customRoles(db);
  const permissions = permissionsOfRole(roles, team_id === null ? "organisation" : "team", role ?? "");
  return {
    kind: "token",
    id,
    name,
    address,
    userId: null,
    organisation: team_id === null ? permissions : new Set(),
    teams: team_id === null ? new Map() : new Map([[team_id, permissions]]),
  };
}

function narrowed(actor: Actor, scopes: ReadonlySet<Permission>): Actor {
  const within = (permissions: ReadonlySet<Permission>) => new Set([...permissions].filter((one) => scopes.has(one)));
  const teams = [...actor.teams].map(([team, permissions]) => [team, within(permissions)] as const);
  return { ...actor, organisation: within(actor.organisation), teams: new Map(teams) };
}

export async function customRoles(db: Connection): Promise<Role[]> {
  const rows = await db.selectFrom("roles").selectAll().execute();
  return rows.map(({ id, name, scope, permissions }) => {
    return { id, name, scope, permissions: [...parsePermissions(permissions)] };
  });
}

/** A role that is gone allows nothing. */
export function permissionsOfRole(custom: readonly Role[], scope: Role["scope"], id: string): ReadonlySet<Permission> {
  const role = builtInRole(scope, id) ?? custom.find((one) => one.scope === scope && one.id === id);
  return new Set(role?.permissions ?? []);
}

export function parsePermissions(text: string): ReadonlySet<Permission> {
  const names: unknown = JSON.parse(text);
  return new Set(Array.isArray(names) ? names.filter((name) => typeof name === "string").filter(isPermission) : []);
}
