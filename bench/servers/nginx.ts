import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { childrenOf } from "../process-cpu.ts";
import type { Server } from "./server.ts";

/** Starts nginx in the foreground with one worker and the given `http` block. Logs go to the directory. */
export async function startNginx(name: string, port: number, http: string, parent: string): Promise<Server> {
  const directory = join(parent, name);
  mkdirSync(directory, { recursive: true });
  const configuration = join(directory, "nginx.conf");
  writeFileSync(
    configuration,
    `daemon off;
worker_processes 1;
pid ${directory}/nginx.pid;
error_log ${directory}/error.log;
events { worker_connections 8192; }
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
  const child = spawn("nginx", ["-c", configuration, "-p", directory], { stdio: ["ignore", "ignore", "inherit"] });
  const failed = new Promise<never>((_, reject) => {
    child.once("error", (error) => reject(new Error(`nginx can't be run (Debian package nginx): ${error.message}`)));
    child.once("exit", (code) => reject(new Error(`nginx (${name}) ended with ${code}: see ${directory}/error.log`)));
  });
  failed.catch(() => {});
  await Promise.race([listening(port), failed]);
  const master = child.pid as number;
  return {
    name,
    pids: { worker: childrenOf(master)[0] as number },
    async stop() {
      const over = new Promise((resolve) => child.once("close", resolve));
      child.kill("SIGTERM");
      await over;
    },
  };
}

/** Resolves once a connection is accepted. */
export async function listening(port: number, timeoutMs = 15_000): Promise<void> {
  const endMs = Date.now() + timeoutMs;
  for (;;) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, "127.0.0.1", () => {
        socket.destroy();
        resolve(true);
      });
      socket.once("error", () => resolve(false));
    });
    if (open) return;
    if (Date.now() > endMs) throw new Error(`nothing listens on port ${port} after ${timeoutMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
