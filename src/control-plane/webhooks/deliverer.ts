import { Agent, request } from "undici";
import type { Plane } from "../plane.ts";
import { WEBHOOK_SECRET } from "../storage/sealed.ts";
import type { DeliveryTable, Row } from "../storage/tables.ts";
import { retryDelayMs } from "./backoff.ts";
import { signatureHeaders } from "./signing.ts";

type DeliveryRow = Row<DeliveryTable>;

const LOOK_EVERY_MS = 1_000;
const AT_ONCE = 8;
const ANSWER_LIMIT_MS = 10_000;
/** For whoever takes a delivery: if that process dies, another one tries again after this. */
export const CLAIM_MS = 60_000;
const KEEP_DELIVERED_MS = 7 * 86_400_000;
const MAX_ERROR = 300;

/**
 * Brings events to where webhooks point: signed, tried again with growing delays, and after the last attempt kept as dead. A
 * delivery may arrive twice (whoever takes it knows it by `webhook-id`), and never before its change was kept.
 */
export class WebhookDeliverer {
  readonly #plane: Plane;
  readonly #agent = new Agent({
    headersTimeout: ANSWER_LIMIT_MS,
    bodyTimeout: ANSWER_LIMIT_MS,
    connect: { timeout: ANSWER_LIMIT_MS },
  });
  readonly #timer: NodeJS.Timeout;
  #running: Promise<void> | null = null;
  #again = false;

  constructor(plane: Plane) {
    this.#plane = plane;
    this.#timer = setInterval(() => this.look(), LOOK_EVERY_MS).unref();
  }

  /** Sends what is due, soon. */
  look(): void {
    if (this.#running !== null) {
      this.#again = true;
      return;
    }
    this.#running = this.#deliverDue()
      .catch((error: unknown) => this.#plane.logger.warn({ error }, "webhooks can't be delivered: trying again"))
      .finally(() => {
        this.#running = null;
        if (!this.#again) return;
        this.#again = false;
        this.look();
      });
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#running;
    await this.#agent.close();
  }

  async #deliverDue(): Promise<void> {
    const { db, nowMs } = this.#plane;
    for (;;) {
      const due = await db
        .selectFrom("webhook_deliveries")
        .selectAll()
        .where("state", "=", "pending")
        .where("next_attempt_at", "<=", nowMs())
        .orderBy("next_attempt_at")
        .limit(AT_ONCE)
        .execute();
      if (due.length === 0) break;
      await Promise.all(due.map((delivery) => this.#deliver(delivery)));
    }
    await db
      .deleteFrom("webhook_deliveries")
      .where("state", "=", "delivered")
      .where("finished_at", "<", nowMs() - KEEP_DELIVERED_MS)
      .execute();
  }

  async #deliver(delivery: DeliveryRow): Promise<void> {
    const { db, sealer, nowMs } = this.#plane;
    // Taken by whoever moves its time: of two processes, one does.
    const claim = await db
      .updateTable("webhook_deliveries")
      .set({ next_attempt_at: nowMs() + CLAIM_MS, attempts: delivery.attempts + 1 })
      .where("id", "=", delivery.id)
      .where("state", "=", "pending")
      .where("next_attempt_at", "=", delivery.next_attempt_at)
      .executeTakeFirst();
    if (Number(claim.numUpdatedRows) === 0) return;
    const webhook = await db
      .selectFrom("webhooks")
      .select(["url", "secret", "enabled"])
      .where("id", "=", delivery.webhook_id)
      .executeTakeFirst();
    if (webhook === undefined) return;
    const attempt =
      webhook.enabled === 1
        ? await this.#send(webhook.url, sealer.open(webhook.secret, WEBHOOK_SECRET), delivery)
        : { status: null, error: "the webhook is turned off" };
    await this.#note(delivery, attempt);
  }

  async #send(url: string, secret: string, { id, payload }: DeliveryRow): Promise<Attempt> {
    const headers = {
      "content-type": "application/json",
      "user-agent": "Tidegate-Webhook",
      ...signatureHeaders(secret, { id, atMs: this.#plane.nowMs(), body: payload }),
    };
    try {
      const signal = AbortSignal.timeout(ANSWER_LIMIT_MS);
      const answer = await request(url, { method: "POST", headers, body: payload, dispatcher: this.#agent, signal });
      await answer.body.dump();
      const isGood = answer.statusCode >= 200 && answer.statusCode < 300;
      return { status: answer.statusCode, error: isGood ? null : `the answer was ${answer.statusCode}` };
    } catch (error) {
      return { status: null, error: (error instanceof Error ? error.message : String(error)).slice(0, MAX_ERROR) };
    }
  }

  async #note(delivery: DeliveryRow, { status, error }: Attempt): Promise<void> {
    const { db, nowMs } = this.#plane;
    const delayMs = error === null ? null : retryDelayMs(delivery.attempts + 1, Math.random());
    const state = error === null ? "delivered" : delayMs === null ? "dead" : "pending";
    await db
      .updateTable("webhook_deliveries")
      .set({
        state,
        last_status: status,
        last_error: error,
        next_attempt_at: delayMs === null ? null : nowMs() + delayMs,
        finished_at: state === "pending" ? null : nowMs(),
      })
      .where("id", "=", delivery.id)
      .execute();
  }
}

interface Attempt {
  status: number | null;
  /** Null: it was taken. */
  error: string | null;
}
