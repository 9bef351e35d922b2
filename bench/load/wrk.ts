import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Call } from "../calls.ts";
import { outputOf, startChild } from "../children.ts";
import type { Contestant } from "../compare.ts";
import type { Server } from "../servers/server.ts";

export interface Load {
  port: number;
  call: Call;
  connections: number;
  /** The calls go round this many variants: `%d` in path and headers stands for a number from 0 to `variants - 1`. */
  variants?: number;
  /**
   * How many requests are held ready that differ in a field of their own, `x-request`; by default none. The load goes
   * through them all: two that have as many of them take as much memory, and with it as much of the processors' caches, in
   * however many variants.
   */
  distinct?: number;
}

export interface LoadResult {
  requests: number;
  requestsPerSecond: number;
  p50Ms: number;
  p99Ms: number;
  /** Answers that were not 2xx or 3xx, and connections that failed. */
  errors: number;
}

/** Connections of the scenarios that compare cost per request. */
export const CONNECTIONS = 64;

/** A server under a load of wrk. */
export function underWrk(server: Server, load: Load, directory: string): Contestant {
  return {
    server,
    async drive(seconds) {
      const { requests, requestsPerSecond, p50Ms, p99Ms } = await runWrk(server.name, load, seconds, directory);
      return { units: requests, figures: { requestsPerSecond, p50Ms, p99Ms } };
    },
  };
}

/** Runs wrk with one thread, keep-alive, and reads its figures. Throws when a request failed. */
export async function runWrk(name: string, load: Load, seconds: number, directory: string): Promise<LoadResult> {
  const script = join(directory, `${name}.lua`);
  writeFileSync(script, luaScript(load));
  const duration = `${Math.max(1, Math.round(seconds))}s`;
  const url = `http://127.0.0.1:${load.port}${load.call.path}`;
  const args = ["-t1", `-c${load.connections}`, `-d${duration}`, "--timeout", "10s", "-s", script, url];
  const wrk = startChild("wrk", args, { stdio: ["ignore", "pipe", "pipe"] });
  const output = await outputOf(wrk, (seconds + 30) * 1000);
  const line = output.split("\n").find((text) => text.startsWith("RESULT "));
  if (line === undefined) throw new Error(`wrk gave no figures (the Debian package is called wrk):\n${output}`);
  const result = parse(line);
  if (result.errors > 0) {
    throw new Error(
      `${name}: ${result.errors} failures in ${result.requests} requests; one more: ${await tryOnce(load)}`,
    );
  }
  return result;
}

/** wrk counts failures without a word about them: what the same call is answered with tells more. */
async function tryOnce({ port, call }: Load): Promise<string> {
  const { method, headers, body } = call;
  try {
    const init = { method, headers, ...(body === "" ? {} : { body }), signal: AbortSignal.timeout(5_000) };
    const response = await fetch(`http://127.0.0.1:${port}${call.path.replace("%d", "0")}`, init);
    return `${response.status} ${(await response.text()).slice(0, 200)}`;
  } catch (error) {
    return String(error instanceof Error ? (error.cause ?? error) : error);
  }
}

function luaScript({ call, variants, distinct }: Load): string {
  const quote = (text: string) => JSON.stringify(text);
  const headers = Object.entries(call.headers).map(([name, value]) => `wrk.headers[${quote(name)}] = ${quote(value)}`);
  return `
wrk.method = ${quote(call.method)}
${headers.join("\n")}
wrk.body = ${call.body === "" ? "nil" : quote(call.body)}
${variants === undefined ? "" : variantScript(call, variants, distinct)}
done = function(summary, latency, requests)
  local e = summary.errors
  io.write(string.format("RESULT %d %d %.1f %.1f %d\\n", summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99), e.connect + e.read + e.write + e.status + e.timeout))
end
`;
}

/** Requests are formatted beforehand, and sent in steps of a prime: neighbours in the table are not neighbours in time. */
function variantScript(call: Call, variants: number, distinct: number | undefined): string {
  const quote = (text: string) => JSON.stringify(text);
  const headers = Object.entries(call.headers).map(
    ([name, value]) => `[${quote(name)}] = string.format(${quote(value)}, variant)`,
  );
  if (distinct !== undefined) headers.push(`["x-request"] = string.format("%08d", i)`);
  const count = distinct ?? variants;
  return `
local requests, at = {}, 0
init = function()
  for i = 0, ${count - 1} do
    local variant = i % ${variants}
    requests[i] = wrk.format(nil, string.format(${quote(call.path)}, variant), { ["Host"] = wrk.headers["Host"], ${headers.join(", ")} })
  end
end
request = function()
  at = (at + 7919) % ${count}
  return requests[at]
end`;
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
