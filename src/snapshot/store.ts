import { randomUUID } from "node:crypto";
import { mkdir, open, readFile, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Snapshot } from "../contracts/snapshot.ts";
import { decodeSnapshot, encodeSnapshot } from "./codec.ts";

/** The last good snapshot of a data directory, so that gateways start with everything else dead. */
export interface SnapshotStore {
  /** null when there is none. Throws SnapshotFormatError when the file is damaged or of another format. */
  read(): Promise<Snapshot | null>;
  write(snapshot: Snapshot): Promise<void>;
  /** Higher than every version given out before, also after the snapshot was lost. */
  nextVersion(): Promise<number>;
}

export const SNAPSHOT_FILE = "snapshot.bin";
const VERSION_FILE = "snapshot.version";

export function createSnapshotStore(home: string): SnapshotStore {
  const snapshotFile = join(home, SNAPSHOT_FILE);
  const versionFile = join(home, VERSION_FILE);

  async function read(): Promise<Snapshot | null> {
    const bytes = await readIfThere(snapshotFile);
    return bytes === null ? null : decodeSnapshot(bytes);
  }

  return {
    read,
    write: (snapshot) => replaceFile(snapshotFile, encodeSnapshot(snapshot)),
    async nextVersion() {
      const recorded = Number((await readIfThere(versionFile))?.toString("utf8").trim() ?? 0);
      const cached = await read().then(
        (snapshot) => snapshot?.version ?? 0,
        () => 0, // A damaged snapshot must not keep the next one from being compiled.
      );
      const version = Math.max(Number.isSafeInteger(recorded) ? recorded : 0, cached) + 1;
      await replaceFile(versionFile, Buffer.from(`${version}\n`));
      return version;
    },
  };
}

async function readIfThere(path: string): Promise<Buffer | null> {
  try {
    return await readFile(path);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw error;
  }
}

/** Written beside, synced and renamed over: after a crash the file is the old one or the new one, never a part. */
async function replaceFile(path: string, bytes: Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    const file = await open(temporary, "wx", 0o600);
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncDirectory(dirname(path));
}

/** Without it the rename itself may be lost with the power. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
