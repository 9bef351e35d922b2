import { type Call, writeRequest } from "../calls.ts";
import { outputOf, startChild } from "../children.ts";
import type { Contestant } from "../compare.ts";
import type { Server } from "../servers/server.ts";
import { compileProgram, readResultLine } from "./programs.ts";

/**
 * A server under one call after the other. Percentiles are those of the calls that were made: wrk adds to its own the calls that
 * it would have made in time of a stall, so that at one connection its p99 says how long machines stall and no more.
 */
export async function underOneAtATime(
  server: Server,
  port: number,
  call: Call,
  directory: string,
): Promise<Contestant> {
  const program = await compileProgram("one-at-a-time", directory);
  const request = writeRequest(call, server.name, directory);
  return {
    server,
    async drive(seconds) {
      const caller = startChild(program, [String(port), request, String(seconds)], {
        stdio: ["ignore", "pipe", "pipe"],
      });
      const figures = readResultLine("one-at-a-time", await outputOf(caller, (seconds + 30) * 1000));
      const { requests = 0, errors = 0, seconds: took = Number.NaN, p50Ms = 0, p99Ms = 0 } = figures;
      if (errors > 0) throw new Error(`${server.name}: a call failed after ${requests - 1} good ones`);
      return { units: requests, figures: { requestsPerSecond: requests / took, p50Ms, p99Ms } };
    },
  };
}
