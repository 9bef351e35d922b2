import { startProgram } from "./programs.ts";
import type { Server } from "./server.ts";

export const EVENTS_PER_STREAM = 64;
const INTERVAL_MS = 20;
/** From the first event of a stream to its end. */
export const STREAM_MS = EVENTS_PER_STREAM * INTERVAL_MS;

/** A provider that streams at the pace of a fast model, in the format its path asks for. */
export function startSseUpstream(directory: string): Promise<Server> {
  return startProgram("sse-upstream", [EVENTS_PER_STREAM, INTERVAL_MS], directory);
}
