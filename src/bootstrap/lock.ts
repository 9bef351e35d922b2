import { linkSync, readFileSync, renameSync, rmSync, statSync, unlinkSync, utimesSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { EXIT, StartError } from "./exit-codes.ts";
import type { Home } from "./home.ts";
import { identityOf, isAlive, type ProcessIdentity } from "./process-info.ts";

export interface LockOwner extends ProcessIdentity {
  hostname: string;
  sinceMs: number;
}

export interface HomeLock {
  release(): void;
}

const REFRESH_MS = 5_000;
/** A lock of another machine (a shared or a container's volume) counts as left behind after this silence. */
const FOREIGN_STALE_MS = 30_000;

/**
 * Takes the data directory for this process. Throws StartError `dataDirectory` when a living supervisor holds it. The
 * lock file of one that died is taken over.
 */
export function lockHome(home: Home): HomeLock {
  const owner: LockOwner = { ...identityOf(process.pid), hostname: hostname(), sinceMs: Date.now() };
  for (let attempt = 0; attempt < 5; attempt++) {
    if (tryCreate(home, owner)) return keepFresh(home, owner);
    const holder = readLock(home.lockFile);
    if (holder !== null && isHeld(home.lockFile, holder)) throw inUse(home, holder);
    removeStale(home, holder);
  }
  throw new StartError(
    EXIT.dataDirectory,
    `data directory ${home.directory} is being taken by another start; try again`,
  );
}

/** The supervisor that holds the directory now, or null. */
export function lockHolder(home: Home): LockOwner | null {
  const holder = readLock(home.lockFile);
  return holder !== null && isHeld(home.lockFile, holder) ? holder : null;
}

/** Linking a finished file makes lock and content appear in one step; fails when the lock exists. */
function tryCreate(home: Home, owner: LockOwner): boolean {
  const draft = `${home.lockFile}.${process.pid}`;
  try {
    writeFileSync(draft, `${JSON.stringify(owner)}\n`, { mode: 0o600 });
    linkSync(draft, home.lockFile);
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    const reason = error instanceof Error ? error.message : String(error);
    throw new StartError(
      EXIT.dataDirectory,
      `data directory ${home.directory} can't be written to (${reason}); make it writable or set TIDEGATE_HOME`,
    );
  } finally {
    rmSync(draft, { force: true });
  }
}

function isHeld(lockFile: string, holder: LockOwner): boolean {
  if (holder.hostname === hostname()) return isAlive(holder);
  const modified = statSync(lockFile, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  return Date.now() - modified < FOREIGN_STALE_MS;
}

/**
 * Moves the stale lock away and looks at what was moved: when another start was faster and this is its fresh lock, it
 * is put back.
 */
function removeStale(home: Home, judged: LockOwner | null): void {
  const aside = `${home.lockFile}.stale.${process.pid}`;
  try {
    renameSync(home.lockFile, aside);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return;
    throw error;
  }
  const moved = readLock(aside);
  if (moved !== null && (moved.pid !== judged?.pid || moved.sinceMs !== judged.sinceMs)) {
    try {
      linkSync(aside, home.lockFile);
    } catch (error) {
      if (codeOf(error) !== "EEXIST") throw error;
    }
  }
  rmSync(aside, { force: true });
}

function keepFresh(home: Home, owner: LockOwner): HomeLock {
  const timer = setInterval(() => {
    const now = new Date();
    try {
      utimesSync(home.lockFile, now, now);
    } catch {
      takeAgain(home, owner);
    }
  }, REFRESH_MS);
  timer.unref();
  return {
    release() {
      clearInterval(timer);
      if (readLock(home.lockFile)?.sinceMs === owner.sinceMs) unlinkSync(home.lockFile);
    },
  };
}

/** Someone removed the file by hand; while the name is free, it is taken again. Can't it be now, the next look tries again: calls go on. */
function takeAgain(home: Home, owner: LockOwner): void {
  try {
    tryCreate(home, owner);
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
  }
}

function readLock(lockFile: string): LockOwner | null {
  try {
    const value: unknown = JSON.parse(readFileSync(lockFile, "utf8"));
    if (typeof value !== "object" || value === null) return null;
    const { pid, startTicks, bootId, hostname: host, sinceMs } = value as Partial<Record<keyof LockOwner, unknown>>;
    if (typeof pid !== "number" || typeof host !== "string" || typeof sinceMs !== "number") return null;
    return {
      pid,
      startTicks: typeof startTicks === "number" ? startTicks : null,
      bootId: typeof bootId === "string" ? bootId : null,
      hostname: host,
      sinceMs,
    };
  } catch {
    return null;
  }
}

function inUse(home: Home, holder: LockOwner): StartError {
  const where = holder.hostname === hostname() ? "" : ` on ${holder.hostname}`;
  const since = new Date(holder.sinceMs).toISOString();
  return new StartError(
    EXIT.dataDirectory,
    `data directory ${home.directory} is in use by tidegate (pid ${holder.pid}${where}, since ${since}); ` +
      "stop it or set TIDEGATE_HOME",
  );
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}
