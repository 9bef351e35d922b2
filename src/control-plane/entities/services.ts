import type { ServiceKind, ServiceSnapshot } from "../../contracts/snapshot.ts";
import { service as serviceSchema } from "../../snapshot/schema/service.ts";
import { type PoliciesOwner, readServiceDocument } from "../../snapshot/service-document.ts";
import { type Actor, may, teamsWith } from "../access/actor.ts";
import type { Change, Plane } from "../plane.ts";
import { notFound, ProblemError } from "../problem.ts";
import type { Connection } from "../storage/database.ts";
import { redactedDraft } from "./audit-redaction.ts";
import { draftFaults } from "./draft-rules.ts";
import { decodeCursor, type Page, type PageRequest, pageOf } from "./pages.ts";
import { referenceFaults } from "./reference-rules.ts";
import { found, inserting, parseJson, require, requireRevision } from "./rows.ts";
import { type ServiceRow, type ServiceView, type ServiceWithDraft, serviceView } from "./service-views.ts";
import { teamExists } from "./teams.ts";

/** The built-in unified API: a service without a row, of no team. */
export const AI_SERVICE = "ai";

/** Whose policies those of a subscription to the service are. `kind` null: it has no row. */
export function subscriptionOwner(id: string, kind: ServiceKind | null): PoliciesOwner {
  if (id === AI_SERVICE || kind === "ai") return "ai subscription";
  return kind === "mcp" ? "mcp subscription" : "subscription";
}

/** Drafts can be wrong in very many places. */
const MAX_ERRORS = 100;

export interface ServiceFields {
  name?: string | undefined;
  description?: string | undefined;
  category?: string | undefined;
  tags?: string[] | undefined;
  documentation?: string | undefined;
  openapi?: string | null | undefined;
  visibility?: ServiceView["visibility"] | undefined;
  approval?: ServiceView["approval"] | undefined;
  draft?: Record<string, unknown> | undefined;
}

/** Services of the actor's teams. What others share with them is in the catalogue. */
export async function listServices(
  plane: Plane,
  actor: Actor,
  page: PageRequest,
  filter: { team: string | null; state: ServiceView["state"] | null; kind: ServiceKind | null },
): Promise<Page<ServiceView>> {
  const teams = teamsWith(actor, "service.read");
  let query = plane.db
    .selectFrom("services")
    .selectAll()
    .orderBy("id")
    .limit(page.limit + 1);
  const after = decodeCursor(page.cursor);
  if (after !== null) query = query.where("id", ">", after);
  if (teams !== "all") query = query.where("team_id", "in", teams.length === 0 ? [""] : teams);
  if (filter.team !== null) query = query.where("team_id", "=", filter.team);
  if (filter.state !== null) query = query.where("state", "=", filter.state);
  if (filter.kind !== null) query = query.where("kind", "=", filter.kind);
  return pageOf(await query.execute(), page, ({ id }) => id, serviceView);
}

export async function getService(plane: Plane, actor: Actor, id: string): Promise<ServiceWithDraft> {
  const row = await serviceRow(plane.db, id);
  require(actor, "service.read", row.team_id);
  return withDraft(plane.db, row);
}

/** The draft's OpenAPI document; `not_found` when it has none. Callers see that of the release, in the catalogue. */
export async function getDraftOpenapi(plane: Plane, actor: Actor, id: string): Promise<string> {
  const row = await serviceRow(plane.db, id);
  require(actor, "service.read", row.team_id);
  return found(row.openapi ?? undefined);
}

export function createService(
  plane: Plane,
  actor: Actor,
  service: ServiceFields & { id: string; team: string },
): Promise<ServiceWithDraft> {
  require(actor, "service.write", service.team);
  if (service.id === AI_SERVICE) {
    // Its owners would decide on subscriptions to the unified API.
    const message = "`ai` is the id of the unified API: choose another one";
    throw new ProblemError("invalid_request", message, { errors: [{ path: "id", message }] });
  }
  return plane.change(actor, async (change) => {
    if (!(await teamExists(change.trx, service.team))) throw notFound();
    const draft = service.draft ?? null;
    // Without a draft there is nothing to check yet: publishing will ask for it.
    let kind: ServiceView["kind"] = "rest";
    if (draft !== null) {
      requireAllowedReferences(plane, draft, service.team);
      ({ kind } = checkedDraft(service.id, service.team, draft));
    }
    const row: ServiceRow = {
      id: service.id,
      team_id: service.team,
      kind,
      name: service.name ?? service.id,
      description: service.description ?? "",
      category: service.category ?? "",
      tags: JSON.stringify(service.tags ?? []),
      documentation: service.documentation ?? "",
      openapi: service.openapi ?? null,
      visibility: service.visibility ?? "team",
      approval: service.approval ?? "manual",
      draft: JSON.stringify(draft ?? {}),
      state: "draft",
      current_release: null,
      canary: null,
      review: null,
      deprecated_at: null,
      sunset_at: null,
      deprecation_link: null,
      retired_at: null,
      created_at: change.nowMs,
      updated_at: change.nowMs,
      revision: 1,
    };
    await inserting(`a service ${service.id}`, () => change.trx.insertInto("services").values(row).execute());
    const view = await withDraft(change.trx, row);
    await auditService(change, "service.create", row, null, view);
    return view;
  });
}

export function updateService(
  plane: Plane,
  actor: Actor,
  id: string,
  fields: ServiceFields,
  revision: number | null,
): Promise<ServiceWithDraft> {
  return plane.change(actor, async (change) => {
    const before = await changeableService(change, id, "service.write", revision);
    let { kind } = before;
    if (fields.draft !== undefined) {
      requireAllowedReferences(plane, fields.draft, before.team_id);
      ({ kind } = checkedDraft(id, before.team_id, fields.draft));
      requireSameKind(before, kind);
    }
    const after = await storeService(change, before, {
      kind,
      name: fields.name ?? before.name,
      description: fields.description ?? before.description,
      category: fields.category ?? before.category,
      tags: fields.tags === undefined ? before.tags : JSON.stringify(fields.tags),
      documentation: fields.documentation ?? before.documentation,
      openapi: fields.openapi === undefined ? before.openapi : fields.openapi,
      visibility: fields.visibility ?? before.visibility,
      approval: fields.approval ?? before.approval,
      draft: fields.draft === undefined ? before.draft : JSON.stringify(fields.draft),
      // Whoever is asked to publish must find what was asked about.
      review: fields.draft === undefined && fields.openapi === undefined ? before.review : null,
    });
    await auditService(
      change,
      "service.update",
      after,
      await withDraft(change.trx, before),
      await withDraft(change.trx, after),
    );
    return withDraft(change.trx, after);
  });
}

/** Only what was never published: of others, callers and the audit trail still speak. Retire them. */
export function deleteService(plane: Plane, actor: Actor, id: string, revision: number | null): Promise<void> {
  return plane.change(actor, async (change) => {
    const row = await changeableService(change, id, "service.write", revision);
    if (row.state !== "draft" || row.current_release !== null) {
      throw new ProblemError("conflict", `service ${id} was published: retire it instead`);
    }
    const view = await withDraft(change.trx, row);
    await change.trx.deleteFrom("subscriptions").where("service_id", "=", id).execute();
    await change.trx.deleteFrom("services").where("id", "=", id).execute();
    await auditService(change, "service.delete", row, view, null);
  });
}

export function setShares(
  plane: Plane,
  actor: Actor,
  id: string,
  teams: readonly string[],
  revision: number | null,
): Promise<ServiceWithDraft> {
  return plane.change(actor, async (change) => {
    const row = await changeableService(change, id, "service.share", revision);
    const before = await withDraft(change.trx, row);
    for (const team of teams) {
      if (await teamExists(change.trx, team)) continue;
      throw new ProblemError("invalid_request", `there is no team ${team}`, {
        errors: [{ path: "teams", message: `there is no team ${team}` }],
      });
    }
    await change.trx.deleteFrom("service_shares").where("service_id", "=", id).execute();
    for (const team_id of new Set(teams)) {
      await change.trx
        .insertInto("service_shares")
        .values({ service_id: id, team_id, created_at: change.nowMs })
        .execute();
    }
    const after = await withDraft(change.trx, await storeService(change, row, {}));
    await auditService(change, "service.share", row, before, after);
    return after;
  });
}

// --- for the other files of services ---

export async function serviceRow(db: Connection, id: string): Promise<ServiceRow> {
  return found(await db.selectFrom("services").selectAll().where("id", "=", id).executeTakeFirst());
}

/** The service, if the actor may change it and it is still what they think it is. */
export async function changeableService(
  change: Change,
  id: string,
  permission: "service.write" | "service.publish" | "service.share",
  revision: number | null,
): Promise<ServiceRow> {
  const row = await serviceRow(change.trx, id);
  require(change.actor, permission, row.team_id);
  requireRevision(row, revision);
  return row;
}

export async function storeService(
  change: Change,
  before: ServiceRow,
  fields: Partial<ServiceRow>,
): Promise<ServiceRow> {
  const after = { ...before, ...fields, updated_at: change.nowMs, revision: before.revision + 1 };
  await change.trx.updateTable("services").set(after).where("id", "=", before.id).execute();
  return after;
}

export async function withDraft(db: Connection, row: ServiceRow): Promise<ServiceWithDraft> {
  const shares = await db
    .selectFrom("service_shares")
    .select("team_id")
    .where("service_id", "=", row.id)
    .orderBy("team_id")
    .execute();
  const draft = parseJson<Record<string, unknown>>(row.draft);
  return { ...serviceView(row), draft, shared_with: shares.map(({ team_id }) => team_id) };
}

/** Releases of one service take calls from each other, and its callers know what it speaks. */
function requireSameKind({ id, kind, current_release }: ServiceRow, wanted: ServiceView["kind"]): void {
  if (current_release === null || wanted === kind) return;
  const message = `service ${id} was published as \`${kind}\` and stays that: make another service`;
  throw new ProblemError("invalid_request", `draft.kind: ${message}`, { errors: [{ path: "draft.kind", message }] });
}

function requireAllowedReferences({ referenceRules }: Plane, draft: object, team: string): void {
  const errors = referenceFaults(referenceRules, draft, serviceSchema, team).map(({ path, message }) => {
    return { path: `draft.${path}`, message };
  });
  const [first] = errors;
  if (first !== undefined) throw new ProblemError("invalid_request", `${first.path}: ${first.message}`, { errors });
}

/** Throws `invalid_request` that names every field at fault. */
export function checkedDraft(id: string, team: string, draft: Record<string, unknown>): ServiceSnapshot {
  const faults = draftFaults(draft);
  const read = faults.length > 0 ? { ok: false as const, problems: faults } : readServiceDocument(id, team, draft);
  if (read.ok) return read.service;
  const errors = read.problems
    .slice(0, MAX_ERRORS)
    .map(({ path, message }) => ({ path: path === "" ? "draft" : `draft.${path}`, message }));
  const [first] = errors;
  throw new ProblemError("invalid_request", `the draft is not a service: ${first?.path}: ${first?.message}`, {
    errors,
  });
}

/** May see it in the catalogue, and ask for a subscription. */
export async function isVisible(db: Connection, actor: Actor, row: ServiceRow): Promise<boolean> {
  if (may(actor, "service.read", row.team_id)) return true;
  if (row.state === "draft") return false;
  if (row.visibility === "organisation") return true;
  const teams = [...actor.teams.keys()];
  if (teams.length === 0) return false;
  const share = await db
    .selectFrom("service_shares")
    .select("team_id")
    .where("service_id", "=", row.id)
    .where("team_id", "in", teams)
    .limit(1)
    .executeTakeFirst();
  return share !== undefined && row.visibility !== "private";
}

export function auditService(
  change: Change,
  action: string,
  row: ServiceRow,
  before: ServiceView | ServiceWithDraft | null,
  after: ServiceView | ServiceWithDraft | null,
): Promise<void> {
  const subject = { subjectType: "service", subjectId: row.id, teamId: row.team_id };
  return change.audit({ action, ...subject, before: withoutSecrets(before), after: withoutSecrets(after) });
}

function withoutSecrets(view: ServiceView | ServiceWithDraft | null): object | null {
  return view !== null && "draft" in view ? { ...view, draft: redactedDraft(view.draft) } : view;
}
