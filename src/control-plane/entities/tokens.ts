import { type Actor, may } from "../access/actor.ts";
import type { Permission } from "../access/permissions.ts";
import { TOKEN_KINDS } from "../access/recognise.ts";
import { newId, newSecret } from "../ids.ts";
import type { Plane } from "../plane.ts";
import { notFound, ProblemError } from "../problem.ts";
import type { Row, TokenTable } from "../storage/tables.ts";
import { found, isoTime, parseJson, require } from "./rows.ts";
import { requireTeamRole, teamExists } from "./teams.ts";

type TokenRow = Row<TokenTable>;

export interface TokenView {
  id: string;
  name: string;
  kind: "personal" | "machine";
  prefix: string;
  /** Of a machine's. */
  team: string | null;
  role: string | null;
  /** Null: all that its owner, or its role, may do. */
  scopes: Permission[] | null;
  created_by: string;
  created_at: string;
  last_used_at: string | null;
  expires_at: string | null;
  revoked_at: string | null;
}

export interface CreatedToken extends TokenView {
  /** Shown this once, and stored nowhere. */
  token: string;
}

export interface NewToken {
  name: string;
  scopes: Permission[] | null;
  expiresAtMs: number | null;
}

/** One's own. */
export async function listPersonalTokens(plane: Plane, actor: Actor): Promise<TokenView[]> {
  const { userId } = actor;
  if (userId === null) return [];
  const rows = await plane.db.selectFrom("tokens").selectAll().where("user_id", "=", userId).orderBy("id").execute();
  return rows.map(viewOf);
}

/** Only by somebody who signed in: a token that makes tokens would outlive its own end. */
export function createPersonalToken(plane: Plane, actor: Actor, token: NewToken): Promise<CreatedToken> {
  if (actor.kind !== "user") throw notFound();
  return insertToken(plane, actor, token, { user_id: actor.userId, team_id: null, role: null });
}

/** By somebody who signed in; a token may end itself, and no other. */
export function revokePersonalToken(plane: Plane, actor: Actor, id: string): Promise<void> {
  return revoke(plane, actor, id, (row) => {
    return row.user_id !== null && row.user_id === actor.userId && (actor.kind === "user" || actor.id === row.id);
  });
}

export async function listMachineTokens(plane: Plane, actor: Actor, team: string): Promise<TokenView[]> {
  require(actor, "token.manage", team);
  if (!(await teamExists(plane.db, team))) throw notFound();
  const rows = await plane.db.selectFrom("tokens").selectAll().where("team_id", "=", team).orderBy("id").execute();
  return rows.map(viewOf);
}

export async function createMachineToken(
  plane: Plane,
  actor: Actor,
  team: string,
  role: string,
  token: NewToken,
): Promise<CreatedToken> {
  require(actor, "token.manage", team);
  if (!(await teamExists(plane.db, team))) throw notFound();
  await requireTeamRole(plane.db, actor, team, role);
  return insertToken(plane, actor, token, { user_id: null, team_id: team, role });
}

export function revokeMachineToken(plane: Plane, actor: Actor, team: string, id: string): Promise<void> {
  return revoke(plane, actor, id, (row) => row.team_id === team && may(actor, "token.manage", team));
}

function insertToken(
  plane: Plane,
  actor: Actor,
  { name, scopes, expiresAtMs }: NewToken,
  owner: Pick<TokenRow, "user_id" | "team_id" | "role">,
): Promise<CreatedToken> {
  return plane.change(actor, async (change) => {
    if (expiresAtMs !== null && expiresAtMs <= change.nowMs) {
      throw new ProblemError("invalid_request", "the token would have expired before it was made", {
        errors: [{ path: "expires_at", message: "expected a time to come" }],
      });
    }
    const secret = newSecret(owner.user_id === null ? TOKEN_KINDS.machine : TOKEN_KINDS.personal);
    const row: TokenRow = {
      ...owner,
      id: newId(change.nowMs),
      name,
      digest: secret.digest,
      prefix: secret.prefix,
      scopes: scopes === null ? null : JSON.stringify(scopes),
      created_by: actor.name,
      created_at: change.nowMs,
      last_used_at: null,
      expires_at: expiresAtMs,
      revoked_at: null,
    };
    await change.trx.insertInto("tokens").values(row).execute();
    const entry = { action: "token.create", subjectType: "token", subjectId: row.id, teamId: row.team_id };
    await change.audit({ ...entry, before: null, after: viewOf(row) });
    return { ...viewOf(row), token: secret.value };
  });
}

function revoke(plane: Plane, actor: Actor, id: string, isOurs: (row: TokenRow) => boolean): Promise<void> {
  return plane.change(actor, async (change) => {
    const before = found(await change.trx.selectFrom("tokens").selectAll().where("id", "=", id).executeTakeFirst());
    if (!isOurs(before)) throw notFound();
    const after = { ...before, revoked_at: before.revoked_at ?? change.nowMs };
    await change.trx.updateTable("tokens").set(after).where("id", "=", id).execute();
    const entry = { action: "token.revoke", subjectType: "token", subjectId: id, teamId: before.team_id };
    await change.audit({ ...entry, before: viewOf(before), after: viewOf(after) });
  });
}

function viewOf(row: TokenRow): TokenView {
  return {
    id: row.id,
    name: row.name,
    kind: row.user_id === null ? "machine" : "personal",
    prefix: row.prefix,
    team: row.team_id,
    role: row.role,
    scopes: row.scopes === null ? null : parseJson<Permission[]>(row.scopes),
    created_by: row.created_by,
    created_at: isoTime(row.created_at),
    last_used_at: isoTime(row.last_used_at),
    expires_at: isoTime(row.expires_at),
    revoked_at: isoTime(row.revoked_at),
  };
}
