import type { ServiceKind } from "../../contracts/snapshot.ts";
import { type Actor, may, teamsWith } from "../access/actor.ts";
import { newId } from "../ids.ts";
import type { Change, Plane } from "../plane.ts";
import { notFound, ProblemError } from "../problem.ts";
import type { Connection } from "../storage/database.ts";
import type { Row, SubscriptionState, SubscriptionTable } from "../storage/tables.ts";
import { changeableApplication, checkedLimits, type Limits } from "./applications.ts";
import { withPoliciesRedacted } from "./audit-redaction.ts";
import { decodeCursor, type Page, type PageRequest, pageOf } from "./pages.ts";
import { checkedPolicies, NO_POLICIES, type Policies } from "./policies.ts";
import { found, isoTime, parseJson, require, requireRevision } from "./rows.ts";
import type { ServiceRow } from "./service-views.ts";
import { AI_SERVICE, isVisible, subscriptionOwner } from "./services.ts";

type SubscriptionRow = Row<SubscriptionTable>;

export interface SubscriptionView {
  id: string;
  application: string;
  application_team: string;
  service: string;
  /** Null: the unified API. */
  service_team: string | null;
  state: SubscriptionState | "expired";
  reason: string;
  note: string;
  requested_by: string;
  decided_by: string | null;
  created_at: string;
  decided_at: string | null;
  expires_at: string | null;
  /** Of the subscription itself, as in `tidegate.yaml`. */
  limits: Limits;
  policies: Policies;
  revision: number;
}

type Joined = SubscriptionRow & {
  application_team: string;
  /** Null here and below: the built-in unified API. */
  service_team: string | null;
  service_kind: ServiceKind | null;
};

const viewOf = (row: Joined, nowMs: number): SubscriptionView => ({
  id: row.id,
  application: row.application_id,
  application_team: row.application_team,
  service: row.service_id,
  service_team: row.service_team,
  state: isExpired(row, nowMs) ? "expired" : row.state,
  reason: row.reason,
  note: row.note,
  requested_by: row.requested_by,
  decided_by: row.decided_by,
  created_at: isoTime(row.created_at),
  decided_at: isoTime(row.decided_at),
  expires_at: isoTime(row.expires_at),
  limits: parseJson<Limits>(row.limits),
  policies: parseJson<Policies>(row.policies),
  revision: row.revision,
});

/** Values of headers that the service's side has set are not the caller's to know: they may be credentials for its upstream. */
function viewFor(actor: Actor, row: Joined, nowMs: number): SubscriptionView {
  const view = viewOf(row, nowMs);
  const isOfService = row.service_team !== null && may(actor, "service.read", row.service_team);
  return isOfService ? view : withPoliciesRedacted(view);
}

function isExpired(row: Pick<SubscriptionRow, "state" | "expires_at">, nowMs: number): boolean {
  return row.state === "approved" && row.expires_at !== null && row.expires_at <= nowMs;
}

export interface SubscriptionFilter {
  service: string | null;
  application: string | null;
  state: SubscriptionState | null;
}

/** Seen from both sides: by who calls, and by who is called. */
export async function listSubscriptions(
  plane: Plane,
  actor: Actor,
  page: PageRequest,
  filter: SubscriptionFilter,
): Promise<Page<SubscriptionView>> {
  const teams = teamsWith(actor, "subscription.read");
  let query = joined(plane.db)
    .orderBy("subscriptions.id")
    .limit(page.limit + 1);
  const after = decodeCursor(page.cursor);
  if (after !== null) query = query.where("subscriptions.id", ">", after);
  if (teams !== "all") {
    const own = teams.length === 0 ? [""] : teams;
    query = query.where((where) =>
      where.or([where("applications.team_id", "in", own), where("services.team_id", "in", own)]),
    );
  }
  if (filter.service !== null) query = query.where("subscriptions.service_id", "=", filter.service);
  if (filter.application !== null) query = query.where("subscriptions.application_id", "=", filter.application);
  if (filter.state !== null) query = query.where("subscriptions.state", "=", filter.state);
  const nowMs = plane.nowMs();
  return pageOf(
    await query.execute(),
    page,
    ({ id }) => id,
    (row) => viewFor(actor, row, nowMs),
  );
}

export async function getSubscription(plane: Plane, actor: Actor, id: string): Promise<SubscriptionView> {
  const row = await subscriptionRow(plane.db, id);
  if (!isParty(actor, "subscription.read", row)) throw notFound();
  return viewFor(actor, row, plane.nowMs());
}

/** Asks for access. Approved at once where the service allows that, or where both belong to one team that may approve. */
export function requestSubscription(
  plane: Plane,
  actor: Actor,
  request: { application: string; service: string; reason: string },
): Promise<SubscriptionView> {
  return plane.change(actor, async (change) => {
    const application = await changeableApplication(change, request.application, "subscription.request");
    const service = await subscribable(change, request.service);
    const before = await current(change.trx, application.id, request.service);
    const isOver =
      before === undefined ||
      before.state === "cancelled" ||
      before.state === "rejected" ||
      isExpired(before, change.nowMs);
    if (!isOver) {
      const verdict = before.state === "revoked" ? "was revoked: ask the service's team" : `is ${before.state} already`;
      throw new ProblemError("conflict", `the subscription of ${application.id} to ${request.service} ${verdict}`);
    }
    const approves = service === null ? false : service.approval === "automatic";
    const row: SubscriptionRow = {
      id: before?.id ?? newId(change.nowMs),
      application_id: application.id,
      service_id: request.service,
      state: approves ? "approved" : "pending",
      reason: request.reason,
      note: approves ? "approved automatically" : "",
      requested_by: change.actor.name,
      decided_by: approves ? "system" : null,
      created_at: change.nowMs,
      decided_at: approves ? change.nowMs : null,
      expires_at: null,
      limits: "[]",
      policies: NO_POLICIES,
      revision: (before?.revision ?? 0) + 1,
    };
    if (before === undefined) await change.trx.insertInto("subscriptions").values(row).execute();
    else await change.trx.updateTable("subscriptions").set(row).where("id", "=", row.id).execute();
    return decided(change, "subscription.request", before ?? null, row);
  });
}

export interface Decision {
  note: string;
  /** Of an approval, as the next. */
  expiresAtMs: number | null;
  limits: Limits;
  policies: Policies;
}

const DECISIONS = {
  approve: { from: ["pending", "rejected", "revoked"], to: "approved" },
  reject: { from: ["pending"], to: "rejected" },
  revoke: { from: ["approved"], to: "revoked" },
  cancel: { from: ["pending", "approved"], to: "cancelled" },
} as const satisfies Record<string, { from: SubscriptionState[]; to: SubscriptionState }>;

/** By the service's team; `cancel` by the application's. Takes effect on every gateway within a second. */
export function decide(
  plane: Plane,
  actor: Actor,
  id: string,
  verb: keyof typeof DECISIONS,
  decision: Decision,
  revision: number | null,
): Promise<SubscriptionView> {
  return plane.change(actor, async (change) => {
    const before = await subscriptionRow(change.trx, id);
    if (verb === "cancel") require(actor, "subscription.request", before.application_team);
    else requireApprover(actor, before.service_team);
    requireRevision(before, revision);
    const { from, to } = DECISIONS[verb];
    if (!(from as readonly string[]).includes(before.state)) {
      throw new ProblemError(
        "conflict",
        `a subscription that is ${before.state} can't be ${to}; it has to be ${from.join(" or ")}`,
      );
    }
    requireTimeToCome(change, decision.expiresAtMs);
    const { application_team: _a, service_team: _s, service_kind: _k, ...own } = before;
    const row: SubscriptionRow = {
      ...own,
      state: to,
      note: decision.note,
      decided_by: change.actor.name,
      decided_at: change.nowMs,
      expires_at: verb === "approve" ? decision.expiresAtMs : before.expires_at,
      limits: verb === "approve" ? checkedLimits(decision.limits) : before.limits,
      policies: verb === "approve" ? policiesFor(plane, before, decision.policies) : before.policies,
      revision: before.revision + 1,
    };
    await change.trx.updateTable("subscriptions").set(row).where("id", "=", id).execute();
    return decided(change, `subscription.${verb}`, own, row);
  });
}

/**
 * Other terms for a subscription that was approved, also for one that has expired; what is not given stays. By the service's team.
 */
export function changeTerms(
  plane: Plane,
  actor: Actor,
  id: string,
  terms: { [Name in keyof Decision]?: Decision[Name] | undefined },
  revision: number | null,
): Promise<SubscriptionView> {
  return plane.change(actor, async (change) => {
    const before = await subscriptionRow(change.trx, id);
    requireApprover(actor, before.service_team);
    requireRevision(before, revision);
    if (before.state !== "approved") {
      throw new ProblemError(
        "conflict",
        `a subscription that is ${before.state} has no terms to be changed: approve it`,
      );
    }
    const { note, expiresAtMs, limits, policies } = terms;
    requireTimeToCome(change, expiresAtMs ?? null);
    const { application_team: _a, service_team: _s, service_kind: _k, ...own } = before;
    const row: SubscriptionRow = {
      ...own,
      note: note ?? own.note,
      expires_at: expiresAtMs === undefined ? own.expires_at : expiresAtMs,
      limits: limits === undefined ? own.limits : checkedLimits(limits),
      policies: policies === undefined ? own.policies : policiesFor(plane, before, policies),
      decided_by: change.actor.name,
      decided_at: change.nowMs,
      revision: own.revision + 1,
    };
    await change.trx.updateTable("subscriptions").set(row).where("id", "=", id).execute();
    return decided(change, "subscription.update", own, row);
  });
}

function requireTimeToCome({ nowMs }: Change, expiresAtMs: number | null): void {
  if (expiresAtMs === null || expiresAtMs > nowMs) return;
  throw new ProblemError("invalid_request", "the subscription would have expired already", {
    errors: [{ path: "expires_at", message: "expected a time to come" }],
  });
}

/** Those of subscriptions to models can say less, and which models; those of MCP servers' which tools may be called. */
function policiesFor(plane: Plane, { service_id, service_team, service_kind }: Joined, policies: Policies): string {
  return checkedPolicies(plane, subscriptionOwner(service_id, service_kind), policies, service_team);
}

async function decided(
  change: Change,
  action: string,
  before: SubscriptionRow | null,
  row: SubscriptionRow,
): Promise<SubscriptionView> {
  change.touch({ kind: "application", id: row.application_id });
  const after = await subscriptionRow(change.trx, row.id);
  const audited = (seen: Joined) => withPoliciesRedacted(viewOf(seen, change.nowMs));
  await change.audit({
    action,
    subjectType: "subscription",
    subjectId: row.id,
    teamId: after.service_team ?? after.application_team,
    before: before === null ? null : audited({ ...after, ...before }),
    after: audited(after),
  });
  return viewFor(change.actor, after, change.nowMs);
}

/** The service, if the actor may see it; null: the unified API. */
async function subscribable(change: Change, id: string): Promise<ServiceRow | null> {
  if (id === AI_SERVICE) return null;
  const row = found(await change.trx.selectFrom("services").selectAll().where("id", "=", id).executeTakeFirst());
  if (!(await isVisible(change.trx, change.actor, row))) throw notFound();
  if (row.state === "draft") throw new ProblemError("conflict", `service ${id} is not published yet`);
  if (row.state === "retired") throw new ProblemError("conflict", `service ${id} is retired`);
  return row;
}

/** Of the unified API: whoever manages the organisation's settings. */
function requireApprover(actor: Actor, serviceTeam: string | null): void {
  if (serviceTeam === null) require(actor, "setting.manage", null);
  else require(actor, "subscription.approve", serviceTeam);
}

function isParty(actor: Actor, permission: "subscription.read", row: Joined): boolean {
  if (may(actor, permission, row.application_team)) return true;
  return row.service_team !== null && may(actor, permission, row.service_team);
}

function joined(db: Connection) {
  return db
    .selectFrom("subscriptions")
    .innerJoin("applications", "applications.id", "subscriptions.application_id")
    .leftJoin("services", "services.id", "subscriptions.service_id")
    .selectAll("subscriptions")
    .select([
      "applications.team_id as application_team",
      "services.team_id as service_team",
      "services.kind as service_kind",
    ]);
}

async function subscriptionRow(db: Connection, id: string): Promise<Joined> {
  return found(await joined(db).where("subscriptions.id", "=", id).executeTakeFirst());
}

function current(db: Connection, applicationId: string, serviceId: string): Promise<SubscriptionRow | undefined> {
  return db
    .selectFrom("subscriptions")
    .selectAll()
    .where("application_id", "=", applicationId)
    .where("service_id", "=", serviceId)
    .executeTakeFirst();
}
