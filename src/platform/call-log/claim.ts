import type { WriteResult } from "./write.ts";

/**
 * Who writes a batch. The thread takes it before it writes; a process that is about to die takes back what no thread
 * has taken, and waits for what one has. So each batch is written once, whatever the moment of a crash.
 */
const STATE = { open: 0, writing: 1, finished: 2, failed: 3, takenBack: 4 } as const;

/** One 32-bit cell for the state; from byte 8 on the result, as numbers. */
const RESULT_AT = 8;
const RESULT_NUMBERS = 6;
const CLAIM_BYTES = RESULT_AT + RESULT_NUMBERS * Float64Array.BYTES_PER_ELEMENT;

export function createClaim(): SharedArrayBuffer {
  return new SharedArrayBuffer(CLAIM_BYTES);
}

/** In the thread. Null when the process has taken the batch back. */
export function writeClaimed(claim: SharedArrayBuffer, write: () => WriteResult): WriteResult | null {
  const state = new Int32Array(claim, 0, 1);
  if (Atomics.compareExchange(state, 0, STATE.open, STATE.writing) !== STATE.open) return null;
  let outcome: number = STATE.failed;
  try {
    const result = write();
    const { rows, damaged, position, finished, size } = result;
    const numbers = [rows, damaged, position.sequence, position.offset, Number(finished), size];
    new Float64Array(claim, RESULT_AT).set(numbers);
    outcome = STATE.finished;
    return result;
  } finally {
    Atomics.store(state, 0, outcome);
    Atomics.notify(state, 0);
  }
}

export type TakenBack =
  /** No one has written it, and no one will. */
  | "open"
  /** A thread is still writing. */
  | "writing"
  | WriteResult;

/** In the process, which waits at most this long. */
export function takeBack(claim: SharedArrayBuffer, waitMs: number): TakenBack {
  const state = new Int32Array(claim, 0, 1);
  if (Atomics.compareExchange(state, 0, STATE.open, STATE.takenBack) === STATE.open) return "open";
  Atomics.wait(state, 0, STATE.writing, waitMs);
  const outcome = Atomics.load(state, 0);
  if (outcome === STATE.writing) return "writing";
  if (outcome !== STATE.finished) return "open";
  const [rows = 0, damaged = 0, sequence = 0, offset = 0, finished = 0, size = 0] = new Float64Array(claim, RESULT_AT);
  return { rows, damaged, position: { sequence, offset }, finished: finished === 1, size };
}
