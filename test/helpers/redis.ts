import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { Redis } from "ioredis";
import { freePorts } from "./ports.ts";
import { waitFor } from "./wait-for.ts";

export interface TestRedis {
  url: string;
  /** For the test's own questions. */
  client: Redis;
  /** As if the machine had lost its power; `start` begins with an empty one. */
  kill(): Promise<void>;
  start(): Promise<void>;
  close(): Promise<void>;
}

/** A Redis of the test's own (Debian package redis-server), which keeps nothing on disk. */
export async function startRedis(): Promise<TestRedis> {
  const [port = 0] = await freePorts(1);
  const url = `redis://127.0.0.1:${port}`;
  let child: ChildProcess | null = null;
  const client = new Redis(url, { retryStrategy: () => 50, maxRetriesPerRequest: null });
  client.on("error", () => {});
  const kill = async (): Promise<void> => {
    if (child === null) return;
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
    child = null;
  };
  const start = async (): Promise<void> => {
    const args = ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];
    child = spawn("redis-server", args, { stdio: "ignore" });
    child.once("error", (error) => {
      throw new Error(`redis-server can't be started (Debian: apt-get install redis-server): ${error.message}`);
    });
    await waitFor(async () => (await client.ping()) === "PONG", "Redis to answer");
  };
  await start();
  return {
    url,
    client,
    kill,
    start,
    async close() {
      client.disconnect();
      await kill();
    },
  };
}
