import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { counterKey, type SharedLimit, SharedLimits } from "../../../native-bindings/limits.ts";
import { expectSame } from "../../helpers/expect-same.ts";

const START_MS = 1_700_000_000_000;
const MINUTE: SharedLimit = { algorithm: "window", unit: "requests", amount: 10, windowMs: 60_000 };
const TOKENS: SharedLimit = { ...MINUTE, unit: "tokens", amount: 1000 };
const BUCKET: SharedLimit = { algorithm: "token-bucket", unit: "cost_usd", amount: 10, windowMs: 10_000 };

let directory: string;
let path: string;
let opened: SharedLimits[];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "tidegate-limits-"));
  path = join(directory, "limits.shm");
  opened = [];
});
afterEach(() => {
  for (const limits of opened) limits.close();
  rmSync(directory, { recursive: true, force: true });
});

function open(options: { slots?: number; worker?: number } = {}): SharedLimits {
  const limits = SharedLimits.open(path, { slots: 64, ...options });
  opened.push(limits);
  return limits;
}

function used(limits: SharedLimits, limit: SharedLimit, key: string, nowMs = START_MS): number {
  limits.reserve(limit, key, 0, nowMs);
  return limit.amount - limits.remaining;
}

describe("the segment", () => {
  it("is readable for its owner alone, and kept from one start to the next", () => {
    const first = open();
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(first.reserve(MINUTE, "k", 3, START_MS)).toBe("allowed");
    first.close();
    expect(used(open(), MINUTE, "k")).toBe(3);
  });

  it("is made anew for another number of slots when nobody uses it", () => {
    const first = open();
    first.reserve(MINUTE, "k", 3, START_MS);
    first.close();
    const second = open({ slots: 100 });
    expect(second.slotCount).toBe(128);
    expect(used(second, MINUTE, "k")).toBe(0);
  });

  it("is not taken from those who use it with another number of slots", () => {
    open();
    expect(() => open({ slots: 1024 })).toThrow(/64 counters and is in use.*`limits\.slots` can become 1024 once/);
  });

  it("is made anew when it holds something else, or is cut short", () => {
    writeFileSync(path, "what is this?\n".repeat(100));
    const first = open();
    expect(first.reserve(MINUTE, "k", 1, START_MS)).toBe("allowed");
    first.close();
    writeFileSync(path, readFileSync(path).subarray(0, 5000));
    expect(open().reserve(MINUTE, "k", 1, START_MS)).toBe("allowed");
  });

  it("is not taken from those who use it in another version", () => {
    open();
    const bytes = readFileSync(path);
    bytes.writeUInt32LE(99, 8);
    writeFileSync(path, bytes, { flag: "r+" });
    expect(() => open()).toThrow(/another version of Tidegate: stop them first/);
  });

  it("says what is wrong with its place and its size", () => {
    expect(() => SharedLimits.open(join(directory, "missing", "limits.shm"), { slots: 64 })).toThrow(
      /can't open .*missing.*No such file/,
    );
    expect(() => open({ slots: 63 })).toThrow("`limits.slots` is 64 to 16777216");
    expect(() => open({ slots: 16_777_217 })).toThrow("`limits.slots` is 64 to 16777216");
  });

  it("gives each user a number of its own", () => {
    expect(open().worker).toBe(0);
    const second = open();
    expect(second.worker).toBe(1);
    expect(open({ worker: 1023 }).worker).toBe(1023);
    expect(() => open({ worker: 1 })).toThrow(`number 1 of the shared counters is taken by process ${process.pid}`);
    expect(() => open({ worker: 1024 })).toThrow("0 to 1023");
    second.close();
    expect(open().worker).toBe(1);
  });
});

describe("slots", () => {
  it("are as many as asked for, and a call without one is not admitted", () => {
    const limits = open();
    for (let i = 0; i < 64; i++) expectSame(limits.reserve(MINUTE, `k${i}`, 1, START_MS), "allowed");
    expect(limits.slotsUsed(START_MS)).toBe(64);
    expect(limits.reserve(MINUTE, "one more", 1, START_MS)).toBe("full");
    expect(limits.stats().full).toBe(1);
    // Those that have one go on.
    expect(limits.reserve(MINUTE, "k0", 1, START_MS)).toBe("allowed");
    expect(used(limits, MINUTE, "k0")).toBe(2);
  });

  it("serve other keys when their windows are over, many times", () => {
    const limits = open();
    for (let round = 0; round < 200; round++) {
      const nowMs = START_MS + round * 120_000;
      for (let i = 0; i < 50; i++) {
        const key = `${round}/${i}`;
        expectSame(limits.reserve(MINUTE, key, 10, nowMs), "allowed");
        expectSame(limits.reserve(MINUTE, key, 1, nowMs), "refused");
      }
      expect(limits.slotsUsed(nowMs)).toBe(50);
    }
  });

  it("of full buckets serve other keys, and a late settlement is not lost", () => {
    const limits = open();
    expect(limits.reserve(BUCKET, "k", 0, START_MS)).toBe("allowed");
    const laterMs = START_MS + 5000;
    for (let i = 0; i < 63; i++) expect(limits.reserve(MINUTE, `k${i}`, 1, laterMs)).toBe("allowed");
    // The bucket's slot is the last one that is free.
    expect(limits.reserve(BUCKET, "other", 4, laterMs)).toBe("allowed");
    expect(limits.settle(BUCKET, "k", 0, 25, START_MS, laterMs)).toBe(false);
    const endMs = START_MS + 120_000;
    expect(limits.settle(BUCKET, "k", 0, 25, START_MS, endMs)).toBe(true);
    expect(limits.reserve(BUCKET, "k", 1, endMs)).toBe("refused");
    expect(limits.retryAfterMs).toBe(16_000);
  });

  it("of one name are apart for each algorithm", () => {
    const limits = open();
    limits.reserve(MINUTE, "k", 10, START_MS);
    expect(limits.reserve({ ...MINUTE, algorithm: "sliding-window" }, "k", 10, START_MS)).toBe("allowed");
    expect(limits.reserve({ ...MINUTE, algorithm: "token-bucket" }, "k", 10, START_MS)).toBe("allowed");
  });
});

describe("calls that come late", () => {
  it("gain nothing from a bucket", () => {
    const limits = open();
    const bucket: SharedLimit = { algorithm: "token-bucket", unit: "requests", amount: 10, windowMs: 10_000 };
    expect(limits.reserve(bucket, "k", 10, START_MS)).toBe("allowed");
    // 1,000 ms of gain in all, although the calls' times go back and forth.
    const verdicts = [1000, 0, 1000, 0, 1000].map((ms) => limits.reserve(bucket, "k", 1, START_MS + ms));
    expect(verdicts).toEqual(["allowed", "refused", "refused", "refused", "refused"]);
    limits.reserve(bucket, "k", 1, START_MS);
    expect(limits.retryAfterMs).toBe(2000);
  });

  it("count in the window that has begun since", () => {
    const limits = open();
    limits.reserve(MINUTE, "k", 4, START_MS + 60_000);
    limits.reserve(MINUTE, "k", 4, START_MS);
    expect(limits.remaining).toBe(2);
  });

  it("are told from a clock that was set back", () => {
    const limits = open();
    const nextYearMs = START_MS + 365 * 86_400_000;
    for (const limit of [
      MINUTE,
      { ...MINUTE, algorithm: "sliding-window" },
      { ...MINUTE, algorithm: "token-bucket" },
    ]) {
      limits.reserve(limit as SharedLimit, "k", 10, nextYearMs);
      limits.reserve(limit as SharedLimit, "k", 0, START_MS);
      expect(limits.resetMs).toBeLessThanOrEqual(60_000);
    }
  });
});

describe("reservations", () => {
  it("are settled by their ledger entry or without it", () => {
    const limits = open();
    limits.reserve(TOKENS, "k", 100, START_MS);
    const { ledger } = limits;
    limits.reserve(TOKENS, "k", 100, START_MS);
    limits.settle(TOKENS, "k", 100, 7, START_MS, START_MS + 1, ledger);
    expect(used(limits, TOKENS, "k")).toBe(107);
    limits.settle(TOKENS, "k", 100, 5, START_MS, START_MS + 1);
    expect(used(limits, TOKENS, "k")).toBe(12);
    limits.close();
    const next = open();
    expect(used(next, TOKENS, "k")).toBe(12);
  });

  it("go back when who made them has left without settling", () => {
    const first = open({ worker: 3 });
    const other = open();
    for (const limit of [
      TOKENS,
      { ...TOKENS, algorithm: "sliding-window" },
      { ...TOKENS, algorithm: "token-bucket" },
    ]) {
      first.reserve(limit as SharedLimit, "k", 100, START_MS);
      first.reserve(limit as SharedLimit, "k", 50, START_MS);
      first.settle(limit as SharedLimit, "k", 50, 20, START_MS, START_MS);
    }
    first.reserve(MINUTE, "calls", 5, START_MS);
    expect(other.reclaim(3)).toBe(0);
    first.close();
    expect(other.reclaim(3)).toBe(3);
    expect(other.reclaim(3)).toBe(0);
    expect(used(other, TOKENS, "k")).toBe(20);
    expect(used(other, { ...TOKENS, algorithm: "sliding-window" }, "k")).toBe(20);
    expect(used(other, { ...TOKENS, algorithm: "token-bucket" }, "k")).toBe(20);
    // A call that was made counts.
    expect(used(other, MINUTE, "calls")).toBe(5);
  });

  it("do not go back to a window that came after theirs", () => {
    const first = open();
    first.reserve(TOKENS, "k", 100, START_MS);
    const nextMs = START_MS + 60_000;
    first.reserve(TOKENS, "k", 30, nextMs);
    first.settle(TOKENS, "k", 30, 30, nextMs, nextMs);
    first.close();
    expect(used(open(), TOKENS, "k", nextMs)).toBe(30);
  });

  it("beyond what the ledger holds count all the same, and are told", () => {
    const limits = open();
    const many: SharedLimit = { ...TOKENS, amount: 1_000_000 };
    for (let i = 0; i < 4100; i++) expectSame(limits.reserve(many, "k", 1, START_MS), "allowed");
    expect(limits.stats().untracked).toBe(4);
    for (let i = 0; i < 4100; i++) limits.settle(many, "k", 1, 2, START_MS, START_MS);
    expect(used(limits, many, "k")).toBe(8200);
    limits.close();
    expect(used(open(), many, "k")).toBe(8200);
  });
});

describe("arguments", () => {
  it("that would spoil a counter are refused", () => {
    const limits = open();
    expect(() => limits.reserve(MINUTE, "k", Number.NaN, START_MS)).toThrow("finite numbers");
    expect(() => limits.settle(MINUTE, "k", 1, Number.POSITIVE_INFINITY, START_MS, START_MS)).toThrow("finite numbers");
    expect(() => limits.reserve({ ...MINUTE, windowMs: 0 }, "k", 1, START_MS)).toThrow("above 0");
    expect(() => limits.reserve(MINUTE, 7 as unknown as string, 1, START_MS)).toThrow("must be a string");
    expect(used(limits, MINUTE, "k")).toBe(0);
  });

  it("after close are refused", () => {
    const limits = open();
    limits.close();
    limits.close();
    expect(() => limits.reserve(MINUTE, "k", 1, START_MS)).toThrow("closed");
  });
});

describe("a counter's key", () => {
  it("is MurmurHash3 x64 128 of its name in UTF-8", () => {
    expect(counterKey("The quick brown fox jumps over the lazy dog")).toBe("e34bbc7bbc071b6c7a433ca9c49a9347");
    expect(counterKey("hello")).toBe("cbd8a7b341bd9b025b1e906a48ae1d19");
  });

  it("depends on all of a long name", () => {
    for (const length of [500, 507, 508, 511, 512, 513, 2000]) {
      const name = "x".repeat(length);
      expect(counterKey(`${name}a`)).not.toBe(counterKey(`${name}b`));
      expect(counterKey(`${"x".repeat(length - 1)}é`)).not.toBe(counterKey(`${"x".repeat(length - 1)}è`));
    }
  });
});
