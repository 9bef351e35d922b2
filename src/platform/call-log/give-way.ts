import { yieldToWakingThreads } from "../../../native-bindings/thread.ts";

/** For the thread that writes the log: a piece of it holds a core for up to 0.3 ms, some fifty times a second. Calls come first. */
export function giveWayToCalls(): void {
  yieldToWakingThreads();
}
