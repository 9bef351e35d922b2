import { type Actor, hasAll } from "../access/actor.ts";
import { hashPassword, passwordMatches, requirePassword } from "../access/passwords.ts";
import { customRoles, permissionsOfRole } from "../access/recognise.ts";
import { builtInRole } from "../access/roles.ts";
import { newId } from "../ids.ts";
import type { Change, Plane } from "../plane.ts";
import { notFound, ProblemError } from "../problem.ts";
import type { Connection } from "../storage/database.ts";
import type { Row, UserTable } from "../storage/tables.ts";
import { decodeCursor, type Page, type PageRequest, pageOf } from "./pages.ts";
import { found, inserting, isoTime, require, requireRevision } from "./rows.ts";
import { requireWayIn } from "./way-in.ts";

type UserRow = Row<UserTable>;

export interface UserView {
  id: string;
  email: string;
  name: string;
  /** In the organisation. */
  role: string;
  /** The role comes from the groups of an identity provider, and goes with them. */
  role_from_groups: boolean;
  disabled: boolean;
  created_at: string;
  last_sign_in_at: string | null;
  revision: number;
}

export const userView = (row: UserRow): UserView => ({
  id: row.id,
  email: row.email,
  name: row.name,
  role: row.role,
  role_from_groups: row.role_from_groups === 1,
  disabled: row.disabled === 1,
  created_at: isoTime(row.created_at),
  last_sign_in_at: isoTime(row.last_sign_in_at),
  revision: row.revision,
});

export async function listUsers(plane: Plane, actor: Actor, page: PageRequest): Promise<Page<UserView>> {
  require(actor, "user.read", null);
  let query = plane.db
    .selectFrom("users")
    .selectAll()
    .orderBy("id")
    .limit(page.limit + 1);
  const after = decodeCursor(page.cursor);
  if (after !== null) query = query.where("id", ">", after);
  return pageOf(await query.execute(), page, ({ id }) => id, userView);
}

export async function getUser(plane: Plane, actor: Actor, id: string): Promise<UserView> {
  if (actor.userId !== id) require(actor, "user.read", null);
  return userView(await userRow(plane.db, id));
}

export interface NewUser {
  email: string;
  name: string;
  role: string;
  /** null: signs in elsewhere. */
  password: string | null;
}

export async function createUser(plane: Plane, actor: Actor, user: NewUser): Promise<UserView> {
  require(actor, "user.manage", null);
  if (user.password !== null) requirePassword(user.password);
  await requireOrganisationRole(plane.db, actor, user.role);
  const passwordHash = user.password === null ? null : await hashPassword(user.password, plane.passwordCost);
  return plane.change(actor, (change) => insertUser(change, user, passwordHash));
}

/** Within a change of whoever may; a password is hashed before it. */
export async function insertUser(change: Change, user: NewUser, passwordHash: string | null): Promise<UserView> {
  const row: UserRow = {
    id: newId(change.nowMs),
    email: user.email.trim().toLowerCase(),
    name: user.name,
    password_hash: passwordHash,
    role: user.role,
    role_from_groups: 0,
    disabled: 0,
    created_at: change.nowMs,
    last_sign_in_at: null,
    revision: 1,
  };
  await inserting(`a user ${row.email}`, () => change.trx.insertInto("users").values(row).execute());
  const entry = { action: "user.create", subjectType: "user", subjectId: row.id, teamId: null };
  await change.audit({ ...entry, before: null, after: userView(row) });
  return userView(row);
}

export interface UserFields {
  name?: string | undefined;
  role?: string | undefined;
  disabled?: boolean | undefined;
}

/** People may change their own name; all else is an administrator's. */
export async function updateUser(
  plane: Plane,
  actor: Actor,
  id: string,
  fields: UserFields,
  revision: number | null,
): Promise<UserView> {
  const isOwnName = actor.userId === id && fields.role === undefined && fields.disabled === undefined;
  if (!isOwnName) require(actor, "user.manage", null);
  if (fields.role !== undefined) await requireOrganisationRole(plane.db, actor, fields.role);
  return plane.change(actor, async (change) => {
    const before = await userRow(change.trx, id);
    requireRevision(before, revision);
    if (!isOwnName) await requireNotAbove(change.trx, actor, before.role);
    const after: UserRow = {
      ...before,
      name: fields.name ?? before.name,
      role: fields.role ?? before.role,
      role_from_groups: fields.role === undefined ? before.role_from_groups : 0,
      disabled: fields.disabled === undefined ? before.disabled : Number(fields.disabled),
      revision: before.revision + 1,
    };
    await change.trx.updateTable("users").set(after).where("id", "=", id).execute();
    if (after.disabled === 1) await change.trx.deleteFrom("sessions").where("user_id", "=", id).execute();
    await requireAnOwner(change.trx);
    await requireWayIn(change.trx);
    const entry = { action: "user.update", subjectType: "user", subjectId: id, teamId: null };
    await change.audit({ ...entry, before: userView(before), after: userView(after) });
    return userView(after);
  });
}

/** Ends all sessions of the user, this one too: they sign in again. */
export async function changePassword(plane: Plane, actor: Actor, current: string, next: string): Promise<void> {
  const { userId } = actor;
  if (userId === null || actor.kind !== "user") throw notFound();
  const row = await userRow(plane.db, userId);
  // Whoever took over a session must not find out the password.
  plane.throttle.begin(row.email, actor.address, plane.nowMs());
  if (!(await passwordMatches(row.password_hash, current, plane.passwordCost))) {
    throw new ProblemError("invalid_login", "the current password is wrong");
  }
  plane.throttle.succeeded(row.email, actor.address);
  requirePassword(next);
  await storePassword(plane, actor, userId, await hashPassword(next, plane.passwordCost), "user.password");
}

/** By an administrator, for somebody who forgot theirs. */
export async function resetPassword(plane: Plane, actor: Actor, id: string, password: string): Promise<void> {
  require(actor, "user.manage", null);
  const row = await userRow(plane.db, id);
  await requireNotAbove(plane.db, actor, row.role);
  requirePassword(password);
  await storePassword(plane, actor, id, await hashPassword(password, plane.passwordCost), "user.password_reset");
}

function storePassword(plane: Plane, actor: Actor, id: string, hash: string, action: string): Promise<void> {
  return plane.change(actor, async (change) => {
    const row = await userRow(change.trx, id);
    await change.trx
      .updateTable("users")
      .set({ password_hash: hash, revision: row.revision + 1 })
      .where("id", "=", id)
      .execute();
    await change.trx.deleteFrom("sessions").where("user_id", "=", id).execute();
    await change.audit({ action, subjectType: "user", subjectId: id, teamId: null, before: null, after: null });
  });
}

/** The first one, at the first start: nobody is there who could make them. Null: there are users already. */
export async function createFirstUser(
  plane: Plane,
  actor: Actor,
  email: string,
  password: string,
): Promise<UserView | null> {
  if (await hasUsers(plane.db)) return null;
  requirePassword(password);
  const user = { email, name: "Administrator", role: "owner", password };
  const hash = await hashPassword(password, plane.passwordCost);
  return plane.change(actor, async (change) => {
    // Of two control processes that start at once, one makes the first user.
    return (await hasUsers(change.trx)) ? null : insertUser(change, user, hash);
  });
}

async function hasUsers(db: Connection): Promise<boolean> {
  return (await db.selectFrom("users").select("id").limit(1).executeTakeFirst()) !== undefined;
}

/** Somebody who may do more is out of reach, as if they were not there: whoever changes them could become them. */
export async function requireNotAbove(db: Connection, actor: Actor, role: string): Promise<void> {
  if (!hasAll(actor, permissionsOfRole(await customRoles(db), "organisation", role), null)) throw notFound();
}

/** A role that there is, and that allows nothing that the actor may not do: only owners make owners. */
export async function requireOrganisationRole(db: Connection, actor: Actor, role: string): Promise<void> {
  const custom = (await customRoles(db)).filter(({ scope }) => scope === "organisation");
  if (builtInRole("organisation", role) !== undefined || custom.some(({ id }) => id === role)) {
    if (hasAll(actor, permissionsOfRole(custom, "organisation", role), null)) return;
    throw new ProblemError(
      "invalid_request",
      `role ${role} allows more than you may do yourself, so you can't give it`,
      {
        errors: [{ path: "role", message: "allows more than you may do yourself" }],
      },
    );
  }
  const known = ["owner", "admin", "auditor", "member", ...custom.map(({ id }) => id)].join(", ");
  throw new ProblemError("invalid_request", `there is no role ${role} in the organisation; known: ${known}`, {
    errors: [{ path: "role", message: `expected one of ${known}` }],
  });
}

/** An organisation without an owner could never get one again. */
async function requireAnOwner(db: Connection): Promise<void> {
  if (await hasOtherOwner(db, null)) return;
  throw new ProblemError("conflict", "this is the last owner: make somebody else an owner first");
}

/** Somebody who is an owner and not disabled, beside that user. */
export async function hasOtherOwner(db: Connection, userId: string | null): Promise<boolean> {
  const owners = db.selectFrom("users").select("id").where("role", "=", "owner").where("disabled", "=", 0);
  const others = userId === null ? owners : owners.where("id", "!=", userId);
  return (await others.limit(1).executeTakeFirst()) !== undefined;
}

/** Within a change of an identity provider's: the role that somebody's groups come to. */
export async function setRoleFromGroups(change: Change, before: UserRow, role: string): Promise<UserRow> {
  const after: UserRow = { ...before, role, role_from_groups: 1, revision: before.revision + 1 };
  await change.trx.updateTable("users").set(after).where("id", "=", before.id).execute();
  const entry = { action: "user.update", subjectType: "user", subjectId: before.id, teamId: null };
  await change.audit({ ...entry, before: userView(before), after: userView(after) });
  return after;
}

export async function userRow(db: Connection, id: string): Promise<UserRow> {
  return found(await db.selectFrom("users").selectAll().where("id", "=", id).executeTakeFirst());
}
