import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createReadStream, createWriteStream, existsSync, linkSync, mkdirSync, rmSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { PassThrough, pipeline as pipe } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip, createGzip } from "node:zlib";
import {
  BackupError,
  type BackupSummary,
  DatabaseInUseError,
  restoreBackup,
  writeBackup,
} from "../control-plane/storage/backup.ts";
import { EXIT, StartError } from "./exit-codes.ts";
import { openOrMake, openStored, type Place } from "./stored.ts";

export type { BackupSummary };

/** How much of the work is done. */
export type OnProgress = (done: number, total: number) => void;

export interface BackupPlace extends Place {
  /** Of the backup. */
  file: string;
}

/**
 * Writes what the control plane has stored to a new file, while Tidegate runs or not. The file is there when it is whole, and
 * only its owner may read it. `onProgress`: rows. Throws StartError.
 */
export async function backUp(
  { homeDirectory, env, file }: BackupPlace,
  onProgress: OnProgress = () => {},
): Promise<BackupSummary> {
  if (existsSync(file)) throw new StartError(EXIT.conflict, `${file} is there already: it is not overwritten`);
  const database = await openStored({ homeDirectory, env }, "asItIs");
  // In the same directory: it is linked, which fails where the name has been taken meanwhile.
  const partial = join(dirname(file), `.${basename(file)}.${randomBytes(4).toString("hex")}.partial`);
  try {
    const lines = new PassThrough();
    const written = pipeline(
      lines,
      createGzip(),
      createWriteStream(partial, { mode: 0o600, flags: "wx", flush: true }),
    );
    // It is waited for below; until then, what breaks shows in the lines.
    written.catch((error: Error) => lines.destroy(error));
    const write = async (line: string) => {
      if (lines.errored !== null) throw lines.errored;
      if (!lines.write(line)) await once(lines, "drain");
    };
    const summary = await writeBackup(database, Date.now(), write, onProgress);
    lines.end();
    await written;
    linkSync(partial, file);
    return summary;
  } catch (error) {
    throw asStartError(error, file);
  } finally {
    rmSync(partial, { force: true });
    await database.close();
  }
}

/** Fills an empty database from a backup: all of it, or nothing. `onProgress`: bytes of the file. Throws StartError. */
export async function restore(
  { homeDirectory, env, file }: BackupPlace,
  onProgress: OnProgress = () => {},
): Promise<BackupSummary> {
  if (!existsSync(file)) throw new StartError(EXIT.configuration, `there is no file ${file}`);
  if (!env.DATABASE_URL) mkdirSync(homeDirectory, { recursive: true, mode: 0o700 });
  const database = await openOrMake({ homeDirectory, env }, "asItIs");
  try {
    const unzipped = createGunzip();
    // What breaks is thrown where the lines are read.
    const packed = createReadStream(file);
    const total = statSync(file).size;
    packed.on("data", () => onProgress(packed.bytesRead, total));
    pipe(packed, unzipped, () => {});
    return await restoreBackup(database, linesOf(unzipped));
  } catch (error) {
    throw asStartError(error, file);
  } finally {
    await database.close();
  }
}

async function* linesOf(stream: NodeJS.ReadableStream): AsyncGenerator<string> {
  let failure: unknown = null;
  // Some versions of readline end their lines where the stream breaks, as if that were the end; others throw.
  stream.on("error", (error) => {
    failure ??= error;
  });
  try {
    yield* createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY });
  } catch (error) {
    failure ??= error;
  }
  if (failure !== null) throw new BackupError("the backup is damaged: it can't be unpacked", { cause: failure });
}

function asStartError(error: unknown, file: string): unknown {
  if (error instanceof StartError) return error;
  if (error instanceof BackupError) {
    const exitCode = error instanceof DatabaseInUseError ? EXIT.conflict : EXIT.configuration;
    return new StartError(exitCode, `${file}: ${error.message}`);
  }
  const reason = error instanceof Error ? error.message : String(error);
  return new StartError(EXIT.failed, `${file}: ${reason}`);
}
