import { PostgresDialect } from "kysely";
import type { Pool } from "pg";

const MAX_CONNECTIONS = 10;
const CONNECT_LIMIT_MS = 5_000;
const STATEMENT_LIMIT_MS = 30_000;
const BIGINT_OID = 20;

export function postgresDialect(url: string, onError: (error: Error) => void): PostgresDialect {
  return new PostgresDialect({ pool: () => openPool(url, onError) });
}

/** Loads pg: those who keep all in SQLite don't need it. */
async function openPool(url: string, onError: (error: Error) => void): Promise<Pool> {
  const { default: pg } = await import("pg");
  const pool = new pg.Pool({
    connectionString: url,
    max: MAX_CONNECTIONS,
    connectionTimeoutMillis: CONNECT_LIMIT_MS,
    statement_timeout: STATEMENT_LIMIT_MS,
    application_name: "tidegate",
    types: {
      // Times and counts: JavaScript holds them exactly.
      getTypeParser: (oid: number, format?: "text" | "binary") =>
        oid === BIGINT_OID ? Number : pg.types.getTypeParser(oid, format as "text"),
    },
  });
  // Of connections that nobody uses at the moment: the next query makes another.
  pool.on("error", onError);
  // The pool listens to those alone: an error of one within a transaction would end the process. Its query fails anyway.
  pool.on("connect", (client) => client.on("error", () => {}));
  return pool;
}
