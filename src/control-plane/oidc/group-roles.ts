import { customRoles } from "../access/recognise.ts";
import { builtInRole, type Role } from "../access/roles.ts";
import type { IdentityProviderOptions } from "../entities/identity-provider-options.ts";
import { deleteMember, putMember, teamExists } from "../entities/teams.ts";
import { hasOtherOwner, setRoleFromGroups } from "../entities/users.ts";
import { isLastWayIn } from "../entities/way-in.ts";
import type { Change } from "../plane.ts";
import type { Row, UserTable } from "../storage/tables.ts";

type Mapping = Pick<IdentityProviderOptions, "group_roles" | "default_role">;

export interface GroupRoles {
  /** In the organisation. */
  organisation: string;
  /** In teams, by their ids. */
  teams: Map<string, string>;
}

/** Allows nothing, and everybody has it at least: it counts as none given. */
const NO_ROLE = "member";

/** What groups come to: the first line that fits decides, in the organisation and in each team. */
export function rolesOfGroups(groups: readonly string[], { group_roles, default_role }: Mapping): GroupRoles {
  const fitting = group_roles.filter(({ group }) => groups.includes(group));
  const teams = new Map<string, string>();
  for (const { team, role } of fitting) if (team !== null && !teams.has(team)) teams.set(team, role);
  return { organisation: fitting.find(({ team }) => team === null)?.role ?? default_role, teams };
}

/**
 * Gives somebody the roles that their groups come to, and takes those that came from groups and do so no longer. Roles that
 * somebody gave by hand stay as they are. Returns the user as they are then.
 */
export async function applyGroupRoles(
  change: Change,
  user: Row<UserTable>,
  { organisation, teams }: GroupRoles,
): Promise<Row<UserTable>> {
  const custom = await customRoles(change.trx);
  await applyTeamRoles(change, user.id, await thoseThere(change, custom, teams));
  const isByHand = user.role_from_groups === 0 && user.role !== NO_ROLE;
  const wanted = isRole(custom, "organisation", organisation) ? organisation : NO_ROLE;
  if (isByHand || user.role === wanted) return user;
  // An organisation without an owner, or without one who can sign in, could never get one again.
  const isNoOwnerAnyMore = user.role === "owner" && wanted !== "owner";
  const isLastOwner =
    isNoOwnerAnyMore && (!(await hasOtherOwner(change.trx, user.id)) || (await isLastWayIn(change.trx, user.id)));
  return isLastOwner ? user : setRoleFromGroups(change, user, wanted);
}

async function applyTeamRoles(change: Change, userId: string, wanted: ReadonlyMap<string, string>): Promise<void> {
  const query = change.trx.selectFrom("memberships").selectAll().where("user_id", "=", userId).orderBy("team_id");
  const memberships = new Map((await query.execute()).map((row) => [row.team_id, row]));
  for (const [team, role] of wanted) {
    const membership = memberships.get(team);
    const isByHand = membership?.role_from_groups === 0;
    if (!isByHand && membership?.role !== role) await putMember(change, team, userId, role, { fromGroups: true });
  }
  for (const { team_id, role, role_from_groups } of memberships.values()) {
    if (role_from_groups === 1 && !wanted.has(team_id)) await deleteMember(change, team_id, userId, role);
  }
}

/** Teams and roles may be gone since the mapping was written. */
async function thoseThere(change: Change, custom: readonly Role[], teams: ReadonlyMap<string, string>) {
  const there = new Map<string, string>();
  for (const [team, role] of teams) {
    if (isRole(custom, "team", role) && (await teamExists(change.trx, team))) there.set(team, role);
  }
  return there;
}

function isRole(custom: readonly Role[], scope: Role["scope"], id: string): boolean {
  return builtInRole(scope, id) !== undefined || custom.some((role) => role.scope === scope && role.id === id);
}
