import { existsSync } from "node:fs";
import { join } from "node:path";
import { SYSTEM } from "../control-plane/access/actor.ts";
import { Plane } from "../control-plane/plane.ts";
import { openDatabase, SQLITE_FILE } from "../control-plane/storage/database.ts";
import { countSealed, sealAgain } from "../control-plane/storage/sealed.ts";
import { createLogger } from "../platform/logger.ts";
import { keyId, loadMasterKeys, type MasterKeys, newMasterKey, replaceKeyFile, Sealer } from "../platform/seal.ts";
import { EXIT, StartError } from "./exit-codes.ts";

export interface Place {
  homeDirectory: string;
  env: NodeJS.ProcessEnv;
}

export interface MasterKeyView {
  /** The first 8 hexadecimal digits of a digest: tells keys apart. */
  id: string;
  /** This one seals; the others open what was sealed with them. */
  seals: boolean;
  /** Secrets in the database that need it. */
  secrets: number;
}

export interface MasterKeyList {
  /** Null: the variable TIDEGATE_MASTER_KEY. */
  file: string | null;
  keys: MasterKeyView[];
  /** Ids of keys that secrets need, and that are not there. */
  missing: string[];
}

export async function listMasterKeys(place: Place): Promise<MasterKeyList> {
  return withPlane(place, (plane, keys) => describe(plane, keys));
}

export interface Rotation extends MasterKeyList {
  /** Secrets that were sealed with another key before. */
  sealedAgain: number;
}

/**
 * Makes a new key, the first in the file, and seals with it what is in the database. Keys in TIDEGATE_MASTER_KEY are for whoever
 * set it to change: then it only seals again. Works while Tidegate runs: that goes on with the keys it has read. Throws StartError.
 */
export async function rotateMasterKey(place: Place): Promise<Rotation> {
  return withPlane(place, async (plane, { keys, file }) => {
    await refuseMissing(plane, { keys, file });
    // First: whatever happens from here on, every key that something is sealed with is in the file.
    const rotated = file === null ? keys : [newMasterKey(), ...keys];
    if (file !== null) replaceKeyFile(file, rotated);
    const sealer = new Sealer(rotated);
    // Whoever can read the master key needs no role: the audit trail calls them `system`.
    const sealedAgain = await plane.change(SYSTEM, async (change) => {
      const count = await sealAgain(change, sealer);
      const state = (key: Buffer | undefined) => (key === undefined ? null : { key: keyId(key) });
      await change.audit({
        action: "master_key.rotate",
        subjectType: "organisation",
        subjectId: "organisation",
        teamId: null,
        before: state(keys[0]),
        after: { key: sealer.keyId, sealed_again: count },
      });
      return count;
    });
    return { ...(await describe(plane, { keys: rotated, file })), sealedAgain };
  });
}

/** Takes all keys but the first out of the file. Throws StartError, and keeps them, when a secret still needs one. */
export async function forgetOldMasterKeys(place: Place): Promise<MasterKeyList> {
  return withPlane(place, async (plane, { keys, file }) => {
    const list = await describe(plane, { keys, file });
    const needed = list.keys.filter(({ seals, secrets }) => !seals && secrets > 0);
    if (needed.length > 0) {
      const named = needed.map(({ id, secrets }) => `${secrets} with ${id}`).join(", ");
      throw new StartError(
        EXIT.conflict,
        `secrets are still sealed with old keys: ${named}. \`tidegate master-key rotate\` seals them again`,
      );
    }
    const [current] = keys;
    if (file === null) {
      throw new StartError(
        EXIT.refused,
        "the keys are in TIDEGATE_MASTER_KEY: no secret needs those after the first, take them out there",
      );
    }
    if (current === undefined) throw new StartError(EXIT.configuration, `${file} holds no key`);
    replaceKeyFile(file, [current]);
    return describe(plane, { keys: [current], file });
  });
}

async function withPlane<Result>(
  { homeDirectory, env }: Place,
  use: (plane: Plane, keys: MasterKeys) => Promise<Result>,
): Promise<Result> {
  const sqlite = join(homeDirectory, SQLITE_FILE);
  // Opening would make an empty one, and reading a key that is not there another one.
  if (!env.DATABASE_URL && !existsSync(sqlite)) {
    const hint = "TIDEGATE_HOME names the data directory, DATABASE_URL another database";
    throw new StartError(EXIT.dataDirectory, `there is no database at ${sqlite}; ${hint}`);
  }
  let keys: MasterKeys;
  try {
    keys = loadMasterKeys(homeDirectory, env);
  } catch (error) {
    throw new StartError(EXIT.configuration, error instanceof Error ? error.message : String(error));
  }
  const logger = createLogger({ role: "cli" });
  const database = await openDatabase({ url: env.DATABASE_URL, homeDirectory, logger }).catch((error: unknown) => {
    throw new StartError(EXIT.unreachable, error instanceof Error ? error.message : String(error));
  });
  try {
    return await use(new Plane({ database, sealer: new Sealer(keys.keys), logger }), keys);
  } finally {
    await database.close();
  }
}

async function describe(plane: Plane, { keys, file }: MasterKeys): Promise<MasterKeyList> {
  const counts = await countSealed(plane.db);
  const ids = keys.map(keyId);
  return {
    file,
    keys: ids.map((id, index) => ({ id, seals: index === 0, secrets: counts[id] ?? 0 })),
    missing: Object.keys(counts).filter((id) => !ids.includes(id)),
  };
}

async function refuseMissing(plane: Plane, keys: MasterKeys): Promise<void> {
  const { missing } = await describe(plane, keys);
  if (missing.length === 0) return;
  const where = keys.file ?? "TIDEGATE_MASTER_KEY";
  throw new StartError(
    EXIT.configuration,
    `secrets are sealed with keys that are not in ${where}: ${missing.join(", ")}. Add them behind the first key, or make those secrets anew`,
  );
}
