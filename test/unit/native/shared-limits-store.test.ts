import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { LimitSnapshot } from "../../../src/contracts/snapshot.ts";
import { SharedLimitStore } from "../../../src/data-plane/limits/shared-limit-store.ts";

const START_MS = 1_700_000_000_000;
const LIMIT: LimitSnapshot = {
  per: "application",
  algorithm: "window",
  unit: "tokens",
  amount: 100,
  windowMs: 3_600_000,
};

let directory: string;
let store: SharedLimitStore;
let logged: { fields: object; message: string }[];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "tidegate-limits-"));
  logged = [];
  const logger = { error: (fields: object, message: string) => void logged.push({ fields, message }) };
  store = new SharedLimitStore({ path: join(directory, "limits.shm"), slots: 64, logger });
});
afterEach(() => {
  store.close();
  rmSync(directory, { recursive: true, force: true });
});

it("keeps the contract: reserve, then settle with what was really used", () => {
  expect(store.reserve(LIMIT, "k", 60, START_MS)).toEqual({
    allowed: true,
    remaining: 40,
    resetMs: 3_600_000 - (START_MS % 3_600_000),
    retryAfterMs: 0,
  });
  store.settle(LIMIT, "k", 60, 100, START_MS, START_MS + 10);
  const refused = store.reserve(LIMIT, "k", 1, START_MS + 10);
  expect(refused.allowed).toBe(false);
  expect(refused.retryAfterMs).toBe(refused.resetMs);
});

it("refuses a call when all counters are in use, names the setting, and logs it once a minute", () => {
  for (let i = 0; i < 64; i++) store.reserve(LIMIT, `k${i}`, 1, START_MS);
  const refuse = (nowMs: number) =>
    expect(() => store.reserve(LIMIT, "one more", 1, nowMs)).toThrow(
      expect.objectContaining({ code: "limits_full", status: 503, message: expect.stringContaining("`limits.slots`") }),
    );
  for (const ms of [0, 1, 59_999]) refuse(START_MS + ms);
  expect(logged).toEqual([{ fields: { calls: 1, slots: 64 }, message: expect.stringContaining("`limits.slots`") }]);
  refuse(START_MS + 60_000);
  expect(logged[1]?.fields).toEqual({ calls: 3, slots: 64 });
  expect(store.usage(START_MS)).toEqual({ slotsUsed: 64, slotCount: 64, full: 4, busy: 0, untracked: 0, takeovers: 0 });
});
