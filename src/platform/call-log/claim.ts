import type { JournalPosition } from "./position.ts";
import type { WriteResult } from "./write.ts";

/**
 * Who writes a batch, and what more there is to write. The thread takes it before it writes; a process that is about to die
 * takes back what no thread has taken, and waits for what one has. So each batch is written once, whatever the moment of a
 * crash. A thread that has finished stands by: to give it more this way takes microseconds, another task for the pool up to
 * 2 ms of the event loop.
 *
 *   open ──▶ writing ──▶ finished ──▶ ended
 *     │ ▲        └─────▶ failed │
 *     │ └───────────────────────┘
 *     └────▶ takenBack
 */
const STATE = { open: 0, writing: 1, finished: 2, failed: 3, takenBack: 4, ended: 5 } as const;

/** One 32-bit cell for the state; from byte 8 on numbers: the order, then the result. */
const ORDER_AT = 8;
const ORDER_NUMBERS = 3;
const RESULT_AT = ORDER_AT + ORDER_NUMBERS * Float64Array.BYTES_PER_ELEMENT;
const RESULT_NUMBERS = 6;
const CLAIM_BYTES = RESULT_AT + RESULT_NUMBERS * Float64Array.BYTES_PER_ELEMENT;

export interface WriteOrder {
  /** Up to where the journal is to be moved. */
  to: JournalPosition;
  /** See `WriteTask`. */
  pauseMs: number;
}

export function createClaim(): SharedArrayBuffer {
  return new SharedArrayBuffer(CLAIM_BYTES);
}

/**
 * In the thread: writes, and then whatever the process orders within `standByMs` of the last time. Null when the process has
 * taken the batch back; throws what a write throws.
 */
export function writeClaimed(
  claim: SharedArrayBuffer,
  standByMs: number,
  write: (order: WriteOrder | null) => WriteResult,
): WriteResult | null {
  const state = new Int32Array(claim, 0, 1);
  if (Atomics.compareExchange(state, 0, STATE.open, STATE.writing) !== STATE.open) return null;
  let result = writeOnce(claim, () => write(null));
  while (isOrderedMore(state, standByMs)) {
    const order = readOrder(claim);
    result = writeOnce(claim, () => write(order));
  }
  return result;
}

function writeOnce(claim: SharedArrayBuffer, write: () => WriteResult): WriteResult {
  const state = new Int32Array(claim, 0, 1);
  let outcome: number = STATE.failed;
  try {
    const result = write();
    const { rows, damaged, position, finished, size } = result;
    const numbers = [rows, damaged, position.sequence, position.offset, Number(finished), size];
    new Float64Array(claim, RESULT_AT, RESULT_NUMBERS).set(numbers);
    outcome = STATE.finished;
    return result;
  } finally {
    Atomics.store(state, 0, outcome);
    Atomics.notify(state, 0);
  }
}

function isOrderedMore(state: Int32Array, standByMs: number): boolean {
  if (standByMs > 0) Atomics.wait(state, 0, STATE.finished, standByMs);
  if (Atomics.compareExchange(state, 0, STATE.finished, STATE.ended) === STATE.finished) return false;
  return Atomics.compareExchange(state, 0, STATE.open, STATE.writing) === STATE.open;
}

/** In the process: gives a thread that stands by more to write. False when it does so no longer. */
export function orderMore(claim: SharedArrayBuffer, { to, pauseMs }: WriteOrder): boolean {
  const state = new Int32Array(claim, 0, 1);
  // Read by the thread only once the state says that it may.
  if (Atomics.load(state, 0) !== STATE.finished) return false;
  new Float64Array(claim, ORDER_AT, ORDER_NUMBERS).set([to.sequence, to.offset, pauseMs]);
  if (Atomics.compareExchange(state, 0, STATE.finished, STATE.open) !== STATE.finished) return false;
  Atomics.notify(state, 0);
  return true;
}

/** In the process: a thread that stands by need not any more. */
export function endClaim(claim: SharedArrayBuffer): void {
  const state = new Int32Array(claim, 0, 1);
  Atomics.compareExchange(state, 0, STATE.finished, STATE.ended);
  Atomics.notify(state, 0);
}

/** In the process: what the thread has written since it was last asked to; null while it has not finished. */
export function resultOf(claim: SharedArrayBuffer): WriteResult | null {
  const outcome = Atomics.load(new Int32Array(claim, 0, 1), 0);
  return outcome === STATE.finished || outcome === STATE.ended ? readResult(claim) : null;
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
  if (Atomics.compareExchange(state, 0, STATE.open, STATE.takenBack) === STATE.open) {
    Atomics.notify(state, 0);
    return "open";
  }
  Atomics.wait(state, 0, STATE.writing, waitMs);
  if (Atomics.load(state, 0) === STATE.writing) return "writing";
  return resultOf(claim) ?? "open";
}

function readOrder(claim: SharedArrayBuffer): WriteOrder {
  const [sequence = 0, offset = 0, pauseMs = 0] = new Float64Array(claim, ORDER_AT, ORDER_NUMBERS);
  return { to: { sequence, offset }, pauseMs };
}

function readResult(claim: SharedArrayBuffer): WriteResult {
  const numbers = new Float64Array(claim, RESULT_AT, RESULT_NUMBERS);
  const [rows = 0, damaged = 0, sequence = 0, offset = 0, finished = 0, size = 0] = numbers;
  return { rows, damaged, position: { sequence, offset }, finished: finished === 1, size };
}
