import { existsSync } from "node:fs";
import { join } from "node:path";
import { type Database, openDatabase, SQLITE_FILE } from "../control-plane/storage/database.ts";
import { createLogger } from "../platform/logger.ts";
import { EXIT, StartError } from "./exit-codes.ts";

type Migrations = "up" | "asItIs";

/** Where an installation keeps what is stored: for commands that work on it themselves, while Tidegate runs or not. */
export interface Place {
  homeDirectory: string;
  env: NodeJS.ProcessEnv;
}

/** Throws StartError where there is none: opening would make an empty one. */
export async function openStored(place: Place, migrations: Migrations = "up"): Promise<Database> {
  const file = join(place.homeDirectory, SQLITE_FILE);
  if (!place.env.DATABASE_URL && !existsSync(file)) {
    const hint = "TIDEGATE_HOME names the data directory, DATABASE_URL another database";
    throw new StartError(EXIT.dataDirectory, `there is no database at ${file}; ${hint}`);
  }
  return openOrMake(place, migrations);
}

/** Throws StartError. */
export function openOrMake({ homeDirectory, env }: Place, migrations: Migrations): Promise<Database> {
  const logger = createLogger({ role: "cli" });
  const options = { url: env.DATABASE_URL, homeDirectory, logger, migrations };
  return openDatabase(options).catch((error: unknown) => {
    throw new StartError(EXIT.unreachable, error instanceof Error ? error.message : String(error));
  });
}
