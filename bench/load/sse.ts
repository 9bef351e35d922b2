import { type Call, writeRequest } from "../calls.ts";
import { outputOf, startChild } from "../children.ts";
import type { Contestant } from "../compare.ts";
import type { Server } from "../servers/server.ts";
import { EVENTS_PER_STREAM, STREAM_MS } from "../servers/sse-upstream.ts";
import { compileProgram, readResultLine } from "./programs.ts";

export interface SseLoad {
  port: number;
  call: Call;
  /** What only the last event of a whole stream holds. */
  endMark: "[DONE]" | "message_stop";
  /** Streams that are read at once. */
  connections: number;
}

/** A server under readers of event streams: as many streams one after the other as fit into the time. */
export async function underSseReaders(server: Server, load: SseLoad, directory: string): Promise<Contestant> {
  const program = await compileProgram("sse-readers", directory);
  const request = writeRequest(load.call, server.name, directory);
  return {
    server,
    async drive(seconds) {
      const streams = Math.max(1, Math.round((seconds * 1000) / STREAM_MS));
      const limitMs = 20_000 + 4 * streams * STREAM_MS;
      const args = [load.port, request, load.connections, streams, load.endMark, limitMs].map(String);
      const readers = startChild(program, args, { stdio: ["ignore", "pipe", "pipe"] });
      const figures = readResultLine("sse-readers", await outputOf(readers, limitMs + 5_000));
      const { errors = 0, streams: whole = 0, seconds: took = Number.NaN, p50Ms = 0, p99Ms = 0 } = figures;
      if (errors > 0) throw new Error(`${server.name}: ${errors} streams broke off, ${whole} were whole`);
      const units = whole * EVENTS_PER_STREAM;
      return { units, figures: { eventsPerSecond: units / took, p50Ms, p99Ms } };
    },
  };
}
