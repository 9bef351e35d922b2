import type { Selectable } from "kysely";
import { type Actor, hasAll, may, teamsWith } from "../access/actor.ts";
import { customRoles, permissionsOfRole } from "../access/recognise.ts";
import { builtInRole } from "../access/roles.ts";
import type { Change, Plane } from "../plane.ts";
import { ProblemError } from "../problem.ts";
import type { Connection } from "../storage/database.ts";
import type { TeamTable } from "../storage/tables.ts";
import { withPoliciesRedacted } from "./audit-redaction.ts";
import { decodeCursor, type Page, type PageRequest, pageOf } from "./pages.ts";
import { checkedPolicies, type Policies } from "./policies.ts";
import { found, inserting, isoTime, parseJson, require, requireRevision } from "./rows.ts";

type TeamRow = Selectable<TeamTable>;

export interface TeamView {
  id: string;
  name: string;
  description: string;
  policies: Policies;
  created_at: string;
  revision: number;
}

export interface MemberView {
  user_id: string;
  email: string;
  name: string;
  role: string;
  /** The role comes from the groups of an identity provider, and goes with them. */
  role_from_groups: boolean;
  created_at: string;
}

const viewOf = ({ id, name, description, policies, created_at, revision }: TeamRow): TeamView => {
  return { id, name, description, policies: parseJson<Policies>(policies), created_at: isoTime(created_at), revision };
};

/** Those the actor belongs to, or all. */
export async function listTeams(plane: Plane, actor: Actor, page: PageRequest): Promise<Page<TeamView>> {
  const teams = teamsWith(actor, "team.read");
  let query = plane.db
    .selectFrom("teams")
    .selectAll()
    .orderBy("id")
    .limit(page.limit + 1);
  const after = decodeCursor(page.cursor);
  if (after !== null) query = query.where("id", ">", after);
  if (teams !== "all") query = query.where("id", "in", teams.length === 0 ? [""] : teams);
  return pageOf(await query.execute(), page, ({ id }) => id, viewOf);
}

export async function getTeam(plane: Plane, actor: Actor, id: string): Promise<TeamView> {
  require(actor, "team.read", id);
  return viewOf(await teamRow(plane.db, id));
}

export function createTeam(
  plane: Plane,
  actor: Actor,
  team: { id: string; name: string; description: string; policies?: Policies | undefined },
): Promise<TeamView> {
  require(actor, "team.create", null);
  return plane.change(actor, async (change) => {
    const policies = checkedPolicies(plane, "team", team.policies ?? {}, team.id);
    const row = { ...team, ruleset: null, policies, created_at: change.nowMs, revision: 1 };
    await inserting(`a team ${team.id}`, () => change.trx.insertInto("teams").values(row).execute());
    if (team.policies !== undefined) change.touch({ kind: "team", id: team.id });
    await auditTeam(change, "team.create", team.id, null, viewOf(row));
    // Whoever makes a team owns it, unless the organisation's roles say so already.
    if (actor.userId !== null && !may(actor, "team.manage", team.id))
      await putMember(change, team.id, actor.userId, "owner");
    return viewOf(row);
  });
}

export function updateTeam(
  plane: Plane,
  actor: Actor,
  id: string,
  fields: { name?: string | undefined; description?: string | undefined; policies?: Policies | undefined },
  revision: number | null,
): Promise<TeamView> {
  require(actor, "team.manage", id);
  return plane.change(actor, async (change) => {
    const before = await teamRow(change.trx, id);
    requireRevision(before, revision);
    const after = {
      ...before,
      name: fields.name ?? before.name,
      description: fields.description ?? before.description,
      policies: fields.policies === undefined ? before.policies : checkedPolicies(plane, "team", fields.policies, id),
      revision: before.revision + 1,
    };
    if (fields.policies !== undefined) change.touch({ kind: "team", id });
    await change.trx.updateTable("teams").set(after).where("id", "=", id).execute();
    await auditTeam(change, "team.update", id, viewOf(before), viewOf(after));
    return viewOf(after);
  });
}

/** A team that owns something can't be removed: what it owns would be nobody's. */
export function deleteTeam(plane: Plane, actor: Actor, id: string, revision: number | null): Promise<void> {
  require(actor, "team.manage", id);
  return plane.change(actor, async (change) => {
    const row = await teamRow(change.trx, id);
    requireRevision(row, revision);
    for (const table of ["services", "applications"] as const) {
      const owned = await change.trx
        .selectFrom(table)
        .select("id")
        .where("team_id", "=", id)
        .limit(1)
        .executeTakeFirst();
      if (owned === undefined) continue;
      throw new ProblemError(
        "in_use",
        `the team still owns ${table}, e.g. ${owned.id}: remove them, or give them to another team`,
      );
    }
    await change.trx.deleteFrom("teams").where("id", "=", id).execute();
    change.touch({ kind: "team", id });
    await auditTeam(change, "team.delete", id, viewOf(row), null);
  });
}

// --- members ---

export async function listMembers(plane: Plane, actor: Actor, teamId: string): Promise<MemberView[]> {
  require(actor, "team.read", teamId);
  await teamRow(plane.db, teamId);
  const rows = await plane.db
    .selectFrom("memberships")
    .innerJoin("users", "users.id", "memberships.user_id")
    .select(["users.id", "users.email", "users.name", "memberships.role"])
    .select(["memberships.role_from_groups", "memberships.created_at"])
    .where("memberships.team_id", "=", teamId)
    .orderBy("users.email")
    .execute();
  return rows.map(({ id, email, name, role, role_from_groups, created_at }) => {
    const view = { user_id: id, email, name, role, role_from_groups: role_from_groups === 1 };
    return { ...view, created_at: isoTime(created_at) };
  });
}

/**
 * Adds a member, or gives one another role. `user`: id or e-mail address: who looks after a team need not see all the
 * organisation's users.
 */
export function setMember(plane: Plane, actor: Actor, teamId: string, user: string, role: string): Promise<void> {
  require(actor, "member.manage", teamId);
  return plane.change(actor, async (change) => {
    await teamRow(change.trx, teamId);
    await requireTeamRole(change.trx, actor, teamId, role);
    const { id: userId } = found(await userOf(change.trx, user));
    const former = await membership(change.trx, teamId, userId);
    if (former !== undefined) await requireNotAbove(change.trx, actor, teamId, former.role);
    await putMember(change, teamId, userId, role);
  });
}

/** `user`: see `setMember`. */
export function removeMember(plane: Plane, actor: Actor, teamId: string, user: string): Promise<void> {
  require(actor, "member.manage", teamId);
  return plane.change(actor, async (change) => {
    const { id: userId } = found(await userOf(change.trx, user));
    const member = await membership(change.trx, teamId, userId);
    const { role } = found(member);
    if (userId !== actor.userId) await requireNotAbove(change.trx, actor, teamId, role);
    await deleteMember(change, teamId, userId, role);
  });
}

function userOf(db: Connection, user: string) {
  const isAddress = user.includes("@");
  return db
    .selectFrom("users")
    .select("id")
    .where(isAddress ? "email" : "id", "=", isAddress ? user.trim().toLowerCase() : user)
    .executeTakeFirst();
}

/** Within a change of whoever may. */
export async function deleteMember(change: Change, teamId: string, userId: string, role: string): Promise<void> {
  await change.trx.deleteFrom("memberships").where("team_id", "=", teamId).where("user_id", "=", userId).execute();
  const subjectId = `${teamId}/${userId}`;
  const entry = { action: "member.remove", subjectType: "member", subjectId, teamId };
  await change.audit({ ...entry, before: { role }, after: null });
}

/** A role that there is, and that allows nothing in the team that the actor may not do there. */
export async function requireTeamRole(db: Connection, actor: Actor, teamId: string, role: string): Promise<void> {
  const custom = await customRoles(db);
  if (builtInRole("team", role) !== undefined || custom.some((one) => one.scope === "team" && one.id === role)) {
    if (hasAll(actor, permissionsOfRole(custom, "team", role), teamId)) return;
    throw new ProblemError(
      "invalid_request",
      `role ${role} allows more than you may do yourself, so you can't give it`,
      {
        errors: [{ path: "role", message: "allows more than you may do yourself" }],
      },
    );
  }
  const known = [
    "owner",
    "publisher",
    "developer",
    "viewer",
    ...custom.filter(({ scope }) => scope === "team").map(({ id }) => id),
  ];
  throw new ProblemError("invalid_request", `there is no role ${role} in teams; known: ${known.join(", ")}`, {
    errors: [{ path: "role", message: `expected one of ${known.join(", ")}` }],
  });
}

async function requireNotAbove(db: Connection, actor: Actor, teamId: string, role: string): Promise<void> {
  if (hasAll(actor, permissionsOfRole(await customRoles(db), "team", role), teamId)) return;
  throw new ProblemError(
    "conflict",
    `a member with role ${role} may do more than you: somebody with that role has to do it`,
  );
}

/** `fromGroups`: the role comes from an identity provider, and not from somebody. */
export async function putMember(
  change: Change,
  teamId: string,
  userId: string,
  role: string,
  { fromGroups = false } = {},
): Promise<void> {
  const before = await membership(change.trx, teamId, userId);
  const given = { role, role_from_groups: Number(fromGroups) };
  await change.trx
    .insertInto("memberships")
    .values({ team_id: teamId, user_id: userId, ...given, created_at: change.nowMs })
    .onConflict((conflict) => conflict.columns(["team_id", "user_id"]).doUpdateSet(given))
    .execute();
  await change.audit({
    action: before === undefined ? "member.add" : "member.update",
    subjectType: "member",
    subjectId: `${teamId}/${userId}`,
    teamId,
    before: before === undefined ? null : { role: before.role },
    after: { role },
  });
}

function membership(db: Connection, teamId: string, userId: string) {
  return db
    .selectFrom("memberships")
    .select("role")
    .where("team_id", "=", teamId)
    .where("user_id", "=", userId)
    .executeTakeFirst();
}

export async function teamRow(db: Connection, id: string): Promise<TeamRow> {
  return found(await db.selectFrom("teams").selectAll().where("id", "=", id).executeTakeFirst());
}

function auditTeam(change: Change, action: string, id: string, before: TeamView | null, after: TeamView | null) {
  const entry = { action, subjectType: "team", subjectId: id, teamId: id };
  return change.audit({ ...entry, before: withPoliciesRedacted(before), after: withPoliciesRedacted(after) });
}

/** Teams are shown by name to whoever shares with them: members of any team may see that a team exists. */
export async function teamExists(db: Connection, id: string): Promise<boolean> {
  return (await db.selectFrom("teams").select("id").where("id", "=", id).executeTakeFirst()) !== undefined;
}
