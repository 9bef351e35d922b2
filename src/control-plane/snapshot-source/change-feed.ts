import type { Touched } from "../plane.ts";
import type { Connection } from "../storage/database.ts";

/** Changes older than this are forgotten: whoever was away for longer reads everything anew. */
export const KEEP_CHANGES_MS = 3_600_000;

/** What other processes on the same database have changed. The order of the sequence is that of the commits (plane.ts). */
export class ChangeFeed {
  #seen: number;

  private constructor(seen: number) {
    this.#seen = seen;
  }

  /** Begins now: what was changed before is in what is read from here on. */
  static async begin(db: Connection): Promise<ChangeFeed> {
    const last = await db
      .selectFrom("changes")
      .select(({ fn }) => fn.max("sequence").as("sequence"))
      .executeTakeFirst();
    return new ChangeFeed(last?.sequence ?? 0);
  }

  /** Since the last time; `everything`: more than is still known. */
  async read(db: Connection): Promise<readonly Touched[] | "everything"> {
    // The last one seen shows that nothing between was forgotten.
    const rows = await db
      .selectFrom("changes")
      .select(["sequence", "kind", "subject_id"])
      .where("sequence", ">=", this.#seen)
      .orderBy("sequence")
      .execute();
    const last = rows.at(-1);
    if (last === undefined || last.sequence === this.#seen) return [];
    const isWhole = this.#seen === 0 || rows[0]?.sequence === this.#seen;
    const fresh = rows.filter(({ sequence }) => sequence > this.#seen);
    this.#seen = last.sequence;
    return isWhole ? fresh.map(({ kind, subject_id }) => ({ kind, id: subject_id })) : "everything";
  }
}
