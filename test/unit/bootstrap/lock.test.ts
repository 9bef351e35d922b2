import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { StartError } from "../../../src/bootstrap/exit-codes.ts";
import { type Home, homeAt } from "../../../src/bootstrap/home.ts";
import { lockHolder, lockHome } from "../../../src/bootstrap/lock.ts";
import { identityOf } from "../../../src/bootstrap/process-info.ts";

let home: Home;

beforeEach(() => {
  home = homeAt(mkdtempSync(join(tmpdir(), "tidegate-lock-")));
});

afterEach(() => rmSync(home.directory, { recursive: true, force: true }));

function writeLock(changes: object): void {
  const owner = { ...identityOf(process.pid), hostname: hostname(), sinceMs: 1_000, ...changes };
  writeFileSync(home.lockFile, JSON.stringify(owner));
}

describe("the lock of a data directory", () => {
  it("is held once, says by whom, and is free again after release", () => {
    const lock = lockHome(home);
    expect(lockHolder(home)?.pid).toBe(process.pid);
    expect(() => lockHome(home)).toThrow(StartError);
    expect(() => lockHome(home)).toThrow(`is in use by tidegate (pid ${process.pid}, since 20`);
    lock.release();
    expect(readdirSync(home.directory)).toEqual([]);
    lockHome(home).release();
  });

  it("bug: a supervisor ended when its data directory was away for a moment; the lock is taken again when it is back", () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const lock = lockHome(home);
    rmSync(home.directory, { recursive: true });
    vi.advanceTimersByTime(10_000);
    mkdirSync(home.directory);
    vi.advanceTimersByTime(10_000);
    expect(lockHolder(home)?.pid).toBe(process.pid);
    lock.release();
  });

  it.each([
    ["of a process that has ended", { pid: 2 ** 22 + 1, startTicks: 5 }],
    ["whose pid belongs to another process now", { startTicks: 5 }],
    ["from before the machine was started again", { bootId: "another boot" }],
  ])("is taken over when it is one %s", (_name, changes) => {
    writeLock(changes);
    lockHome(home).release();
  });

  it("is taken over when it is damaged", () => {
    writeFileSync(home.lockFile, "{");
    lockHome(home).release();
  });

  it("of another machine holds while it is refreshed, and is taken over when it no longer is", () => {
    writeLock({ hostname: "elsewhere" });
    expect(() => lockHome(home)).toThrow("on elsewhere");
    const longAgo = new Date(Date.now() - 60_000);
    utimesSync(home.lockFile, longAgo, longAgo);
    const lock = lockHome(home);
    expect(JSON.parse(readFileSync(home.lockFile, "utf8"))).toMatchObject({ hostname: hostname() });
    lock.release();
  });

  it("is not removed by one who has lost it", () => {
    const lock = lockHome(home);
    writeLock({ sinceMs: 2_000 });
    lock.release();
    expect(lockHolder(home)?.sinceMs).toBe(2_000);
  });
});
