import { statSync } from "node:fs";
import { SYSTEM } from "../control-plane/access/actor.ts";
import { Plane } from "../control-plane/plane.ts";
import { countSealed, sealAgain } from "../control-plane/storage/sealed.ts";
import { createLogger } from "../platform/logger.ts";
import { keyId, loadMasterKeys, type MasterKeys, newMasterKey, replaceKeyFile, Sealer } from "../platform/seal.ts";
import { LastGood } from "../platform/secrets/last-good.ts";
import { SnapshotFormatError } from "../snapshot/codec.ts";
import { createSnapshotStore } from "../snapshot/store.ts";
import { EXIT, StartError } from "./exit-codes.ts";
import { homeAt } from "./home.ts";
import { lockHolder } from "./lock.ts";
import { openStored, type Place } from "./stored.ts";

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
 * Makes a new key, the first in the file, and seals with it what is in the database, and in files unless a Tidegate runs here. Keys in
 * TIDEGATE_MASTER_KEY are for whoever set it to change: then it only seals again. Works while Tidegate runs: that goes on with the keys
 * it has read. Throws StartError.
 */
export async function rotateMasterKey(place: Place): Promise<Rotation> {
  return withPlane(place, async (plane, { keys, file }) => {
    await refuseMissing(plane, { keys, file });
    // First: whatever happens from here on, every key that something is sealed with is in the file.
    const rotated = file === null ? keys : [newMasterKey(), ...keys];
    if (file !== null) replaceKeyFile(file, rotated);
    const sealedAgain = await sealAll(plane, "master_key.rotate", keys, rotated);
    // A Tidegate that runs writes to these files, and does it when it is started with the new key.
    if (lockHolder(homeAt(place.homeDirectory)) === null) {
      await sealFilesAgain(place.homeDirectory, new Sealer(rotated));
    }
    return { ...(await describe(plane, { keys: rotated, file })), sealedAgain };
  });
}

/**
 * Seals with the first key what still needs another, and takes the others out of the file. Throws StartError, and keeps them,
 * while a Tidegate runs that has read the file before it was changed: it would go on sealing with a key that is lost then.
 */
export async function forgetOldMasterKeys(place: Place): Promise<MasterKeyList> {
  return withPlane(place, async (plane, { keys, file }) => {
    const [current] = keys;
    if (file === null || current === undefined) {
      const how = "`tidegate master-key rotate` seals with the first; then take the others out there";
      throw new StartError(EXIT.refused, `the keys are in TIDEGATE_MASTER_KEY: ${how}`);
    }
    const holder = lockHolder(homeAt(place.homeDirectory));
    if (holder !== null && holder.sinceMs < statSync(file).mtimeMs) {
      const who = `the Tidegate that runs here (process ${holder.pid})`;
      throw new StartError(EXIT.conflict, `${who} has read the keys before they were changed: start it again first`);
    }
    await refuseMissing(plane, { keys, file });
    await sealAll(plane, "master_key.forget_old", keys, keys);
    // A Tidegate that has started with these keys has done it then, and writes to these files.
    if (holder === null) await sealFilesAgain(place.homeDirectory, new Sealer(keys));
    replaceKeyFile(file, [current]);
    return describe(plane, { keys: [current], file });
  });
}

/** Whoever can read the master key needs no role: the audit trail calls them `system`. */
function sealAll(plane: Plane, action: string, before: readonly Buffer[], after: readonly Buffer[]): Promise<number> {
  const sealer = new Sealer(after);
  return plane.change(SYSTEM, async (change) => {
    const count = await sealAgain(change, sealer);
    await change.audit({
      action,
      subjectType: "organisation",
      subjectId: "organisation",
      teamId: null,
      before: { keys: before.map(keyId) },
      after: { key: sealer.keyId, sealed_again: count },
    });
    return count;
  });
}

/** What was served last, and what Vault said last. */
async function sealFilesAgain(homeDirectory: string, sealer: Sealer): Promise<void> {
  await new LastGood(homeDirectory, () => sealer).sealAgain();
  try {
    const store = createSnapshotStore(homeDirectory, () => sealer);
    await store.read();
    await store.sealAgain();
  } catch (error) {
    // What no key opens, none is kept for.
    if (!(error instanceof SnapshotFormatError)) throw error;
  }
}

async function withPlane<Result>(
  place: Place,
  use: (plane: Plane, keys: MasterKeys) => Promise<Result>,
): Promise<Result> {
  // First: where there is no installation, no key is made either.
  const database = await openStored(place);
  try {
    const keys = keysOf(place);
    const logger = createLogger({ role: "cli" });
    return await use(new Plane({ database, sealer: new Sealer(keys.keys), logger }), keys);
  } finally {
    await database.close();
  }
}

function keysOf({ homeDirectory, env }: Place): MasterKeys {
  try {
    return loadMasterKeys(homeDirectory, env);
  } catch (error) {
    throw new StartError(EXIT.configuration, error instanceof Error ? error.message : String(error));
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
