import { createHash } from "node:crypto";
import { sql, type Transaction } from "kysely";
import { VERSION } from "../../platform/version.ts";
import { type Database, migrate, migrationsOf } from "./database.ts";
import type { Tables } from "./tables.ts";

/**
 * A backup is lines of JSON, which are kept compressed:
 *
 *   {"format":"tidegate-backup","formatVersion":1,"version":…,"migrations":[…],"createdAt":…}
 *   ["teams",{"id":…,…}]
 *   …
 *   {"end":true,"rows":…,"sha256":…}     of all bytes before this line
 *
 * It is of one moment, and may be restored to either database. Secrets in it are digests or sealed with the master key, which
 * is not in it.
 */
const FORMAT = "tidegate-backup";
const FORMAT_VERSION = 1;

type TableName = keyof Tables;

/** What is kept, with what each row is known by; tables that others refer to come first. */
const KEPT = [
  ["organisation", ["id"]],
  ["users", ["id"]],
  ["teams", ["id"]],
  ["memberships", ["team_id", "user_id"]],
  ["roles", ["id"]],
  ["identity_providers", ["id"]],
  ["identities", ["id"]],
  ["tokens", ["id"]],
  ["services", ["id"]],
  ["service_shares", ["service_id", "team_id"]],
  ["releases", ["service_id", "number"]],
  ["cache_purges", ["service_id"]],
  ["live_routes", ["shape", "method"]],
  ["applications", ["id"]],
  ["token_issuers", ["id"]],
  ["providers", ["id"]],
  ["provider_keys", ["provider_id", "id"]],
  ["model_routes", ["name"]],
  ["credentials", ["id"]],
  ["credential_names", ["digest"]],
  ["subscriptions", ["id"]],
  ["settings", ["key"]],
  ["webhooks", ["id"]],
  ["webhook_deliveries", ["id"]],
  ["audit", ["sequence"]],
] as const satisfies readonly (readonly [TableName, readonly string[]])[];

/** Who is signed in, answers that may be asked for again for a day, and news for processes that run. */
const LEFT_OUT = ["sessions", "idempotency", "changes"] as const satisfies readonly TableName[];

/** Compiled releases are compiled anew. */
const EMPTIED: Partial<Record<TableName, string>> = { releases: "compiled" };

type Forgotten = Exclude<TableName, (typeof KEPT)[number][0] | (typeof LEFT_OUT)[number]>;
const nothingIsForgotten: [Forgotten] extends [never] ? true : Forgotten = true;
void nothingIsForgotten;

const PAGE_ROWS = 2_000;
const INSERT_ROWS = 200;

export interface BackupSummary {
  rows: number;
  /** Rows of each table that has any. */
  tables: Record<string, number>;
}

/** A backup can't be read, or does not fit. The message says why. */
export class BackupError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "BackupError";
  }
}

/** The database that is to be filled has something in it. */
export class DatabaseInUseError extends BackupError {
  constructor(table: string) {
    super(
      `the database is in use: there are rows in ${table}. Restore to a new one: another TIDEGATE_HOME, or another DATABASE_URL`,
    );
    this.name = "DatabaseInUseError";
  }
}

type Row = Record<string, unknown>;

/** The lines of a backup; returns what was in them. Reads all of it within one transaction. `onProgress`: rows. */
export async function writeBackup(
  database: Database,
  nowMs: number,
  write: (line: string) => Promise<void>,
  onProgress: (done: number, total: number) => void = () => {},
): Promise<BackupSummary> {
  const migrations = await migrationsOf(database);
  if (migrations.length === 0) throw new BackupError("there is nothing to be kept: the database has no tables");
  const hash = createHash("sha256");
  const summary: BackupSummary = { rows: 0, tables: {} };
  const say = (value: unknown) => {
    const line = `${JSON.stringify(value)}\n`;
    hash.update(line);
    return write(line);
  };
  const createdAt = new Date(nowMs).toISOString();
  await say({ format: FORMAT, formatVersion: FORMAT_VERSION, version: VERSION, migrations, createdAt });
  const begin = database.db.transaction();
  // SQLite's transactions see one moment anyway.
  const transaction = database.kind === "postgres" ? begin.setIsolationLevel("repeatable read") : begin;
  await transaction.execute(async (trx) => {
    let total = 0;
    for (const [table] of KEPT) total += await countOf(trx, table);
    for (const [table, key] of KEPT) {
      for (let offset = 0; ; offset += PAGE_ROWS) {
        const rows = await page(trx, table, key, offset);
        for (const row of rows) await say([table, withoutEmptied(table, row)]);
        summary.rows += rows.length;
        if (rows.length > 0) summary.tables[table] = offset + rows.length;
        onProgress(summary.rows, total);
        if (rows.length < PAGE_ROWS) break;
      }
    }
  });
  await write(`${JSON.stringify({ end: true, rows: summary.rows, sha256: hash.digest("hex") })}\n`);
  return summary;
}

async function countOf(trx: Transaction<Tables>, table: TableName): Promise<number> {
  const { rows } = await sql<{ count: string | number }>`select count(*) as count from ${sql.table(table)}`.execute(
    trx,
  );
  return Number(rows[0]?.count ?? 0);
}

async function page(trx: Transaction<Tables>, table: TableName, key: readonly string[], offset: number) {
  const order = sql.join(key.map((column) => sql.ref(column)));
  const query = sql<Row>`select * from ${sql.table(table)} order by ${order} limit ${PAGE_ROWS} offset ${offset}`;
  return (await query.execute(trx)).rows;
}

function withoutEmptied(table: TableName, row: Row): Row {
  const column = EMPTIED[table];
  return column === undefined ? row : { ...row, [column]: null };
}

/**
 * Puts everything into a database that has nothing in it, and brings its tables up to date afterwards. All of it, or nothing.
 * Throws BackupError when the database is in use, or when the backup was cut or altered.
 */
export async function restoreBackup(database: Database, lines: AsyncIterable<string>): Promise<BackupSummary> {
  const reader = lines[Symbol.asyncIterator]();
  const first = await reader.next();
  const header = parse(first.done ? "" : first.value);
  const migrations = migrationsNamed(header);
  await prepare(database, migrations);
  const hash = createHash("sha256").update(`${first.value}\n`);
  const summary = await database.db.transaction().execute((trx) => insertAll(trx, reader, hash));
  if (database.kind === "postgres") await continueSequence(database);
  await migrate(database, "up");
  return summary;
}

function migrationsNamed(header: unknown): string[] {
  const { format, formatVersion, migrations } = Object(header) as Record<string, unknown>;
  if (format !== FORMAT || !Array.isArray(migrations) || migrations.length === 0) {
    throw new BackupError("this is no backup of Tidegate");
  }
  if (formatVersion !== FORMAT_VERSION)
    throw new BackupError("the backup is of a newer Tidegate: restore it with that one");
  return migrations.map(String);
}

/** The tables as they were when the backup was made. */
async function prepare(database: Database, migrations: readonly string[]): Promise<void> {
  if ((await migrationsOf(database)).length > 0) {
    for (const [table] of KEPT) await refuseRows(database, table);
    await migrate(database, "down");
  }
  try {
    await migrate(database, { upTo: migrations.at(-1) ?? "" });
  } catch (cause) {
    throw new BackupError("the backup is of a newer Tidegate: restore it with that one", { cause });
  }
}

async function refuseRows({ db }: Database, table: TableName): Promise<void> {
  const found = await sql`select 1 from ${sql.table(table)} limit 1`.execute(db).catch(() => ({ rows: [] }));
  if (found.rows.length > 0) throw new DatabaseInUseError(table);
}

async function insertAll(
  trx: Transaction<Tables>,
  lines: AsyncIterator<string>,
  hash: ReturnType<typeof createHash>,
): Promise<BackupSummary> {
  const summary: BackupSummary = { rows: 0, tables: {} };
  /** Of one table, for one insert. */
  let waiting: Row[] = [];
  let waitingFor: TableName = "organisation";
  const insertWaiting = async () => {
    if (waiting.length > 0) await insert(trx, waitingFor, waiting);
    waiting = [];
  };
  for (let next = await lines.next(); !next.done; next = await lines.next()) {
    const line = parse(next.value);
    if (!Array.isArray(line)) {
      await insertWaiting();
      const { end, rows, sha256 } = Object(line) as Record<string, unknown>;
      if (end === true && rows === summary.rows && sha256 === hash.digest("hex")) return summary;
      throw new BackupError("the backup was altered: its sum is another");
    }
    hash.update(`${next.value}\n`);
    const [name, row] = line as [string, Row];
    const table = KEPT.find(([known]) => known === name)?.[0];
    if (table === undefined) throw new BackupError(`the backup has rows of a table ${name}, which is not known`);
    if (table !== waitingFor || waiting.length >= INSERT_ROWS) await insertWaiting();
    waitingFor = table;
    waiting.push(row);
    summary.rows++;
    summary.tables[table] = (summary.tables[table] ?? 0) + 1;
  }
  throw new BackupError("the backup is cut short: its end is missing");
}

async function insert(trx: Transaction<Tables>, table: TableName, rows: readonly Row[]): Promise<void> {
  const columns = Object.keys(rows[0] ?? {});
  const values = rows.map((row) => sql`(${sql.join(columns.map((column) => row[column] ?? null))})`);
  const names = sql.join(columns.map((column) => sql.ref(column)));
  await sql`insert into ${sql.table(table)} (${names}) values ${sql.join(values)}`.execute(trx);
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (cause) {
    throw new BackupError("the backup is damaged: a line of it is no JSON", { cause });
  }
}

/** PostgreSQL counts on from where the trail ends. */
async function continueSequence({ db }: Database): Promise<void> {
  await sql`select setval(pg_get_serial_sequence('audit', 'sequence'), coalesce(max(sequence), 1), max(sequence) is not null) from audit`.execute(
    db,
  );
}
