import { EventEmitter, once } from "node:events";
import { appendFile, mkdir, mkdtemp, open, rename, rm, symlink, unlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type FileWatcher, type WatchOptions, watchFile } from "../../../src/snapshot/sources/watch.ts";

let folder: string;
let watcher: FileWatcher | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "tidegate-watch-"));
});
afterEach(async () => {
  watcher?.close();
  await rm(folder, { recursive: true });
});

/** Resolves with the next change; polling is far off, so that what is seen are the system's events. */
async function watching(file: string, options: WatchOptions = { debounceMs: 20, pollMs: 600_000 }) {
  const changes = new EventEmitter();
  let count = 0;
  watcher = await watchFile(
    file,
    () => {
      count++;
      changes.emit("change");
    },
    options,
  );
  return { next: () => once(changes, "change"), count: () => count };
}

describe("watching a file", () => {
  test("written in place", async () => {
    const file = join(folder, "tidegate.yaml");
    await writeFile(file, "one");
    const { next } = await watching(file);
    const change = next();
    await appendFile(file, "two");
    await change;
  });

  test("truncated, and written a while later: the end state is seen", async () => {
    const file = join(folder, "tidegate.yaml");
    await writeFile(file, "one");
    const { next } = await watching(file);
    const emptied = next();
    const handle = await open(file, "w");
    await emptied;
    const written = next();
    await handle.writeFile("two");
    await handle.close();
    await written;
  });

  test("replaced by rename, several times over", async () => {
    const file = join(folder, "tidegate.yaml");
    await writeFile(file, "0");
    const { next } = await watching(file);
    for (const content of ["1", "2", "3"]) {
      const change = next();
      await writeFile(join(folder, ".4913~"), content);
      await rename(join(folder, ".4913~"), file);
      await change;
    }
  });

  test("deleted and made again", async () => {
    const file = join(folder, "tidegate.yaml");
    await writeFile(file, "one");
    const { next } = await watching(file);
    const change = next();
    await unlink(file);
    await writeFile(file, "two");
    await change;
  });

  test("behind a symlink that is swapped, as Kubernetes does with a config map", async () => {
    for (const version of ["1", "2", "3"]) {
      await mkdir(join(folder, `..${version}`));
      await writeFile(join(folder, `..${version}`, "tidegate.yaml"), version);
    }
    await symlink("..1", join(folder, "..data"));
    await symlink(join("..data", "tidegate.yaml"), join(folder, "tidegate.yaml"));
    const { next } = await watching(join(folder, "tidegate.yaml"));
    for (const version of ["2", "3"]) {
      const change = next();
      await symlink(`..${version}`, join(folder, "..data_tmp"));
      await rename(join(folder, "..data_tmp"), join(folder, "..data"));
      await change;
    }
  });

  test("written in the folder a symlink points to", async () => {
    await mkdir(join(folder, "etc"));
    await mkdir(join(folder, "srv"));
    await writeFile(join(folder, "srv", "real.yaml"), "one");
    await symlink(join(folder, "srv", "real.yaml"), join(folder, "etc", "tidegate.yaml"));
    const { next } = await watching(join(folder, "etc", "tidegate.yaml"));
    const change = next();
    await writeFile(join(folder, "srv", "real.yaml"), "two");
    await change;
  });

  test("in a folder that is replaced as a whole: polling sees it", async () => {
    const conf = join(folder, "conf");
    await mkdir(conf);
    await writeFile(join(conf, "tidegate.yaml"), "one");
    const { next } = await watching(join(conf, "tidegate.yaml"), { debounceMs: 5, pollMs: 20 });
    const change = next();
    await rename(conf, join(folder, "old"));
    await mkdir(conf);
    await writeFile(join(conf, "tidegate.yaml"), "two");
    await change;
  });

  test("that appears only later", async () => {
    const { next } = await watching(join(folder, "tidegate.yaml"));
    const change = next();
    await writeFile(join(folder, "tidegate.yaml"), "one");
    await change;
  });

  test("the same content written again, or a neighbour, is no change; many writes are one", async () => {
    const file = join(folder, "tidegate.yaml");
    await writeFile(file, "one");
    const { next, count } = await watching(file, { debounceMs: 100, pollMs: 600_000 });
    await writeFile(file, "one");
    await writeFile(join(folder, "neighbour"), "x");
    const change = next();
    for (const content of ["a", "b", "c", "two"]) await writeFile(file, content);
    await change;
    expect(count()).toBe(1);
  });

  /** Writes far more often than what is waited for, until the change is seen; it would be seen once all is silent, too. */
  async function isSeenWhile(write: () => Promise<void>, next: () => Promise<unknown>): Promise<boolean> {
    let changed = false;
    const change = next().then(() => {
      changed = true;
    });
    for (let line = 0; !changed && line < 400; line++) {
      await write();
      await delay(10);
    }
    const seen = changed;
    await change;
    return seen;
  }

  test("bug: a log that is written to in the same folder put the check off for as long as it was", async () => {
    const file = join(folder, "tidegate.yaml");
    await writeFile(file, "one");
    const { next } = await watching(file, { debounceMs: 100, pollMs: 600_000 });
    const log = () => appendFile(join(folder, "tidegate.log"), "a line\n");
    const seen = isSeenWhile(log, next);
    await writeFile(file, "two");
    expect(await seen).toBe(true);
  });

  test("bug: a file that was written to without a pause was never read", async () => {
    const file = join(folder, "tidegate.yaml");
    await writeFile(file, "one");
    const { next } = await watching(file, { debounceMs: 100, pollMs: 600_000 });
    expect(await isSeenWhile(() => appendFile(file, "a line\n"), next)).toBe(true);
  });

  test("closed: nothing is called any more", async () => {
    const file = join(folder, "tidegate.yaml");
    await writeFile(file, "one");
    const closed = await watching(file);
    watcher?.close();
    await writeFile(file, "two");
    // A second watcher that sees the third write proves that the first had time to see it too.
    const other = await watching(file);
    const change = other.next();
    await writeFile(file, "three");
    await change;
    expect(closed.count()).toBe(0);
  });
});
