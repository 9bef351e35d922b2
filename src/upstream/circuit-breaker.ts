import type { CircuitBreakerSnapshot } from "../contracts/snapshot.ts";
import { TargetNumbers } from "./target-numbers.ts";

export type CircuitState = "closed" | "open" | "half-open";

/**
 * Closed: calls pass. Open: none does, after a number of failures in a row or when the target said to wait.
 * Half-open: one probe passes; its outcome closes or opens the circuit again. Lives across snapshots.
 */
export class CircuitBreaker {
  #failuresInRow = 0;
  #openUntilMs = 0;
  #probing = false;
  readonly #numbers: TargetNumbers;

  constructor(numbers: TargetNumbers = TargetNumbers.alone()) {
    this.#numbers = numbers;
  }

  state(nowMs: number): CircuitState {
    if (this.#openUntilMs === 0) return "closed";
    return nowMs < this.#openUntilMs ? "open" : "half-open";
  }

  /** Whether `acquire` would let a call pass. */
  permits(nowMs: number): boolean {
    const state = this.state(nowMs);
    return state === "closed" || (state === "half-open" && !this.#probing);
  }

  /** Takes the right to make a call; a half-open circuit gives one. Follow with succeeded, failed or released. */
  acquire(nowMs: number): boolean {
    if (!this.permits(nowMs)) return false;
    if (this.state(nowMs) === "half-open") this.#probing = true;
    return true;
  }

  /** The call ended without telling anything of the target, e.g. its caller left. */
  released(): void {
    this.#probing = false;
    this.#share();
  }

  succeeded(): void {
    this.#failuresInRow = 0;
    this.#openUntilMs = 0;
    this.#probing = false;
    this.#share();
  }

  failed(nowMs: number, settings: CircuitBreakerSnapshot): void {
    // Good answers that the native side had meanwhile end a row of failures.
    if (this.#numbers.takeSuccess()) this.#failuresInRow = 0;
    const wasProbe = this.#probing;
    this.#probing = false;
    this.#failuresInRow++;
    if (settings.failures === 0) return;
    if (wasProbe || this.#failuresInRow >= settings.failures) this.#openUntilMs = nowMs + settings.openMs;
    this.#share();
  }

  /** The target asked for quiet (`retry-after`). */
  holdOff(untilMs: number): void {
    if (untilMs > this.#openUntilMs) this.#openUntilMs = untilMs;
    this.#probing = false;
    this.#share();
  }

  /** Only what is closed needs no decision. */
  #share(): void {
    this.#numbers.blocked = this.#openUntilMs !== 0;
  }

  /** Unix time at which a probe may pass; 0 when closed. */
  get openUntilMs(): number {
    return this.#openUntilMs;
  }
}
