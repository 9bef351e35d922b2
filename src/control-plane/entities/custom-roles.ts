import { type Actor, may } from "../access/actor.ts";
import type { Permission } from "../access/permissions.ts";
import { PERMISSIONS } from "../access/permissions.ts";
import { customRoles } from "../access/recognise.ts";
import { BUILT_IN_ROLES, builtInRole } from "../access/roles.ts";
import type { Plane } from "../plane.ts";
import { ProblemError } from "../problem.ts";
import { found, inserting, require } from "./rows.ts";

export interface RoleView {
  id: string;
  name: string;
  scope: "organisation" | "team";
  permissions: Permission[];
  built_in: boolean;
}

/** Everybody who is known may see what roles there are. */
export async function listRoles(plane: Plane): Promise<RoleView[]> {
  const custom = await customRoles(plane.db);
  const viewOf = (role: (typeof custom)[number], builtIn: boolean): RoleView => {
    return { ...role, permissions: [...role.permissions], built_in: builtIn };
  };
  return [...BUILT_IN_ROLES.map((role) => viewOf(role, true)), ...custom.map((role) => viewOf(role, false))];
}

/** Makes a role, or gives one other permissions. Nobody gives what they don't have themselves. */
export function putRole(plane: Plane, actor: Actor, role: Omit<RoleView, "built_in">): Promise<RoleView> {
  require(actor, "role.manage", null);
  if (builtInRole("organisation", role.id) !== undefined || builtInRole("team", role.id) !== undefined) {
    throw new ProblemError("already_exists", `${role.id} is a role that is always there: choose another id`);
  }
  for (const permission of role.permissions) {
    if (role.scope === "team" && PERMISSIONS[permission].scope === "organisation") {
      throw new ProblemError(
        "invalid_request",
        `${permission} is a permission in the organisation: a team's role can't have it`,
      );
    }
    if (!may(actor, permission, null)) {
      throw new ProblemError("invalid_request", `you don't have ${permission} yourself, so you can't give it`);
    }
  }
  return plane.change(actor, async (change) => {
    const before = (await customRoles(change.trx)).find(({ id }) => id === role.id) ?? null;
    if (before !== null && before.scope !== role.scope) {
      throw new ProblemError("conflict", `role ${role.id} is one of the ${before.scope}: choose another id`);
    }
    const row = {
      id: role.id,
      name: role.name,
      scope: role.scope,
      permissions: JSON.stringify(role.permissions),
      created_at: change.nowMs,
    };
    if (before === null) {
      await inserting(`a role ${role.id}`, () => change.trx.insertInto("roles").values(row).execute());
    } else {
      await change.trx
        .updateTable("roles")
        .set({ name: row.name, permissions: row.permissions })
        .where("id", "=", role.id)
        .execute();
    }
    const action = before === null ? "role.create" : "role.update";
    await change.audit({ action, subjectType: "role", subjectId: role.id, teamId: null, before, after: role });
    return { ...role, built_in: false };
  });
}

/** Whoever had it can do nothing with it any more. */
export function deleteRole(plane: Plane, actor: Actor, id: string): Promise<void> {
  require(actor, "role.manage", null);
  return plane.change(actor, async (change) => {
    const before = found((await customRoles(change.trx)).find((role) => role.id === id));
    const holders = await change.trx
      .selectFrom(before.scope === "team" ? "memberships" : "users")
      .select("role")
      .where("role", "=", id)
      .limit(1)
      .executeTakeFirst();
    const token =
      before.scope === "team" &&
      (await change.trx
        .selectFrom("tokens")
        .select("id")
        .where("role", "=", id)
        .where("revoked_at", "is", null)
        .limit(1)
        .executeTakeFirst());
    if (token) throw new ProblemError("in_use", `the machine token ${token.id} has the role ${id}: revoke it first`);
    if (holders !== undefined)
      throw new ProblemError("in_use", `somebody has the role ${id}: give them another one first`);
    await change.trx.deleteFrom("roles").where("id", "=", id).execute();
    await change.audit({
      action: "role.delete",
      subjectType: "role",
      subjectId: id,
      teamId: null,
      before,
      after: null,
    });
  });
}
