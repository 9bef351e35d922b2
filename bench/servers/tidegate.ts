import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { childrenOf, commandOf } from "../process-cpu.ts";
import type { Server } from "./server.ts";

export interface TidegateOptions {
  port: number;
  adminPort: number;
  /** The whole `tidegate.yaml`. */
  configuration: string;
  directory: string;
  workers: number;
}

/** Starts Tidegate as a user would, and waits until it says that it is ready. */
export async function startTidegate(options: TidegateOptions): Promise<Server> {
  const home = join(options.directory, "tidegate");
  mkdirSync(home, { recursive: true });
  const configPath = join(options.directory, "tidegate.yaml");
  writeFileSync(configPath, options.configuration);
  const main = fileURLToPath(new URL("../../src/cli/main.js", import.meta.url));
  const child = spawn(process.execPath, [main, "start", "--config", configPath], {
    stdio: ["ignore", "pipe", "inherit"],
    env: {
      ...process.env,
      TIDEGATE_HOME: home,
      TIDEGATE_ADMIN_PORT: String(options.adminPort),
      TIDEGATE_WORKERS: String(options.workers),
    },
  });
  child.stdout.resume();
  const failed = new Promise<never>((_, reject) => {
    child.once("exit", (code) => reject(new Error(`tidegate ended with ${code}`)));
  });
  failed.catch(() => {});
  await Promise.race([ready(options.adminPort), failed]);
  return {
    name: "tidegate",
    pids: processesOf(child.pid as number),
    async stop() {
      const over = new Promise((resolve) => child.once("close", resolve));
      child.kill("SIGTERM");
      await over;
    },
  };
}

async function ready(adminPort: number): Promise<void> {
  const endMs = Date.now() + 30_000;
  while (Date.now() < endMs) {
    const ok = await fetch(`http://127.0.0.1:${adminPort}/health/readiness`).then(
      (response) => response.ok,
      () => false,
    );
    if (ok) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("tidegate was not ready within 30 s");
}

function processesOf(supervisor: number): Record<string, number> {
  const pids: Record<string, number> = { supervisor };
  let gateways = 0;
  for (const pid of childrenOf(supervisor)) {
    const command = commandOf(pid);
    if (command.includes("gateway-worker")) pids[gateways++ === 0 ? "worker" : `worker${gateways}`] = pid;
    else if (command.includes("control-worker")) pids.control = pid;
  }
  return pids;
}
