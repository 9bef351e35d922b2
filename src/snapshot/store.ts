import { randomUUID } from "node:crypto";
import { mkdir, open, readFile, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { PackedSnapshot } from "../contracts/packed-snapshot.ts";
import type { Sealer } from "../platform/seal.ts";
import { decodeRecords, encodeDelta, encodeSnapshot } from "./codec.ts";
import { deltaBetween } from "./packed/delta.ts";

/** The last good snapshot of a data directory, so that gateways start with everything else dead. */
export interface SnapshotStore {
  /** null when there is none. Throws SnapshotFormatError when the file is damaged, of another format, or sealed with another key. */
  read(): Promise<PackedSnapshot | null>;
  /** Of what was read last: all of it is sealed with the key that seals now. */
  readonly isSealed: boolean;
  /** Whole, or only what has changed since it was last written from here. */
  write(snapshot: PackedSnapshot): Promise<void>;
  /** Higher than every version given out before, also after the snapshot was lost. */
  nextVersion(): Promise<number>;
}

export const SNAPSHOT_FILE = "snapshot.bin";
const VERSION_FILE = "snapshot.version";

/** Changes are put behind the whole until they have this share of its size: a start reads them all. */
const MOST_CHANGES = 0.5;

interface Written {
  snapshot: PackedSnapshot;
  wholeBytes: number;
  fileBytes: number;
}

/** `sealer` is asked for when it is needed; it seals what is written: a snapshot holds the secrets of providers and services. */
export function createSnapshotStore(home: string, sealer: () => Sealer): SnapshotStore {
  const snapshotFile = join(home, SNAPSHOT_FILE);
  const versionFile = join(home, VERSION_FILE);
  /** What the file holds, where that is known to be in order. */
  let written: Written | null = null;
  /** Of all versions given out from here. */
  let highest = 0;
  let isSealed = true;

  async function read(): Promise<PackedSnapshot | null> {
    const bytes = await readIfThere(snapshotFile);
    if (bytes === null) return null;
    const decoded = decodeRecords(bytes, sealer);
    isSealed = decoded.isSealed;
    return decoded.snapshot;
  }

  /** False: it has to be written whole. */
  async function append(snapshot: PackedSnapshot): Promise<boolean> {
    if (written === null) return false;
    const record = encodeDelta(deltaBetween(written.snapshot, snapshot), sealer());
    const { wholeBytes, fileBytes } = written;
    if (fileBytes + record.length > wholeBytes * (1 + MOST_CHANGES)) return false;
    written = null;
    if (!(await appendTo(snapshotFile, fileBytes, record))) return false;
    written = { snapshot, wholeBytes, fileBytes: fileBytes + record.length };
    return true;
  }

  return {
    read,
    get isSealed() {
      return isSealed;
    },
    async write(snapshot) {
      if (await append(snapshot)) return;
      const bytes = encodeSnapshot(snapshot, sealer());
      written = null;
      await replaceFile(snapshotFile, bytes);
      written = { snapshot, wholeBytes: bytes.length, fileBytes: bytes.length };
    },
    async nextVersion() {
      if (highest === 0) {
        const recorded = Number((await readIfThere(versionFile))?.toString("utf8").trim() ?? 0);
        const cached = await read().then(
          (snapshot) => snapshot?.head.version ?? 0,
          () => 0, // A damaged snapshot must not keep the next one from being compiled.
        );
        highest = Math.max(Number.isSafeInteger(recorded) ? recorded : 0, cached);
      }
      highest = Math.max(highest, written?.snapshot.head.version ?? 0) + 1;
      await replaceFile(versionFile, Buffer.from(`${highest}\n`));
      return highest;
    },
  };
}

/** False: the file is not as long as it was when it was written from here. */
async function appendTo(path: string, length: number, bytes: Uint8Array): Promise<boolean> {
  // Not made anew where it is gone.
  const file = await open(path, "r+").catch(() => null);
  if (file === null) return false;
  try {
    if ((await file.stat()).size !== length) return false;
    await file.write(bytes, 0, bytes.length, length);
    await file.datasync();
    return true;
  } finally {
    await file.close();
  }
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
