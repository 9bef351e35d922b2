import { type Actor, teamsWith } from "../access/actor.ts";
import { newId } from "../ids.ts";
import type { Change, Plane } from "../plane.ts";
import { notFound, ProblemError } from "../problem.ts";
import type { Connection } from "../storage/database.ts";
import { WEBHOOK_SECRET } from "../storage/sealed.ts";
import type { DeliveryTable, Row, WebhookTable } from "../storage/tables.ts";
import { insertDelivery } from "../webhooks/events.ts";
import { newWebhookSecret } from "../webhooks/signing.ts";
import { decodeCursor, type Page, type PageRequest, pageOf } from "./pages.ts";
import { found, isoTime, parseJson, require, requireRevision } from "./rows.ts";
import { teamExists } from "./teams.ts";

type WebhookRow = Row<WebhookTable>;
type DeliveryRow = Row<DeliveryTable>;

export interface WebhookView {
  id: string;
  /** Null: of the organisation, told of everything. */
  team: string | null;
  name: string;
  /** Without what may be a secret in it: the path after the last `/` may be one. */
  url: string;
  events: string[];
  enabled: boolean;
  created_by: string;
  created_at: string;
  revision: number;
}

export interface CreatedWebhook extends WebhookView {
  /** Deliveries are signed with it: shown this once. */
  secret: string;
}

export interface DeliveryView {
  id: string;
  event: string;
  state: DeliveryRow["state"];
  attempts: number;
  next_attempt_at: string | null;
  last_status: number | null;
  last_error: string | null;
  created_at: string;
  finished_at: string | null;
  payload: unknown;
}

export interface WebhookFields {
  name?: string | undefined;
  url?: string | undefined;
  events?: string[] | undefined;
  enabled?: boolean | undefined;
}

export async function listWebhooks(plane: Plane, actor: Actor, page: PageRequest): Promise<Page<WebhookView>> {
  const teams = teamsWith(actor, "webhook.manage");
  let query = plane.db
    .selectFrom("webhooks")
    .selectAll()
    .orderBy("id")
    .limit(page.limit + 1);
  const after = decodeCursor(page.cursor);
  if (after !== null) query = query.where("id", ">", after);
  if (teams !== "all") query = query.where("team_id", "in", teams.length === 0 ? [""] : teams);
  return pageOf(await query.execute(), page, ({ id }) => id, viewOf);
}

export async function getWebhook(plane: Plane, actor: Actor, id: string): Promise<WebhookView> {
  return viewOf(await webhookRow(plane.db, actor, id));
}

export function createWebhook(
  plane: Plane,
  actor: Actor,
  webhook: { team: string | null; name: string; url: string; events: string[] },
): Promise<CreatedWebhook> {
  require(actor, "webhook.manage", webhook.team);
  return plane.change(actor, async (change) => {
    if (webhook.team !== null && !(await teamExists(change.trx, webhook.team))) throw notFound();
    const secret = newWebhookSecret();
    const row: WebhookRow = {
      id: newId(change.nowMs),
      team_id: webhook.team,
      name: webhook.name,
      url: webhook.url,
      events: JSON.stringify(webhook.events),
      secret: plane.sealer.seal(secret, WEBHOOK_SECRET),
      enabled: 1,
      created_by: actor.name,
      created_at: change.nowMs,
      revision: 1,
    };
    await change.trx.insertInto("webhooks").values(row).execute();
    await auditWebhook(change, "webhook.create", row, null, viewOf(row));
    return { ...viewOf(row), secret };
  });
}

export function updateWebhook(
  plane: Plane,
  actor: Actor,
  id: string,
  fields: WebhookFields,
  revision: number | null,
): Promise<WebhookView> {
  return plane.change(actor, async (change) => {
    const before = await webhookRow(change.trx, actor, id);
    requireRevision(before, revision);
    const after: WebhookRow = {
      ...before,
      name: fields.name ?? before.name,
      url: fields.url ?? before.url,
      events: fields.events === undefined ? before.events : JSON.stringify(fields.events),
      enabled: fields.enabled === undefined ? before.enabled : Number(fields.enabled),
      revision: before.revision + 1,
    };
    await change.trx.updateTable("webhooks").set(after).where("id", "=", id).execute();
    await auditWebhook(change, "webhook.update", after, viewOf(before), viewOf(after));
    return viewOf(after);
  });
}

export function deleteWebhook(plane: Plane, actor: Actor, id: string, revision: number | null): Promise<void> {
  return plane.change(actor, async (change) => {
    const row = await webhookRow(change.trx, actor, id);
    requireRevision(row, revision);
    await change.trx.deleteFrom("webhooks").where("id", "=", id).execute();
    await auditWebhook(change, "webhook.delete", row, viewOf(row), null);
  });
}

/** Sends an event of the type `ping`, to see whether it arrives. */
export function testWebhook(plane: Plane, actor: Actor, id: string): Promise<{ delivery: string }> {
  return plane.change(actor, async (change) => {
    const row = await webhookRow(change.trx, actor, id);
    const { nowMs } = change;
    const subject = { type: "webhook", id };
    const data = {
      actor: { kind: actor.kind, name: actor.name },
      subject,
      team: row.team_id,
      before: null,
      after: null,
    };
    const payload = { id: newId(nowMs), type: "ping", timestamp: new Date(nowMs).toISOString(), data };
    await auditWebhook(change, "webhook.test", row, null, null);
    return { delivery: await insertDelivery(change.trx, id, payload, nowMs) };
  });
}

// --- deliveries ---

/** Newest first. `state` "dead": what could not be delivered. */
export async function listDeliveries(
  plane: Plane,
  actor: Actor,
  webhookId: string,
  page: PageRequest,
  filter: { state: DeliveryRow["state"] | null },
): Promise<Page<DeliveryView>> {
  await webhookRow(plane.db, actor, webhookId);
  let query = plane.db.selectFrom("webhook_deliveries").selectAll().where("webhook_id", "=", webhookId);
  query = query.orderBy("id", "desc").limit(page.limit + 1);
  const before = decodeCursor(page.cursor);
  if (before !== null) query = query.where("id", "<", before);
  if (filter.state !== null) query = query.where("state", "=", filter.state);
  return pageOf(await query.execute(), page, ({ id }) => id, deliveryView);
}

/** Once more, from the first attempt on. */
export function redeliver(plane: Plane, actor: Actor, webhookId: string, id: string): Promise<DeliveryView> {
  return plane.change(actor, async (change) => {
    const webhook = await webhookRow(change.trx, actor, webhookId);
    const ours = change.trx.selectFrom("webhook_deliveries").selectAll().where("id", "=", id);
    const row = found(await ours.where("webhook_id", "=", webhookId).executeTakeFirst());
    if (row.state === "pending") throw new ProblemError("conflict", "the delivery is still being tried");
    const fields = { state: "pending", attempts: 0, next_attempt_at: change.nowMs, finished_at: null } as const;
    await change.trx.updateTable("webhook_deliveries").set(fields).where("id", "=", id).execute();
    await auditWebhook(change, "webhook.redeliver", webhook, null, { delivery: id });
    return deliveryView({ ...row, ...fields });
  });
}

async function webhookRow(db: Connection, actor: Actor, id: string): Promise<WebhookRow> {
  const row = found(await db.selectFrom("webhooks").selectAll().where("id", "=", id).executeTakeFirst());
  require(actor, "webhook.manage", row.team_id);
  return row;
}

const viewOf = (row: WebhookRow): WebhookView => ({
  id: row.id,
  team: row.team_id,
  name: row.name,
  url: withoutSecrets(row.url),
  events: parseJson<string[]>(row.events),
  enabled: row.enabled === 1,
  created_by: row.created_by,
  created_at: isoTime(row.created_at),
  revision: row.revision,
});

/** Receivers like Slack's have their secret in the path, others in the query. */
function withoutSecrets(text: string): string {
  const url = new URL(text);
  return url.pathname === "/" && url.search === "" ? url.origin : `${url.origin}/…`;
}

const deliveryView = (row: DeliveryRow): DeliveryView => ({
  id: row.id,
  event: row.event,
  state: row.state,
  attempts: row.attempts,
  next_attempt_at: isoTime(row.next_attempt_at),
  last_status: row.last_status,
  last_error: row.last_error,
  created_at: isoTime(row.created_at),
  finished_at: isoTime(row.finished_at),
  payload: parseJson(row.payload),
});

function auditWebhook(change: Change, action: string, row: WebhookRow, before: object | null, after: object | null) {
  return change.audit({ action, subjectType: "webhook", subjectId: row.id, teamId: row.team_id, before, after });
}
