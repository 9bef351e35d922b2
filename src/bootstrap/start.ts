import { availableParallelism } from "node:os";
import type { FirstAdmin } from "../contracts/messages.ts";
import type { Snapshot } from "../contracts/snapshot.ts";
import { createLogger } from "../platform/logger.ts";
import { VERSION } from "../platform/version.ts";
import { type LoadResult, loadConfiguration } from "../snapshot/load.ts";
import { formatProblems } from "../snapshot/problems/problem.ts";
import { type AdminAddress, adminAddress } from "./admin-address.ts";
import { adminLines, banner } from "./banner.ts";
import { resolveConfigPath } from "./config-path.ts";
import { EXIT, type ExitCode, StartError } from "./exit-codes.ts";
import { createHome, type Home, homeAt, homeDirectory } from "./home.ts";
import { lockHome } from "./lock.ts";
import { requirePort } from "./ports.ts";
import { endControlLeftovers, findLeftovers, type RecordedProcess } from "./supervisor/leftovers.ts";
import { Supervisor } from "./supervisor/supervisor.ts";

export interface StartOptions {
  /** As given by the user; null: `TIDEGATE_CONFIG`, `./tidegate.yaml`, or the quickstart configuration. */
  configPath: string | null;
  /** null: `TIDEGATE_WORKERS`, or one for each core. */
  workers: number | null;
}

type Loaded = Extract<LoadResult, { ok: true }>;

/**
 * `tidegate start`: resolves with the exit code when the last process has ended. Everything that can be wrong is found
 * before the first process is forked, and thrown as StartError.
 */
export async function start(options: StartOptions): Promise<ExitCode> {
  const home = homeAt(homeDirectory(process.env));
  const configPath = await resolveConfigPath(options.configPath, process.env);
  const workers = workerCount(options.workers, process.env);
  const admin = adminAddress(process.env);
  makeHome(home);
  const loaded = await load(configPath, home);
  const lock = lockHome(home);
  try {
    const leftovers = findLeftovers(home);
    const logger = createLogger({ process: "supervisor" });
    await endControlLeftovers(leftovers, logger);
    await requirePorts(loaded.snapshot, admin, leftovers);
    let firstAdmin: FirstAdmin | null = null;
    let isReady = false;
    const onFirstAdmin = (made: FirstAdmin) => {
      firstAdmin = made;
      // The database came late: the banner has been shown.
      if (isReady) process.stdout.write(`${adminLines(made).join("\n")}\n`);
    };
    const supervisor = new Supervisor({ home, configPath, workers, leftovers, logger, onFirstAdmin });
    return await supervise(supervisor, (gatewayAddresses) => {
      isReady = true;
      const { quickstart } = loaded;
      const facts = { version: VERSION, gatewayAddresses, workers, configPath, quickstart, firstAdmin };
      const adminUrl = `http://${admin.host.includes(":") ? `[${admin.host}]` : admin.host}:${admin.port}`;
      process.stdout.write(banner({ ...facts, adminAddress: adminUrl, homeDirectory: home.directory }));
    });
  } finally {
    lock.release();
  }
}

async function supervise(supervisor: Supervisor, onReady: (addresses: string[]) => void): Promise<ExitCode> {
  let ended: (code: ExitCode) => void = () => {};
  const done = new Promise<ExitCode>((resolveDone) => {
    ended = resolveDone;
  });
  let interrupts = 0;
  const stop = () => {
    void supervisor.stop().then(() => ended(interrupts > 1 ? EXIT.failed : EXIT.ok));
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", () => {
    interrupts++;
    stop();
    if (interrupts > 1) supervisor.kill();
  });
  process.on("SIGHUP", () => void supervisor.reload());
  // A closed terminal or pipe must not end the supervisor.
  process.stdout.on("error", () => {});
  void supervisor.start().then(onReady);
  return done;
}

function makeHome(home: Home): void {
  try {
    createHome(home);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const message = `data directory ${home.directory} can't be made (${reason}); set TIDEGATE_HOME to one that can`;
    throw new StartError(EXIT.dataDirectory, message);
  }
}

async function load(configPath: string | null, home: Home): Promise<Loaded> {
  const result = await loadConfiguration({ configPath, home: home.directory, env: process.env, version: 0 });
  if (!result.ok) throw new StartError(EXIT.configuration, formatProblems(result.problems));
  return result;
}

async function requirePorts(
  snapshot: Snapshot,
  admin: AdminAddress,
  leftovers: readonly RecordedProcess[],
): Promise<void> {
  const pids = new Set(leftovers.filter(({ role }) => role === "gateway").map(({ pid }) => pid));
  for (const { host, port } of snapshot.listeners) await requirePort("gateway", host, port, pids);
  await requirePort("admin", admin.host, admin.port, new Set());
}

const MAX_WORKERS = 256;

export function workerCount(given: number | null, env: NodeJS.ProcessEnv): number {
  if (given !== null) return given;
  const text = env.TIDEGATE_WORKERS;
  if (!text) return availableParallelism();
  const count = Number(text);
  if (/^\d+$/.test(text) && count >= 1 && count <= MAX_WORKERS) return count;
  throw new StartError(EXIT.usage, `TIDEGATE_WORKERS is ${text}; expected a whole number from 1 to ${MAX_WORKERS}`);
}
