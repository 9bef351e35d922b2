import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { startChild, stopChild, unexpectedEnd } from "../children.ts";
import { childrenOf } from "../process-cpu.ts";
import { listening } from "./listening.ts";
import type { Server } from "./server.ts";

/** As root, nginx would become `nobody`, who may not read the bench's folder. */
const USER = process.getuid?.() === 0 ? "user root;\n" : "";

/** Starts nginx in the foreground with the given `http` block. Logs go to the directory. */
export async function startNginx(
  name: string,
  port: number,
  http: string,
  parent: string,
  workers = 1,
): Promise<Server> {
  const directory = join(parent, name);
  mkdirSync(directory, { recursive: true });
  const configuration = join(directory, "nginx.conf");
  writeFileSync(
    configuration,
    `daemon off;
${USER}worker_processes ${workers};
pid ${directory}/nginx.pid;
error_log ${directory}/error.log;
events { worker_connections 16384; }
http {
  access_log off;
  keepalive_timeout 300s;
  keepalive_requests 100000000;
  client_body_temp_path ${directory}/body;
  proxy_temp_path ${directory}/proxy;
  fastcgi_temp_path ${directory}/fastcgi;
  uwsgi_temp_path ${directory}/uwsgi;
  scgi_temp_path ${directory}/scgi;
${http}
}
`,
  );
  const nginx = startChild("nginx", ["-c", configuration, "-p", directory], { stdio: ["ignore", "ignore", "inherit"] });
  const end = unexpectedEnd(nginx, `nginx (${name})`);
  await Promise.race([listening(port), end]);
  const pids = await Promise.race([children(nginx.pid as number, workers), end]);
  const named = pids.map((pid, index) => [index === 0 ? "worker" : `worker${index + 1}`, pid] as const);
  return { name, port, pids: Object.fromEntries(named), stop: () => stopChild(nginx) };
}

/** The master listens a moment before it forks its workers. */
async function children(pid: number, count: number): Promise<number[]> {
  for (;;) {
    const all = childrenOf(pid);
    if (all.length >= count) return all;
    await delay(10);
  }
}
