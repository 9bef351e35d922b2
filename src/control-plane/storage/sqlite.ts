import { chmodSync } from "node:fs";
import { DatabaseSync, type DatabaseSyncInstance } from "@photostructure/sqlite";
import { SqliteAdapter, type SqliteDatabase, SqliteDialect, type SqliteStatement } from "kysely";

/**
 * SQLite in a file of its own. WAL with full synchronisation: what was acknowledged survives the power as well as the
 * process.
 */
export function sqliteDialect(path: string): SqliteDialect {
  const database = new DatabaseSync(path);
  // It holds digests and sealed secrets.
  if (path !== ":memory:") chmodSync(path, 0o600);
  database.exec("pragma journal_mode = wal");
  database.exec("pragma synchronous = full");
  database.exec("pragma foreign_keys = on");
  // Waiting blocks the event loop: the supervisor replaces a process that is silent for two seconds.
  database.exec("pragma busy_timeout = 1000");
  // SQLite's own knows ASCII only: searches would tell É from é.
  database.function("lower", { deterministic: true }, (text: unknown) => {
    return typeof text === "string" ? text.toLowerCase() : null;
  });
  return new Dialect({ database: new KyselyDatabase(database) });
}

class Dialect extends SqliteDialect {
  override createAdapter(): SqliteAdapter {
    return new Adapter();
  }
}

/**
 * SQLite rolls changes of tables back like all others; Kysely does not count on it. A process that is killed within a migration
 * would leave half of it behind, and none after it could go on. In one transaction it is also written to disk once.
 */
class Adapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}

/** What Kysely asks of a driver (that of better-sqlite3), over one that speaks `node:sqlite`'s. */
class KyselyDatabase implements SqliteDatabase {
  readonly #database: DatabaseSyncInstance;

  constructor(database: DatabaseSyncInstance) {
    this.#database = database;
  }

  prepare(text: string): SqliteStatement {
    const statement = this.#database.prepare(text);
    const values = (parameters: readonly unknown[]) => parameters.map(parameterOf);
    return {
      reader: statement.columns().length > 0,
      all: (parameters) => statement.all(...values(parameters)),
      run: (parameters) => statement.run(...values(parameters)),
      iterate: (parameters) => statement.iterate(...values(parameters)) as IterableIterator<unknown>,
    };
  }

  close(): void {
    this.#database.close();
  }
}

function parameterOf(value: unknown): null | number | string | bigint | Buffer {
  if (value === null || typeof value === "number" || typeof value === "string" || typeof value === "bigint")
    return value;
  if (value instanceof Uint8Array) return Buffer.from(value);
  throw new TypeError(`${typeof value} is no value for SQLite`);
}
