import { sql, type Transaction } from "kysely";
import type { Logger } from "../contracts/logger.ts";
import type { Sealer } from "../platform/seal.ts";
import type { Actor } from "./access/actor.ts";
import { type AuditEntry, audit } from "./entities/audit.ts";
import { KEEP_CHANGES_MS } from "./snapshot-source/change-feed.ts";
import type { Connection, Database } from "./storage/database.ts";
import type { Tables } from "./storage/tables.ts";
import { enqueue } from "./webhooks/events.ts";

/** One change: all of it is kept, with its audit entries, or nothing is. */
export interface Change {
  readonly trx: Transaction<Tables>;
  readonly actor: Actor;
  readonly nowMs: number;
  audit(entry: AuditEntry): Promise<void>;
  /** What gateways serve has changed with it. */
  touch(subject: Touched): void;
}

export type Touched = { kind: "service" | "application"; id: string };

export interface PlaneOptions {
  database: Database;
  sealer: Sealer;
  logger: Logger;
  nowMs?: () => number;
}

/** Any number: it only has to be the same for all who write. */
const WRITER_LOCK = 7_361_402;

/** The control plane's own state, and the one way to change it. */
export class Plane {
  readonly database: Database;
  readonly sealer: Sealer;
  readonly logger: Logger;
  readonly nowMs: () => number;
  readonly #touchListeners: ((touched: readonly Touched[]) => void)[] = [];
  readonly #changeListeners: (() => void)[] = [];

  constructor({ database, sealer, logger, nowMs = Date.now }: PlaneOptions) {
    this.database = database;
    this.sealer = sealer;
    this.logger = logger;
    this.nowMs = nowMs;
  }

  get db(): Connection {
    return this.database.db;
  }

  /** Called after a change was kept that gateways have to hear of. */
  onTouched(listener: (touched: readonly Touched[]) => void): void {
    this.#touchListeners.push(listener);
  }

  /** Called after every change that was kept. */
  onChanged(listener: () => void): void {
    this.#changeListeners.push(listener);
  }

  async change<Result>(actor: Actor, work: (change: Change) => Promise<Result>): Promise<Result> {
    const touched: Touched[] = [];
    const nowMs = this.nowMs();
    const result = await this.database.db.transaction().execute(async (trx) => {
      let locked = this.database.kind === "sqlite";
      // One writer at a time, up to its commit: the next audit entry needs this one's hash, and the order of the changes has to
      // be that of the commits.
      const lock = async () => {
        if (!locked) await sql`select pg_advisory_xact_lock(${WRITER_LOCK})`.execute(trx);
        locked = true;
      };
      const done = await work({
        trx,
        actor,
        nowMs,
        audit: async (entry) => {
          await lock();
          await audit(trx, actor, entry, nowMs);
          await enqueue(trx, actor, entry, nowMs);
        },
        touch: (subject) => touched.push(subject),
      });
      if (touched.length > 0) {
        await lock();
        await noteChanges(trx, touched, nowMs);
      }
      return done;
    });
    for (const listener of this.#changeListeners) listener();
    if (touched.length > 0) for (const listener of this.#touchListeners) listener(touched);
    return result;
  }
}

async function noteChanges(trx: Transaction<Tables>, touched: readonly Touched[], nowMs: number): Promise<void> {
  await trx
    .deleteFrom("changes")
    .where("at", "<", nowMs - KEEP_CHANGES_MS)
    .execute();
  const rows = touched.map(({ kind, id }) => ({ kind, subject_id: id, at: nowMs }));
  await trx.insertInto("changes").values(rows).execute();
}
