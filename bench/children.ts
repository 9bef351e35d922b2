import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { childrenOf } from "./process-cpu.ts";

/** Enough for 10,000 connections on either side of a process. */
const OPEN_FILES = 65_536;
const STOP_LIMIT_MS = 15_000;
/** What a shell says when there is no such program. */
const NOT_FOUND = 127;

const running = new Set<ChildProcess>();

/** Starts a program with as many open files as it may have. What still runs when the bench ends is killed then. */
export function startChild(command: string, args: readonly string[], options: SpawnOptions): ChildProcess {
  const raise = `ulimit -n ${OPEN_FILES} 2>/dev/null || ulimit -n "$(ulimit -H -n)"; exec "$0" "$@"`;
  const child = spawn("sh", ["-c", raise, command, ...args], options);
  running.add(child);
  child.once("exit", () => running.delete(child));
  return child;
}

/** Rejects when the program ends; never resolves. For racing with what it is waited for. */
export function unexpectedEnd(child: ChildProcess, name: string): Promise<never> {
  const ended = new Promise<never>((_, reject) => {
    child.once("error", reject);
    child.once("exit", (code, signal) => {
      const hint = code === NOT_FOUND ? " (is it installed? The Debian packages are nginx, wrk, gcc)" : "";
      reject(new Error(`${name} ended with ${signal ?? code}${hint}`));
    });
  });
  ended.catch(() => {});
  return ended;
}

/** Asks a program to end, and kills it with all its children when it takes too long. */
export async function stopChild(child: ChildProcess, signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
  if (!running.has(child)) return;
  const over = new Promise((resolve) => child.once("exit", resolve));
  const timer = setTimeout(() => killTree(child.pid), STOP_LIMIT_MS);
  child.kill(signal);
  await over;
  clearTimeout(timer);
}

/** What a program writes until it ends. It is killed when it takes longer than `limitMs`. */
export async function outputOf(child: ChildProcess, limitMs: number): Promise<string> {
  const timer = setTimeout(() => killTree(child.pid), limitMs);
  let output = "";
  const collect = (chunk: Buffer) => {
    output += chunk;
  };
  child.stdout?.on("data", collect);
  child.stderr?.on("data", collect);
  await new Promise((resolve) => child.once("close", resolve));
  clearTimeout(timer);
  return output;
}

/** For the end of the bench, however it comes about. */
export function killAllChildren(): void {
  for (const child of running) killTree(child.pid);
}

function killTree(pid: number | undefined): void {
  if (pid === undefined) return;
  const descendants = childrenOf(pid);
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It ended by itself.
  }
  for (const descendant of descendants) killTree(descendant);
}
