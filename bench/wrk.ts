import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

export interface Load {
  url: string;
  method: string;
  headers: Record<string, string>;
  body: string;
  connections: number;
  seconds: number;
}

export interface LoadResult {
  requests: number;
  requestsPerSecond: number;
  p50Ms: number;
  p99Ms: number;
  /** Answers that were not 2xx or 3xx, and connections that failed: a run with any is worth nothing. */
  errors: number;
}

/** Runs wrk with one thread, keep-alive, and reads its figures. */
export function runWrk(load: Load, directory: string): Promise<LoadResult> {
  const script = join(directory, "load.lua");
  writeFileSync(script, luaScript(load));
  const args = ["-t1", `-c${load.connections}`, `-d${load.seconds}s`, "--timeout", "10s", "-s", script, load.url];
  return new Promise((resolve, reject) => {
    const child = spawn("wrk", args, { stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    child.stdout.on("data", (chunk: Buffer) => {
      output += chunk;
    });
    child.stderr.on("data", (chunk: Buffer) => {
      output += chunk;
    });
    child.once("error", (error) => reject(new Error(`wrk can't be run (Debian package wrk): ${error.message}`)));
    child.once("close", () => {
      const line = output.split("\n").find((text) => text.startsWith("RESULT "));
      if (line === undefined) reject(new Error(`wrk gave no figures:\n${output}`));
      else resolve(parse(line));
    });
  });
}

function luaScript(load: Load): string {
  const quote = (text: string) => JSON.stringify(text);
  const headers = Object.entries(load.headers).map(([name, value]) => `wrk.headers[${quote(name)}] = ${quote(value)}`);
  return `
wrk.method = ${quote(load.method)}
${headers.join("\n")}
wrk.body = ${load.body === "" ? "nil" : quote(load.body)}
done = function(summary, latency, requests)
  local e = summary.errors
  io.write(string.format("RESULT %d %d %.1f %.1f %d\\n", summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99), e.connect + e.read + e.write + e.status + e.timeout))
end
`;
}

function parse(line: string): LoadResult {
  const [requests = 0, durationUs = 1, p50Us = 0, p99Us = 0, errors = 0] = line.split(" ").slice(1).map(Number);
  return {
    requests,
    requestsPerSecond: requests / (durationUs / 1_000_000),
    p50Ms: p50Us / 1000,
    p99Ms: p99Us / 1000,
    errors,
  };
}
