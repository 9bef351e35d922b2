import { setImmediate as turn } from "node:timers/promises";

/** Work that can be put off after each step. */
export type Slices<Result> = Generator<void, Result, void>;

/** An event loop that serves calls is kept from them no longer than this, and a step: a call waits for that several times. */
const SLICE_MS = 1;

/** So many services make a step, where each takes next to nothing. */
export const SERVICES_A_STEP = 256;

/** All of it at once. */
export function runWhole<Result>(slices: Slices<Result>): Result {
  for (;;) {
    const { done, value } = slices.next();
    if (done === true) return value;
  }
}

/** A little at a time; between, the event loop does what else there is to do. */
export async function runInSlices<Result>(slices: Slices<Result>): Promise<Result> {
  for (;;) {
    const endAt = performance.now() + SLICE_MS;
    do {
      const { done, value } = slices.next();
      if (done === true) return value;
    } while (performance.now() < endAt);
    await turn();
  }
}
