import type { Transaction } from "kysely";
import type { Actor } from "../access/actor.ts";
import type { AuditEntry } from "../entities/audit.ts";
import { newId } from "../ids.ts";
import type { Tables } from "../storage/tables.ts";

/** What webhooks can be told of: the actions of the audit trail that concern others. */
export const WEBHOOK_EVENTS = [
  "service.create",
  "service.update",
  "service.publish_request",
  "service.publish",
  "service.roll_back",
  "service.canary",
  "service.deprecate",
  "service.retire",
  "service.share",
  "service.delete",
  "subscription.request",
  "subscription.approve",
  "subscription.reject",
  "subscription.revoke",
  "subscription.cancel",
  "credential.create",
  "credential.update",
  "credential.rotate",
  "credential.revoke",
] as const;

export type WebhookEvent = (typeof WEBHOOK_EVENTS)[number];

export interface EventPayload {
  id: string;
  type: string;
  timestamp: string;
  data: {
    actor: { kind: string; name: string };
    subject: { type: string; id: string };
    team: string | null;
    before: object | null;
    after: object | null;
  };
}

/** Within the transaction of the change: what is told has happened, and what has happened is told. */
export async function enqueue(trx: Transaction<Tables>, actor: Actor, entry: AuditEntry, nowMs: number): Promise<void> {
  if (!(WEBHOOK_EVENTS as readonly string[]).includes(entry.action)) return;
  const webhooks = await trx
    .selectFrom("webhooks")
    .select(["id", "team_id", "events"])
    .where("enabled", "=", 1)
    .execute();
  for (const webhook of webhooks) {
    const events: unknown = JSON.parse(webhook.events);
    const isWanted = Array.isArray(events) && (events.includes("*") || events.includes(entry.action));
    // A team's webhooks hear of what is the team's, the organisation's of everything.
    if (!isWanted || (webhook.team_id !== null && !concerns(entry, webhook.team_id))) continue;
    await insertDelivery(trx, webhook.id, payloadOf(actor, entry, nowMs), nowMs);
  }
}

/** A subscription has two sides. */
function concerns({ teamId, after, before }: AuditEntry, team: string): boolean {
  if (teamId === team) return true;
  const subject: { application_team?: unknown; service_team?: unknown } = after ?? before ?? {};
  return subject.application_team === team || subject.service_team === team;
}

function payloadOf(actor: Actor, entry: AuditEntry, nowMs: number): EventPayload {
  const { action, subjectType, subjectId, teamId, before, after } = entry;
  return {
    id: newId(nowMs),
    type: action,
    timestamp: new Date(nowMs).toISOString(),
    data: {
      actor: { kind: actor.kind, name: actor.name },
      subject: { type: subjectType, id: subjectId },
      team: teamId,
      before,
      after,
    },
  };
}

export async function insertDelivery(
  trx: Transaction<Tables>,
  webhookId: string,
  payload: EventPayload,
  nowMs: number,
): Promise<string> {
  const id = newId(nowMs);
  await trx
    .insertInto("webhook_deliveries")
    .values({
      id,
      webhook_id: webhookId,
      event: payload.type,
      payload: JSON.stringify(payload),
      state: "pending",
      attempts: 0,
      next_attempt_at: nowMs,
      last_status: null,
      last_error: null,
      created_at: nowMs,
      finished_at: null,
    })
    .execute();
  return id;
}
