import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, readdirSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import type { CallRecord } from "../../../src/contracts/call-record.ts";
import { readCallLog } from "../../../src/platform/call-log/reader.ts";
import type { CallLogStats } from "../../../src/platform/call-log/sink.ts";
import { ensurePartsBuilt } from "../../helpers/build.ts";
import { openSink } from "../../unit/platform/call-log-fixtures.ts";

beforeAll(ensurePartsBuilt);

const PROCESS = fileURLToPath(new URL("./journalling-process.mjs", import.meta.url));
const KB = 1 << 10;

function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "tidegate-journal-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

function startProcess(args: (string | number)[], { ipc = false } = {}): ChildProcess {
  const stdio = ipc ? ["ignore", "ignore", "inherit", "ipc"] : ["ignore", "pipe", "inherit"];
  const child = spawn(process.execPath, [PROCESS, ...args.map(String)], { stdio: stdio as "pipe"[] });
  onTestFinished(() => void child.kill("SIGKILL"));
  return child;
}

/** What one process acknowledged until it was killed, after this many records. */
async function acknowledgedUntilKilled(args: (string | number)[], records: number): Promise<string[]> {
  const child = startProcess(args);
  const exited = once(child, "exit");
  const ids: string[] = [];
  for await (const id of createInterface({ input: child.stdout! })) {
    ids.push(id);
    if (ids.length === records) child.kill("SIGKILL");
  }
  expect(await exited).toEqual([null, "SIGKILL"]);
  return ids;
}

/** Moves what is left in journals, and gives the whole log. */
async function recovered(directory: string): Promise<CallRecord[]> {
  const { sink } = openSink(join(directory, "calls"));
  await sink.flush();
  sink.close();
  return [...readCallLog(join(directory, "calls"))];
}

function repeated(ids: readonly string[]): string[] {
  const seen = new Set<string>();
  return ids.filter((id) => seen.size === seen.add(id).size);
}

function expectExactlyOnce(log: readonly CallRecord[], acknowledged: readonly string[]): void {
  const logged = log.map(({ id }) => id);
  expect(repeated(logged)).toEqual([]);
  const inLog = new Set(logged);
  expect(acknowledged.filter((id) => !inLog.has(id))).toEqual([]);
}

describe("a process that is killed while it appends", () => {
  it("leaves every record it acknowledged in the log, once, six times in a row", async () => {
    const directory = temporaryDirectory();
    const acknowledged: string[] = [];
    for (let round = 0; round < 6; round++) {
      // Batches of one record to thousands, under way at any stage when the end comes.
      const perTurn = [1, 3, 20, 200][round % 4] ?? 1;
      acknowledged.push(
        ...(await acknowledgedUntilKilled([directory, round, perTurn], 50 + ((round * 7_919) % 4_000))),
      );
    }
    const log = await recovered(directory);
    expectExactlyOnce(log, acknowledged);
    expect(new Set(acknowledged.map((id) => id.split("-")[0])).size).toBe(6);
    expect(log.filter(({ requestBody }) => requestBody?.includes("hunter2"))).toEqual([]);
    expect(readdirSync(join(directory, "calls", "journal"))).toEqual([]);
  });

  it("leaves them so too when others with its number go on beside it", async () => {
    const directory = temporaryDirectory();
    const rounds = [0, 1, 2, 3].map((round) => acknowledgedUntilKilled([directory, round, 5], 500 + round * 400));
    const acknowledged = (await Promise.all(rounds)).flat();
    expectExactlyOnce(await recovered(directory), acknowledged);
  });
});

interface FullDisk {
  name: string;
  directory(): string;
  fill(child: ChildProcess): void;
  empty(child: ChildProcess): void;
}

/** Files of this process can't become longer than this: every user may do that. */
const sizeLimit: FullDisk = {
  name: "files may not grow",
  directory: temporaryDirectory,
  fill: ({ pid }) => void execFileSync("prlimit", ["--pid", String(pid), `--fsize=${20 * KB}:`]),
  empty: ({ pid }) => void execFileSync("prlimit", ["--pid", String(pid), "--fsize=unlimited:"]),
};

/** A file system of its own, where this user may mount one. */
function smallFileSystem(): FullDisk | null {
  const directory = mkdtempSync(join(tmpdir(), "tidegate-small-disk-"));
  const mount = () => execFileSync("mount", ["-t", "tmpfs", "-o", "size=64m", "tmpfs", directory], { stdio: "ignore" });
  const unmount = () => execFileSync("umount", ["--lazy", directory], { stdio: "ignore" });
  try {
    mount();
    unmount();
  } catch {
    return null;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
  return {
    name: "the file system is full",
    directory: () => {
      execFileSync("mkdir", ["-p", directory]);
      mount();
      onTestFinished(() => {
        unmount();
        rmSync(directory, { recursive: true, force: true });
      });
      return directory;
    },
    fill: () => {
      const filler = openSync(join(directory, "filler"), "w");
      try {
        for (const block of [Buffer.alloc(1 << 20), Buffer.alloc(KB)]) {
          try {
            for (;;) writeSync(filler, block);
          } catch {
            // Full, up to less than a block.
          }
        }
      } finally {
        closeSync(filler);
      }
    },
    empty: () => rmSync(join(directory, "filler")),
  };
}

type Numbers = CallLogStats & { attempted: number; ended?: true };

describe("a full disk", () => {
  const disks = [sizeLimit, smallFileSystem()].filter((disk) => disk !== null);

  it.each(disks)("loses what is counted, and nothing more is lost once there is room: $name", async (disk) => {
    const directory = disk.directory();
    const child = startProcess([directory, 0, 20, 5], { ipc: true });
    const exited = once(child, "exit");
    const until = async (condition: (numbers: Numbers) => boolean): Promise<Numbers> => {
      for (;;) {
        const [numbers]: Numbers[] = await once(child, "message");
        if (numbers !== undefined && condition(numbers)) return numbers;
      }
    };
    const before = await until(({ written }) => written > 500);
    expect(before.lost).toBe(0);

    disk.fill(child);
    const full = await until(({ lost }) => lost > 500);
    expect(full.writeErrors).toBeGreaterThan(0);

    disk.empty(child);
    const { written, attempted } = full;
    await until((numbers) => numbers.written > written + 500 && numbers.attempted > attempted + 500);
    const settled = await until(({ queued }) => queued < 500);
    const later = await until((numbers) => numbers.attempted > settled.attempted + 500);
    expect(later.lost).toBe(settled.lost);

    child.send("end");
    const last = await until(({ ended }) => ended === true);
    await exited;
    expect(child.exitCode).toBe(0);
    const log = [...readCallLog(join(directory, "calls"))];
    expect(repeated(log.map(({ id }) => id))).toEqual([]);
    expect(log).toHaveLength(last.attempted - last.lost);
    expect(readdirSync(join(directory, "calls", "journal"))).toEqual([]);
  });
});
