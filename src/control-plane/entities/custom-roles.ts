import { type Actor, may } from "../access/actor.ts";
import type { Permission } from "../access/permissions.ts";
import { PERMISSIONS } from "../access/permissions.ts";
import { parsePermissions } from "../access/recognise.ts";
import { BUILT_IN_ROLES, builtInRole } from "../access/roles.ts";
import type { Plane } from "../plane.ts";
import { ProblemError } from "../problem.ts";
import type { Connection } from "../storage/database.ts";
import type { RoleTable, Row } from "../storage/tables.ts";
import { found, inserting, require, requireRevision } from "./rows.ts";

export interface RoleView {
  id: string;
  name: string;
  scope: "organisation" | "team";
  permissions: Permission[];
  built_in: boolean;
  /** null: of one that is built in, and never changes. */
  revision: number | null;
}

/** Everybody who is known may see what roles there are. */
export async function listRoles(plane: Plane): Promise<RoleView[]> {
  const custom = await plane.db.selectFrom("roles").selectAll().execute();
  const builtIn = BUILT_IN_ROLES.map((role): RoleView => {
    return { ...role, permissions: [...role.permissions], built_in: true, revision: null };
  });
  return [...builtIn, ...custom.map(viewOf)];
}

function viewOf({ id, name, scope, permissions, revision }: Row<RoleTable>): RoleView {
  return { id, name, scope, permissions: [...parsePermissions(permissions)], built_in: false, revision };
}

/** Makes a role, or gives one other permissions. Nobody gives what they don't have themselves. */
export function putRole(
  plane: Plane,
  actor: Actor,
  role: Pick<RoleView, "id" | "name" | "scope" | "permissions">,
  revision: number | null,
): Promise<RoleView> {
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
    const before = await roleRow(change.trx, role.id);
    requireRevision({ revision: before?.revision ?? 0 }, revision);
    if (before !== undefined && before.scope !== role.scope) {
      throw new ProblemError("conflict", `role ${role.id} is one of the ${before.scope}: choose another id`);
    }
    const row: Row<RoleTable> = {
      id: role.id,
      name: role.name,
      scope: role.scope,
      permissions: JSON.stringify(role.permissions),
      created_at: before?.created_at ?? change.nowMs,
      revision: (before?.revision ?? 0) + 1,
    };
    if (before === undefined) {
      await inserting(`a role ${role.id}`, () => change.trx.insertInto("roles").values(row).execute());
    } else {
      await change.trx.updateTable("roles").set(row).where("id", "=", role.id).execute();
    }
    const action = before === undefined ? "role.create" : "role.update";
    const views = { before: before === undefined ? null : viewOf(before), after: viewOf(row) };
    await change.audit({ action, subjectType: "role", subjectId: role.id, teamId: null, ...views });
    return viewOf(row);
  });
}

/** Whoever had it can do nothing with it any more. */
export function deleteRole(plane: Plane, actor: Actor, id: string, revision: number | null): Promise<void> {
  require(actor, "role.manage", null);
  return plane.change(actor, async (change) => {
    const before = found(await roleRow(change.trx, id));
    requireRevision(before, revision);
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
      before: viewOf(before),
      after: null,
    });
  });
}

function roleRow(db: Connection, id: string): Promise<Row<RoleTable> | undefined> {
  return db.selectFrom("roles").selectAll().where("id", "=", id).executeTakeFirst();
}
