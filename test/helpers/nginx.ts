import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RawConnection } from "./raw-client.ts";

export interface NginxProcess {
  stop(): Promise<void>;
}

const START_LIMIT_MS = 10_000;

/** Runs the program `nginx` with this file until `stop`, in the foreground and in a folder of its own. */
export async function startNginx(configuration: string, port: number): Promise<NginxProcess> {
  const directory = mkdtempSync(join(tmpdir(), "tidegate-nginx-"));
  const file = join(directory, "nginx.conf");
  writeFileSync(file, configuration);
  // As root, nginx would become a user who may not read the folder.
  const user = process.getuid?.() === 0 ? "user root; " : "";
  const globals = `${user}daemon off; pid ${directory}/nginx.pid; error_log ${directory}/error.log;`;
  const nginx = spawn("nginx", ["-c", file, "-p", directory, "-g", globals], { stdio: ["ignore", "ignore", "pipe"] });
  let complaints = "";
  nginx.stderr.on("data", (chunk: Buffer) => {
    complaints += chunk.toString();
  });
  const ended = new Promise<void>((resolve) => {
    nginx.once("close", () => resolve());
    nginx.once("error", (error) => {
      complaints += error.message;
      resolve();
    });
  });
  const stop = async () => {
    nginx.kill("SIGTERM");
    await ended;
    rmSync(directory, { recursive: true, force: true });
  };
  const endMs = Date.now() + START_LIMIT_MS;
  for (;;) {
    const connection = await RawConnection.open(port).catch(() => null);
    if (connection !== null) {
      connection.socket.destroy();
      return { stop };
    }
    if (nginx.exitCode !== null || nginx.pid === undefined || Date.now() > endMs) {
      await stop();
      throw new Error(`nginx does not listen on port ${port}: ${complaints}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
