import type { Transaction } from "kysely";
import type { Actor } from "../access/actor.ts";
import { sha256Hex } from "../ids.ts";
import type { Connection } from "../storage/database.ts";
import type { AuditTable, NewRow, Row, Tables } from "../storage/tables.ts";

export type AuditRow = Row<AuditTable>;

export interface AuditEntry {
  /** What was done, e.g. `service.publish`. */
  action: string;
  subjectType: string;
  subjectId: string;
  teamId: string | null;
  /** The subject before and after, as the API shows it; null: there was, or is, none. Secrets were never in it. */
  before: object | null;
  after: object | null;
}

const FIRST_HASH = "0".repeat(64);

/**
 * Appends to the audit trail, within the transaction of the change itself: neither is there without the other. Each entry
 * holds the hash of the one before it, so that a changed, missing or inserted one is found by `verifyAudit`.
 */
export async function audit(trx: Transaction<Tables>, actor: Actor, entry: AuditEntry, nowMs: number): Promise<void> {
  const last = await trx.selectFrom("audit").select("hash").orderBy("sequence", "desc").limit(1).executeTakeFirst();
  const content = {
    at: nowMs,
    actor_kind: actor.kind,
    actor_id: actor.id,
    actor_name: actor.name,
    address: actor.address,
    action: entry.action,
    subject_type: entry.subjectType,
    subject_id: entry.subjectId,
    team_id: entry.teamId,
    before: entry.before === null ? null : JSON.stringify(entry.before),
    after: entry.after === null ? null : JSON.stringify(entry.after),
    previous_hash: last?.hash ?? FIRST_HASH,
  } satisfies Omit<NewRow<AuditTable>, "hash" | "sequence">;
  await trx
    .insertInto("audit")
    .values({ ...content, hash: hashOf(content) })
    .execute();
}

function hashOf(row: Omit<AuditRow, "hash" | "sequence">): string {
  return sha256Hex(
    JSON.stringify([
      row.previous_hash,
      row.at,
      row.actor_kind,
      row.actor_id,
      row.actor_name,
      row.address,
      row.action,
      row.subject_type,
      row.subject_id,
      row.team_id,
      row.before,
      row.after,
    ]),
  );
}

const VERIFY_ROWS = 1_000;

export interface AuditVerification {
  intact: boolean;
  entries: number;
  /** Of the last entry: keep it elsewhere, and a trail that was cut off at its end is found as well. */
  lastHash: string;
  /** The first entry that does not follow from the one before it. */
  brokenAt: number | null;
}

export async function verifyAudit(db: Connection): Promise<AuditVerification> {
  let previous = FIRST_HASH;
  let entries = 0;
  for (let after = -1; ; ) {
    const rows = await db
      .selectFrom("audit")
      .selectAll()
      .where("sequence", ">", after)
      .orderBy("sequence")
      .limit(VERIFY_ROWS)
      .execute();
    for (const row of rows) {
      if (row.previous_hash !== previous || hashOf(row) !== row.hash) {
        return { intact: false, entries, lastHash: previous, brokenAt: row.sequence };
      }
      previous = row.hash;
      after = row.sequence;
      entries++;
    }
    if (rows.length < VERIFY_ROWS) return { intact: true, entries, lastHash: previous, brokenAt: null };
  }
}
