import type { Actor } from "../access/actor.ts";
import { readSettings } from "../entities/settings.ts";
import { sha256Hex } from "../ids.ts";
import type { Plane } from "../plane.ts";
import { ProblemError } from "../problem.ts";
import { IDEMPOTENT_ANSWER } from "../storage/sealed.ts";
import type { IdempotencyTable, Row } from "../storage/tables.ts";

const MAX_KEY = 255;
/** In place of an answer while there is none. */
const UNDER_WAY = 0;
/** No request takes that long: whoever had it has ended. */
const LONGEST_WORK_MS = 60_000;

export interface Remembered {
  status: number;
  body: string;
}

/**
 * A POST that carries an `Idempotency-Key` is done once (draft-ietf-httpapi-idempotency-key-header): the same again gets the
 * same answer, something else with the same key is refused. The key is taken before the work begins, in the database: so it holds
 * for all control processes, and for one that ends in the middle. The answers are sealed: they may hold a key that is shown once.
 */
export class Idempotency {
  readonly #plane: Plane;

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
    const digest = sha256Hex(JSON.stringify([request.method, request.path, request.body]));
    if (!(await this.#take(actor, key, digest))) return this.#known(actor, key, digest);
    const answer = await work().catch(async (error: unknown) => {
      // What was refused may be tried again. Of anything else it is not known whether it was done.
      if (error instanceof ProblemError) await this.#forget(actor, key);
      throw error;
    });
    await this.#remember(actor, key, answer);
    return answer;
  }

  /** False: it was used before. */
  async #take(actor: Actor, key: string, digest: string): Promise<boolean> {
    const { db, nowMs } = this.#plane;
    const { idempotency_hours } = await readSettings(db);
    const oldestMs = nowMs() - idempotency_hours * 3_600_000;
    await db.deleteFrom("idempotency").where("created_at", "<", oldestMs).execute();
    const row = { actor_id: actor.id, key, request_digest: digest, status: UNDER_WAY, body: "", created_at: nowMs() };
    const insertion = db.insertInto("idempotency").values(row);
    const { numInsertedOrUpdatedRows = 0n } = await insertion
      .onConflict((conflict) => conflict.doNothing())
      .executeTakeFirstOrThrow();
    return numInsertedOrUpdatedRows > 0n;
  }

  async #known(actor: Actor, key: string, digest: string): Promise<Remembered> {
    const query = this.#plane.db.selectFrom("idempotency").selectAll();
    const row = await query.where("actor_id", "=", actor.id).where("key", "=", key).executeTakeFirst();
    if (row !== undefined && row.request_digest !== digest) {
      throw conflict("this Idempotency-Key was used for another request: use a new one");
    }
    // Gone in the meantime: the other one has just failed.
    if (row === undefined || row.status === UNDER_WAY) throw this.#underWay(row);
    return { status: row.status, body: this.#plane.sealer.open(row.body, IDEMPOTENT_ANSWER) };
  }

  #underWay(row: Row<IdempotencyTable> | undefined): ProblemError {
    if (row === undefined || row.created_at + LONGEST_WORK_MS > this.#plane.nowMs()) {
      return conflict("a request with this Idempotency-Key is still under way: try again soon");
    }
    return conflict(
      "a request with this Idempotency-Key was broken off: look whether it was done, and use a new key if it was not",
    );
  }

  async #remember(actor: Actor, key: string, { status, body }: Remembered): Promise<void> {
    const { db, sealer } = this.#plane;
    const change = db.updateTable("idempotency").set({ status, body: sealer.seal(body, IDEMPOTENT_ANSWER) });
    await change.where("actor_id", "=", actor.id).where("key", "=", key).execute();
  }

  async #forget(actor: Actor, key: string): Promise<void> {
    const deletion = this.#plane.db.deleteFrom("idempotency");
    await deletion
      .where("actor_id", "=", actor.id)
      .where("key", "=", key)
      .where("status", "=", UNDER_WAY)
      .execute()
      .catch(() => {});
  }
}

function conflict(message: string): ProblemError {
  return new ProblemError("idempotency_conflict", message);
}
