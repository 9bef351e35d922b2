import { join } from "node:path";
import { Kysely, Migrator, NO_MIGRATIONS, sql, type Transaction } from "kysely";
import type { Logger } from "../../contracts/logger.ts";
import { migrationsFor } from "./migrations/index.ts";
import { postgresDialect } from "./postgres.ts";
import { sqliteDialect } from "./sqlite.ts";
import type { Tables } from "./tables.ts";

export interface Database {
  readonly kind: "sqlite" | "postgres";
  readonly db: Kysely<Tables>;
  close(): Promise<void>;
}

/** Either of the two: whoever reads needs not know whether a transaction is under way. */
export type Connection = Kysely<Tables> | Transaction<Tables>;

export interface DatabaseOptions {
  /** `asItIs`: its tables are not brought up to date. */
  migrations?: "up" | "asItIs";
  /** `postgres://…`; undefined: SQLite in the data directory. */
  url: string | undefined;
  homeDirectory: string;
  logger: Logger;
}

export const SQLITE_FILE = "tidegate.db";

/** What can't be opened: the message says what, and never holds the password of a URL. */
export class DatabaseError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "DatabaseError";
  }
}

/** Opens the database and, unless it is told otherwise, brings its tables up to date. Throws DatabaseError. */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  const { kind, db, place } = connect(options);
  const database: Database = { kind, db, close: () => db.destroy() };
  try {
    if (options.migrations === "asItIs") await sql`select 1`.execute(db);
    else await migrate(database, "up");
  } catch (cause) {
    await db.destroy().catch(() => {});
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new DatabaseError(`${place} can't be used: ${reason}`, { cause });
  }
  return database;
}

function connect({ url, homeDirectory, logger }: DatabaseOptions) {
  if (url === undefined || url === "") {
    const path = join(homeDirectory, SQLITE_FILE);
    try {
      return { kind: "sqlite", db: new Kysely<Tables>({ dialect: sqliteDialect(path) }), place: path } as const;
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new DatabaseError(`the database ${path} can't be opened: ${reason}`, { cause });
    }
  }
  if (!/^postgres(ql)?:\/\//.test(url) || !URL.canParse(url)) {
    throw new DatabaseError("DATABASE_URL must be postgres://user:password@host:port/database, or unset for SQLite");
  }
  const { host, pathname } = new URL(url);
  const dialect = postgresDialect(url, (error) => logger.warn({ error }, "a connection to the database was lost"));
  const place = `the database at ${host}${pathname}`;
  return { kind: "postgres", db: new Kysely<Tables>({ dialect }), place } as const;
}

/**
 * `down` takes everything away again: for tests of the migrations, and for those who give Tidegate up. A name: up to that
 * migration and no further.
 */
export async function migrate(
  { db, kind }: Pick<Database, "db" | "kind">,
  target: "up" | "down" | { upTo: string },
): Promise<void> {
  const migrator = new Migrator({ db, provider: migrationsFor(kind) });
  const migrated =
    target === "up"
      ? await migrator.migrateToLatest()
      : await migrator.migrateTo(target === "down" ? NO_MIGRATIONS : target.upTo);
  if (migrated.error !== undefined) throw migrated.error;
}

/** The names of those that were run, in their order. */
export async function migrationsOf({ db, kind }: Pick<Database, "db" | "kind">): Promise<string[]> {
  const all = await new Migrator({ db, provider: migrationsFor(kind) }).getMigrations();
  return all.filter(({ executedAt }) => executedAt !== undefined).map(({ name }) => name);
}
