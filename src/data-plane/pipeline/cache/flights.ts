import type { GatewayError } from "../../../contracts/errors.ts";

/** How long a call waits for another one's answer before it asks for its own, unless said otherwise. */
const WAIT_LIMIT_MS = 10_000;

/** What has become of the answer that others wait for. */
export type FlightOutcome<Answer> =
  | { kind: "answered"; answer: Answer }
  /** It is its caller's alone, or takes too long: each asks for its own. */
  | { kind: "alone" }
  /** Its caller has gone: somebody else has to ask. */
  | { kind: "left" }
  | { kind: "failed"; error: GatewayError };

type Waiter<Answer> = (outcome: FlightOutcome<Answer>) => void;

/** One answer under way, and the calls that wait for it. */
export class Flight<Answer> {
  readonly #waiters = new Set<Waiter<Answer>>();
  readonly #onOver: () => void;
  readonly #waitLimitMs: number;
  #timer: NodeJS.Timeout | null = null;
  #isOver = false;

  constructor(waitLimitMs: number, onOver: () => void) {
    this.#waitLimitMs = waitLimitMs;
    this.#onOver = onOver;
  }

  /** Gives what takes the waiter out again. */
  wait(waiter: Waiter<Answer>): () => void {
    this.#waiters.add(waiter);
    this.#timer ??= setTimeout(() => this.end({ kind: "alone" }), this.#waitLimitMs).unref();
    return () => void this.#waiters.delete(waiter);
  }

  end(outcome: FlightOutcome<Answer>): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#onOver();
    for (const waiter of this.#waiters) waiter(outcome);
    this.#waiters.clear();
  }
}

/** Errors that are about the call which met them, and not about the upstream. */
export function isOwnError(error: GatewayError): boolean {
  return error.source !== "upstream" || error.code === "upstream_total_timeout";
}

export class Flights<Answer> {
  readonly #byKey = new Map<string, Flight<Answer>>();

  get(key: string): Flight<Answer> | undefined {
    return this.#byKey.get(key);
  }

  begin(key: string, waitLimitMs = WAIT_LIMIT_MS): Flight<Answer> {
    const flight = new Flight<Answer>(waitLimitMs, () => {
      if (this.#byKey.get(key) === flight) this.#byKey.delete(key);
    });
    this.#byKey.set(key, flight);
    return flight;
  }
}
