import { readLimitsDocument } from "../../snapshot/service-document.ts";
import { type Actor, teamsWith } from "../access/actor.ts";
import type { Change, Plane } from "../plane.ts";
import { notFound, ProblemError } from "../problem.ts";
import type { Connection } from "../storage/database.ts";
import type { ApplicationTable, Row } from "../storage/tables.ts";
import { withPoliciesRedacted } from "./audit-redaction.ts";
import { decodeCursor, type Page, type PageRequest, pageOf } from "./pages.ts";
import { checkedPolicies, type Policies } from "./policies.ts";
import { found, inserting, isoTime, parseJson, require, requireRevision } from "./rows.ts";
import { teamExists } from "./teams.ts";

export type ApplicationRow = Row<ApplicationTable>;

/** As in `tidegate.yaml`. */
export type Limits = readonly Record<string, unknown>[];

export interface ApplicationView {
  id: string;
  team: string;
  name: string;
  description: string;
  limits: Limits;
  policies: Policies;
  created_at: string;
  revision: number;
}

export interface ApplicationFields {
  name?: string | undefined;
  description?: string | undefined;
  limits?: Limits | undefined;
  policies?: Policies | undefined;
}

const viewOf = (row: ApplicationRow): ApplicationView => ({
  id: row.id,
  team: row.team_id,
  name: row.name,
  description: row.description,
  limits: parseJson<Limits>(row.limits),
  policies: parseJson<Policies>(row.policies),
  created_at: isoTime(row.created_at),
  revision: row.revision,
});

export async function listApplications(
  plane: Plane,
  actor: Actor,
  page: PageRequest,
  filter: { team: string | null },
): Promise<Page<ApplicationView>> {
  const teams = teamsWith(actor, "application.read");
  let query = plane.db
    .selectFrom("applications")
    .selectAll()
    .orderBy("id")
    .limit(page.limit + 1);
  const after = decodeCursor(page.cursor);
  if (after !== null) query = query.where("id", ">", after);
  if (teams !== "all") query = query.where("team_id", "in", teams.length === 0 ? [""] : teams);
  if (filter.team !== null) query = query.where("team_id", "=", filter.team);
  return pageOf(await query.execute(), page, ({ id }) => id, viewOf);
}

export async function getApplication(plane: Plane, actor: Actor, id: string): Promise<ApplicationView> {
  const row = await applicationRow(plane.db, id);
  require(actor, "application.read", row.team_id);
  return viewOf(row);
}

export function createApplication(
  plane: Plane,
  actor: Actor,
  application: ApplicationFields & { id: string; team: string },
): Promise<ApplicationView> {
  require(actor, "application.write", application.team);
  return plane.change(actor, async (change) => {
    if (!(await teamExists(change.trx, application.team))) throw notFound();
    const row: ApplicationRow = {
      id: application.id,
      team_id: application.team,
      name: application.name ?? application.id,
      description: application.description ?? "",
      limits: checkedLimits(application.limits ?? []),
      policies: checkedPolicies(plane, "application", application.policies ?? {}, application.team),
      created_at: change.nowMs,
      revision: 1,
    };
    const insertion = () => change.trx.insertInto("applications").values(row).execute();
    await inserting(`an application ${row.id}`, insertion);
    change.touch({ kind: "application", id: row.id });
    await auditApplication(change, "application.create", row, null, viewOf(row));
    return viewOf(row);
  });
}

export function updateApplication(
  plane: Plane,
  actor: Actor,
  id: string,
  fields: ApplicationFields,
  revision: number | null,
): Promise<ApplicationView> {
  return plane.change(actor, async (change) => {
    const before = await changeableApplication(change, id, "application.write");
    requireRevision(before, revision);
    const after: ApplicationRow = {
      ...before,
      name: fields.name ?? before.name,
      description: fields.description ?? before.description,
      limits: fields.limits === undefined ? before.limits : checkedLimits(fields.limits),
      policies:
        fields.policies === undefined
          ? before.policies
          : checkedPolicies(plane, "application", fields.policies, before.team_id),
      revision: before.revision + 1,
    };
    await change.trx.updateTable("applications").set(after).where("id", "=", id).execute();
    change.touch({ kind: "application", id });
    await auditApplication(change, "application.update", after, viewOf(before), viewOf(after));
    return viewOf(after);
  });
}

/** With its credentials and subscriptions: calls with its keys are refused from then on. */
export function deleteApplication(plane: Plane, actor: Actor, id: string, revision: number | null): Promise<void> {
  return plane.change(actor, async (change) => {
    const row = await changeableApplication(change, id, "application.write");
    requireRevision(row, revision);
    await change.trx.deleteFrom("applications").where("id", "=", id).execute();
    change.touch({ kind: "application", id });
    await auditApplication(change, "application.delete", row, viewOf(row), null);
  });
}

export async function applicationRow(db: Connection, id: string): Promise<ApplicationRow> {
  return found(await db.selectFrom("applications").selectAll().where("id", "=", id).executeTakeFirst());
}

export async function changeableApplication(
  change: Change,
  id: string,
  permission: "application.write" | "credential.manage" | "subscription.request",
): Promise<ApplicationRow> {
  const row = await applicationRow(change.trx, id);
  require(change.actor, permission, row.team_id);
  return row;
}

/** Throws `invalid_request`. */
export function checkedLimits(limits: Limits): string {
  const read = readLimitsDocument(limits);
  if (read.ok) return JSON.stringify(limits);
  const errors = read.problems.map(({ path, message }) => ({ path, message }));
  throw new ProblemError("invalid_request", `${errors[0]?.path}: ${errors[0]?.message}`, { errors });
}

function auditApplication(
  change: Change,
  action: string,
  row: ApplicationRow,
  before: object | null,
  after: object | null,
) {
  const entry = { action, subjectType: "application", subjectId: row.id, teamId: row.team_id };
  return change.audit({ ...entry, before: withPoliciesRedacted(before), after: withPoliciesRedacted(after) });
}
