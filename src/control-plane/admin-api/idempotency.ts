import type { Actor } from "../access/actor.ts";
import { readSettings } from "../entities/settings.ts";
import { sha256Hex } from "../ids.ts";
import type { Plane } from "../plane.ts";
import { ProblemError } from "../problem.ts";

const PURPOSE = "idempotency";
const MAX_KEY = 255;

export interface Remembered {
  status: number;
  body: string;
}

/**
 * A POST that carries an `Idempotency-Key` is done once (draft-ietf-httpapi-idempotency-key-header): the same again gets the
 * same answer, something else with the same key is refused. The answers are sealed: they may hold a key that is shown once.
 */
export class Idempotency {
  readonly #plane: Plane;
  /** Under way in this process, by actor and key. */
  readonly #running = new Set<string>();

  constructor(plane: Plane) {
    this.#plane = plane;
  }

  async once(
    actor: Actor,
    key: string,
    request: { method: string; path: string; body: string },
    work: () => Promise<Remembered>,
  ): Promise<Remembered> {
    if (key.length === 0 || key.length > MAX_KEY) {
      throw new ProblemError("invalid_request", `an Idempotency-Key has 1 to ${MAX_KEY} characters`);
    }
    const running = `${actor.id} ${key}`;
    if (this.#running.has(running)) {
      throw new ProblemError("idempotency_conflict", "a request with this Idempotency-Key is still under way");
    }
    this.#running.add(running);
    try {
      const digest = sha256Hex(JSON.stringify([request.method, request.path, request.body]));
      const known = await this.#find(actor, key, digest);
      if (known !== null) return known;
      const answer = await work();
      // What failed may be tried again.
      if (answer.status < 400) await this.#remember(actor, key, digest, answer);
      return answer;
    } finally {
      this.#running.delete(running);
    }
  }

  async #find(actor: Actor, key: string, digest: string): Promise<Remembered | null> {
    const { db, sealer, nowMs } = this.#plane;
    const { idempotency_hours } = await readSettings(db);
    await db
      .deleteFrom("idempotency")
      .where("created_at", "<", nowMs() - idempotency_hours * 3_600_000)
      .execute();
    const row = await db
      .selectFrom("idempotency")
      .selectAll()
      .where("actor_id", "=", actor.id)
      .where("key", "=", key)
      .executeTakeFirst();
    if (row === undefined) return null;
    if (row.request_digest !== digest) {
      throw new ProblemError(
        "idempotency_conflict",
        "this Idempotency-Key was used for another request: use a new one",
      );
    }
    return { status: row.status, body: sealer.open(row.body, PURPOSE) };
  }

  async #remember(actor: Actor, key: string, digest: string, { status, body }: Remembered): Promise<void> {
    const { db, sealer, nowMs } = this.#plane;
    await db
      .insertInto("idempotency")
      .values({
        actor_id: actor.id,
        key,
        request_digest: digest,
        status,
        body: sealer.seal(body, PURPOSE),
        created_at: nowMs(),
      })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  }
}
