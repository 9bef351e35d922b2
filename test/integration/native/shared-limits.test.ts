import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, statSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type SharedLimit, SharedLimits } from "../../../native-bindings/limits.ts";
import { ensureBuilt } from "../../helpers/build.ts";

const USER = fileURLToPath(new URL("shared-limits-user.mjs", import.meta.url));
const NOW_MS = 1_700_000_000_000;
const REQUESTS: SharedLimit = { algorithm: "window", unit: "requests", amount: 1000, windowMs: 60_000 };
const ENDLESS: SharedLimit = { ...REQUESTS, amount: 1e12 };
const TOKENS: SharedLimit = { ...ENDLESS, unit: "tokens" };
const SLOTS = 256;

interface Job {
  task: "makeCalls" | "callAndAcknowledge" | "reserveAndSettle" | "reserveAndWait";
  limit: SharedLimit;
  keys: string[];
  calls?: number;
  file?: string;
}

let directory: string;
let path: string;
let processes: ChildProcess[];
let opened: SharedLimits[];

beforeAll(ensureBuilt);
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "tidegate-limits-"));
  path = join(directory, "limits.shm");
  processes = [];
  opened = [];
});
afterEach(async () => {
  await Promise.all(processes.map(kill));
  for (const limits of opened) limits.close();
  rmSync(directory, { recursive: true, force: true });
});

function open(worker?: number): SharedLimits {
  const limits = SharedLimits.open(path, { slots: SLOTS, ...(worker === undefined ? {} : { worker }) });
  opened.push(limits);
  return limits;
}

/** A process that waits to be told to go. */
async function startProcess(job: Job): Promise<ChildProcess> {
  const child = fork(USER, [JSON.stringify({ ...job, path, slots: SLOTS, nowMs: NOW_MS })]);
  processes.push(child);
  await once(child, "message");
  return child;
}

async function go(child: ChildProcess): Promise<{ allowed: number; worker: number }> {
  const answer = once(child, "message");
  child.send("go");
  return (await answer)[0];
}

/** Until the process is gone, not only told to go. */
async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, "exit");
  child.kill("SIGKILL");
  await exit;
}

function used(limits: SharedLimits, limit: SharedLimit, key: string): number {
  limits.reserve(limit, key, 0, NOW_MS);
  return limit.amount - limits.remaining;
}

describe("over processes and threads", () => {
  it("1,000 of 20,000 calls that 4 processes make at once get through", async () => {
    for (const algorithm of ["window", "sliding-window", "token-bucket"] as const) {
      const limit: SharedLimit = { ...REQUESTS, algorithm };
      const children = await Promise.all(
        Array.from({ length: 4 }, () => startProcess({ task: "makeCalls", limit, keys: [algorithm], calls: 5000 })),
      );
      // None has opened the file before: the first time, they make it all at once.
      const answers = await Promise.all(children.map(go));
      expect(answers.reduce((sum, answer) => sum + answer.allowed, 0)).toBe(1000);
      expect(new Set(answers.map((answer) => answer.worker)).size).toBe(4);
      await Promise.all(children.map(kill));
    }
  });

  it("100 of 800 calls to each of 100 keys get through, and no key gets two slots", async () => {
    const keys = Array.from({ length: 100 }, (_, i) => `key ${i}`);
    const limit = { ...REQUESTS, amount: 100 };
    const children = await Promise.all(
      Array.from({ length: 4 }, () => startProcess({ task: "makeCalls", limit, keys, calls: 20_000 })),
    );
    const answers = await Promise.all(children.map(go));
    expect(answers.reduce((sum, answer) => sum + answer.allowed, 0)).toBe(100 * 100);
    expect(open().slotsUsed(NOW_MS)).toBe(100);
  });

  it("the main thread and worker threads share them, too", async () => {
    const job = { task: "makeCalls", limit: REQUESTS, keys: ["k"], calls: 5000, path, slots: SLOTS, nowMs: NOW_MS };
    const threads = await Promise.all(
      Array.from({ length: 3 }, async () => {
        const thread = new Worker(USER, { workerData: job });
        await once(thread, "message");
        return thread;
      }),
    );
    const answers = threads.map((thread) => once(thread, "message"));
    for (const thread of threads) thread.postMessage("go");
    const limits = open();
    let allowed = 0;
    for (let i = 0; i < 5000; i++) if (limits.reserve(REQUESTS, "k", 1, NOW_MS) === "allowed") allowed++;
    for (const answer of answers) allowed += (await answer)[0].allowed;
    expect(allowed).toBe(1000);
    await Promise.all(threads.map((thread) => thread.terminate()));
  });
});

describe("kill -9", () => {
  it("in a loop of calls loses and gains nothing but the one call that was under way", async () => {
    const limits = open();
    const rounds = 8;
    const files: string[] = [];
    const start = async (name: string) => {
      const file = join(directory, name);
      files.push(file);
      const child = await startProcess({ task: "callAndAcknowledge", limit: ENDLESS, keys: ["k"], file });
      await go(child);
      return child;
    };
    const survivor = await start("survivor");
    for (let round = 0; round < rounds; round++) {
      const victim = await start(`victim ${round}`);
      const before = used(limits, ENDLESS, "k");
      // It and the survivor are in the middle of it.
      while (used(limits, ENDLESS, "k") < before + 500) await new Promise(setImmediate);
      await kill(victim);
      expect(limits.reserve(ENDLESS, "k", 0, NOW_MS)).toBe("allowed");
    }
    await kill(survivor);
    const acknowledged = files.reduce((sum, file) => sum + statSync(file).size, 0);
    const counted = used(limits, ENDLESS, "k");
    expect(counted).toBeGreaterThanOrEqual(acknowledged);
    expect(counted).toBeLessThanOrEqual(acknowledged + rounds + 1);
    expect(limits.stats().busy).toBe(0);
  });

  it("between reserve and settle leaves nothing behind", async () => {
    const keys = ["a", "b", "c"];
    const limits = open();
    for (let round = 0; round < 3; round++) {
      const job: Job = { task: "reserveAndSettle", limit: TOKENS, keys };
      const children = await Promise.all([startProcess(job), startProcess(job), startProcess(job)]);
      const answers = await Promise.all(children.map(go));
      await Promise.all(children.map(kill));
      for (const { worker } of answers) limits.reclaim(worker);
      expect(keys.map((key) => used(limits, TOKENS, key))).toEqual([0, 0, 0]);
    }
    expect(limits.stats().busy).toBe(0);
  });

  it("gives reserved tokens back to whoever takes over the worker's number", async () => {
    const limits = open();
    const child = await startProcess({ task: "reserveAndWait", limit: TOKENS, keys: ["a", "b"], calls: 10 });
    const { worker } = await go(child);
    expect(limits.reclaim(worker)).toBe(0);
    expect(used(limits, TOKENS, "a")).toBe(50);
    await kill(child);
    open(worker);
    expect(used(limits, TOKENS, "a")).toBe(0);
    expect(used(limits, TOKENS, "b")).toBe(0);
  });

  it("is made good by any process that joins", async () => {
    const limits = open();
    const child = await startProcess({ task: "reserveAndWait", limit: TOKENS, keys: ["a"], calls: 10 });
    const { worker } = await go(child);
    await kill(child);
    expect(open(worker + 1).worker).toBe(worker + 1);
    expect(used(limits, TOKENS, "a")).toBe(0);
  });
});

// A process seldom dies within the few nanoseconds of an update. These write into the file what it leaves then.
describe("an update that its process did not finish", () => {
  // As in native-bindings/src/limits/segment.h.
  const SLOTS_AT = 4096 + 256 * 64 + 1024 * 64;
  const SLOT_BYTES = 128;
  const LOW_AT = 16;
  const PENDING = 1;
  const SETTLING = 3;

  function patch(offset: number, value: bigint, bytes: 4 | 8): void {
    const data = Buffer.alloc(8);
    data.writeBigUInt64LE(value);
    const file = openSync(path, "r+");
    writeSync(file, data, 0, bytes, offset);
    closeSync(file);
  }

  function slotOffset(): number {
    const bytes = readFileSync(path);
    for (let i = 0; i < SLOTS; i++) {
      const offset = SLOTS_AT + i * SLOT_BYTES;
      if (bytes.readBigUInt64LE(offset + LOW_AT) !== 0n) return offset;
    }
    throw new Error("no slot is in use");
  }

  const entryOffset = (worker: number) => SLOTS_AT + SLOTS * SLOT_BYTES + worker * 4096 * 64;
  const lockOf = (worker: number, generation: number) => (BigInt(generation) << 32n) | BigInt(worker + 1);

  /** A process that died with 10 tokens reserved, and the lock of their counter. */
  async function dieWithLock(): Promise<number> {
    const child = await startProcess({ task: "reserveAndWait", limit: TOKENS, keys: ["k"], calls: 1 });
    const { worker } = await go(child);
    await kill(child);
    patch(slotOffset(), lockOf(worker, 1), 8);
    return worker;
  }

  it("does not keep others from the counter", async () => {
    const limits = open();
    await dieWithLock();
    expect(limits.reserve(TOKENS, "k", 5, NOW_MS)).toBe("allowed");
    expect(limits.stats().takeovers).toBe(1);
    expect(used(limits, TOKENS, "k")).toBe(15);
  });

  it("gives back what was counted before its entry said so", async () => {
    const limits = open();
    const worker = await dieWithLock();
    patch(entryOffset(worker), BigInt(PENDING), 4);
    // Others use the counter before anyone looks at what the dead one had reserved.
    expect(limits.reserve(TOKENS, "k", 5, NOW_MS)).toBe("allowed");
    expect(limits.reclaim(worker)).toBe(1);
    expect(used(limits, TOKENS, "k")).toBe(5);
  });

  it("gives back nothing that was not counted yet", async () => {
    const limits = open();
    const worker = await dieWithLock();
    const op = readFileSync(path).readBigUInt64LE(entryOffset(worker) + 24);
    patch(entryOffset(worker) + 24, op + 1n, 8);
    patch(entryOffset(worker), BigInt(PENDING), 4);
    expect(limits.reserve(TOKENS, "k", 5, NOW_MS)).toBe("allowed");
    expect(limits.reclaim(worker)).toBe(0);
    expect(used(limits, TOKENS, "k")).toBe(15);
  });

  it("does not give back twice what was settled before its entry said so", async () => {
    const limits = open();
    const worker = await dieWithLock();
    // As the last step of a settlement: the counter names the operation.
    patch(entryOffset(worker), BigInt(SETTLING), 4);
    expect(limits.reclaim(worker)).toBe(0);
    expect(used(limits, TOKENS, "k")).toBe(10);
  });

  it("leaves a slot that was not yet its key's to others", async () => {
    const limits = open();
    const worker = await dieWithLock();
    patch(slotOffset() + LOW_AT, 0n, 8);
    expect(limits.reserve(TOKENS, "k", 5, NOW_MS)).toBe("allowed");
    expect(used(limits, TOKENS, "k")).toBe(5);
    expect(limits.slotsUsed(NOW_MS)).toBe(1);
    expect(limits.stats().takeovers).toBe(1);
    expect(worker).not.toBe(limits.worker);
  });

  it("is waited for when its process lives, but not forever", () => {
    const limits = open();
    const other = open();
    expect(limits.reserve(TOKENS, "k", 5, NOW_MS)).toBe("allowed");
    patch(slotOffset(), lockOf(other.worker, 1), 8);
    expect(limits.reserve(TOKENS, "k", 5, NOW_MS)).toBe("busy");
    expect(limits.settle(TOKENS, "k", 5, 1, NOW_MS, NOW_MS)).toBe(false);
    expect(limits.stats()).toMatchObject({ busy: 2, takeovers: 0 });
    other.close();
    expect(limits.settle(TOKENS, "k", 5, 1, NOW_MS, NOW_MS)).toBe(true);
    expect(used(limits, TOKENS, "k")).toBe(1);
  });
});
