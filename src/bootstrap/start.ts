import { availableParallelism } from "node:os";
import type { FirstAdmin } from "../contracts/messages.ts";
import { hostPort } from "../platform/host-port.ts";
import { createLogger } from "../platform/logger.ts";
import { VERSION } from "../platform/version.ts";
import { type LoadResult, loadConfiguration } from "../snapshot/load.ts";
import { formatProblems } from "../snapshot/problems/problem.ts";
import { adminAddress } from "./admin-address.ts";
import { adminLines, banner } from "./banner.ts";
import { resolveConfigPath } from "./config-path.ts";
import { EXIT, type ExitCode, StartError } from "./exit-codes.ts";
import { createHome, type Home, homeAt, homeDirectory } from "./home.ts";
import { lockHome } from "./lock.ts";
import { requirePorts } from "./ports.ts";
import { endControlLeftovers, findLeftovers } from "./supervisor/leftovers.ts";
import { Supervisor } from "./supervisor/supervisor.ts";
import { ROLES, type Role } from "./worker-environment.ts";

export interface StartOptions {
  /** As given by the user; null: `TIDEGATE_CONFIG`, `./tidegate.yaml`, or the quickstart configuration. */
  configPath: string | null;
  /** null: `TIDEGATE_WORKERS`, or one for each core. */
  workers: number | null;
  /** null: `TIDEGATE_ROLE`, or `all`. */
  role: Role | null;
}

type Loaded = Extract<LoadResult, { ok: true }>;

/**
 * `tidegate start`: resolves with the exit code when the last process has ended. Everything that can be wrong is found
 * before the first process is forked, and thrown as StartError.
 */
export async function start(options: StartOptions): Promise<ExitCode> {
  const home = homeAt(homeDirectory(process.env));
  const role = roleOf(options.role, process.env);
  // A gateway takes what it serves from Redis: a file would be nobody's.
  const configPath = role === "gateway" ? null : await resolveConfigPath(options.configPath, process.env);
  const workers = role === "control" ? 0 : workerCount(options.workers, process.env);
  const admin = adminAddress(process.env);
  makeHome(home);
  const loaded = role === "gateway" ? null : await load(configPath, home);
  const lock = lockHome(home);
  try {
    const leftovers = findLeftovers(home);
    const logger = createLogger({ process: "supervisor" });
    await endControlLeftovers(leftovers, logger);
    // A gateway finds out with its first snapshot where it listens.
    const ownGateways = new Set(leftovers.filter((one) => one.role === "gateway").map(({ pid }) => pid));
    await requirePorts(role === "all" ? (loaded?.snapshot.listeners ?? []) : [], admin, ownGateways);
    let firstAdmin: FirstAdmin | null = null;
    let isReady = false;
    const onFirstAdmin = (made: FirstAdmin) => {
      firstAdmin = made;
      // The database came late: the banner has been shown.
      if (isReady) process.stdout.write(`${adminLines(made).join("\n")}\n`);
    };
    const supervisor = new Supervisor({ home, configPath, workers, role, leftovers, logger, onFirstAdmin });
    return await supervise(supervisor, (gatewayAddresses) => {
      isReady = true;
      const quickstart = role === "all" ? (loaded?.quickstart ?? null) : null;
      const facts = { version: VERSION, gatewayAddresses, workers, role, configPath, quickstart, firstAdmin };
      const adminUrl = `http://${hostPort(admin.host, admin.port)}`;
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

/** Machines of a cluster need to know each other's key: without one, a control process would seal what no gateway can open. */
export function roleOf(given: Role | null, env: NodeJS.ProcessEnv): Role {
  const text = given ?? (env.TIDEGATE_ROLE || "all");
  const role = ROLES.find((one) => one === text);
  if (role === undefined) throw new StartError(EXIT.usage, `the role is ${text}; expected one of ${ROLES.join(", ")}`);
  if (role === "gateway" && !env.REDIS_URL) {
    throw new StartError(EXIT.usage, "a gateway takes what it serves from Redis: set REDIS_URL to redis://host:port");
  }
  if (role !== "all" && !env.TIDEGATE_MASTER_KEY) {
    const how = "set TIDEGATE_MASTER_KEY to the same 32 bytes on all of them (openssl rand -base64 32)";
    throw new StartError(EXIT.usage, `the machines of a cluster share a key: ${how}`);
  }
  return role;
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
