import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "../../contracts/logger.ts";
import type { Home } from "../home.ts";
import { commandOf, isAlive, type ProcessIdentity } from "../process-info.ts";

export type ProcessRole = "gateway" | "control";

export interface RecordedProcess extends ProcessIdentity {
  role: ProcessRole;
  slot: number;
}

const POLL_MS = 100;

/** Writes down which processes belong to the data directory, for a supervisor that comes after one that was killed. */
export function recordProcesses(home: Home, processes: readonly RecordedProcess[]): void {
  const draft = `${home.processesFile}.${process.pid}`;
  writeFileSync(draft, `${JSON.stringify(processes)}\n`, { mode: 0o600 });
  renameSync(draft, home.processesFile);
}

export function forgetProcesses(home: Home): void {
  rmSync(home.processesFile, { force: true });
}

/**
 * Processes of an earlier supervisor that still run. Identity is pid, start time and boot, and the command must be one
 * of ours: nothing else is ever signalled.
 */
export function findLeftovers(home: Home): RecordedProcess[] {
  return readRecorded(home).filter(isOurs);
}

function isOurs(recorded: RecordedProcess): boolean {
  if (!isAlive(recorded)) return false;
  const command = commandOf(recorded.pid);
  return command === null || command.includes(`${recorded.role}-worker`);
}

/** An orphaned control process ends by itself; waits for it, and helps when it takes too long. */
export async function endControlLeftovers(leftovers: readonly RecordedProcess[], logger: Logger): Promise<void> {
  const controls = leftovers.filter(({ role }) => role === "control");
  if (await waitUntilGone(controls, 1_000)) return;
  signal(controls, "SIGTERM");
  if (await waitUntilGone(controls, 3_000)) return;
  logger.warn({ pids: controls.map(({ pid }) => pid) }, "killing a control process left behind by an earlier start");
  signal(controls, "SIGKILL");
  await waitUntilGone(controls, 2_000);
}

/** Drains gateways left behind; they end their calls first. */
export async function drainGatewayLeftovers(
  leftovers: readonly RecordedProcess[],
  limitMs: number,
  logger: Logger,
): Promise<void> {
  const gateways = leftovers.filter(({ role }) => role === "gateway");
  if (gateways.length === 0) return;
  const pids = gateways.map(({ pid }) => pid);
  logger.info({ pids }, "draining gateway workers left behind by an earlier supervisor");
  signal(gateways, "SIGTERM");
  if (await waitUntilGone(gateways, limitMs)) {
    logger.info({ pids }, "the workers left behind have drained");
    return;
  }
  logger.warn({ pids }, "workers left behind did not drain in time; killing them");
  signal(gateways, "SIGKILL");
}

function signal(processes: readonly RecordedProcess[], name: NodeJS.Signals): void {
  for (const recorded of processes) {
    if (!isOurs(recorded)) continue;
    try {
      process.kill(recorded.pid, name);
    } catch {
      // It ended in between.
    }
  }
}

async function waitUntilGone(processes: readonly RecordedProcess[], limitMs: number): Promise<boolean> {
  const endMs = performance.now() + limitMs;
  while (processes.some(isOurs)) {
    if (performance.now() > endMs) return false;
    await delay(POLL_MS);
  }
  return true;
}

function readRecorded(home: Home): RecordedProcess[] {
  let values: unknown;
  try {
    values = JSON.parse(readFileSync(home.processesFile, "utf8"));
  } catch {
    return [];
  }
  return Array.isArray(values) ? values.map(parseRecorded).filter((value) => value !== null) : [];
}

function parseRecorded(value: unknown): RecordedProcess | null {
  if (typeof value !== "object" || value === null) return null;
  const { pid, startTicks, bootId, role, slot } = value as Partial<Record<keyof RecordedProcess, unknown>>;
  if (typeof pid !== "number" || pid <= 1 || (role !== "gateway" && role !== "control")) return null;
  return {
    pid,
    startTicks: typeof startTicks === "number" ? startTicks : null,
    bootId: typeof bootId === "string" ? bootId : null,
    role,
    slot: typeof slot === "number" ? slot : 0,
  };
}
