import { TargetNumbers } from "./target-numbers.ts";

/**
 * What a worker knows of one upstream target of an ordinary service. Lives across snapshots. Active health comes from
 * the control process, passive health from the calls themselves.
 */
export class TargetState {
  readonly numbers: TargetNumbers;
  #inFlight = 0;
  #activelyUnhealthy = false;
  #failuresInRow = 0;
  #ejectedUntilMs = 0;

  constructor(numbers: TargetNumbers = TargetNumbers.alone()) {
    this.numbers = numbers;
  }

  /** Calls under way, the native side's included. */
  get inFlight(): number {
    return this.#inFlight + this.numbers.inFlight;
  }

  began(): void {
    this.#inFlight++;
  }

  ended(): void {
    this.#inFlight--;
  }

  get activelyUnhealthy(): boolean {
    return this.#activelyUnhealthy;
  }

  set activelyUnhealthy(unhealthy: boolean) {
    this.#activelyUnhealthy = unhealthy;
    this.#share();
  }

  /** Not ejected by passive checks. */
  isAdmitted(nowMs: number): boolean {
    return nowMs >= this.#ejectedUntilMs;
  }

  isHealthy(nowMs: number): boolean {
    return !this.activelyUnhealthy && this.isAdmitted(nowMs);
  }

  succeeded(): void {
    this.#failuresInRow = 0;
    this.#ejectedUntilMs = 0;
    this.#share();
  }

  /** Returns true when this failure ejected the target. */
  failed(nowMs: number, failures: number, ejectMs: number): boolean {
    // Good answers that the native side had meanwhile end a row of failures.
    if (this.numbers.takeSuccess()) this.#failuresInRow = 0;
    this.#failuresInRow++;
    if (this.#failuresInRow < failures) return false;
    this.#ejectedUntilMs = nowMs + ejectMs;
    this.#share();
    return true;
  }

  #share(): void {
    this.numbers.blocked = this.#activelyUnhealthy || this.#ejectedUntilMs !== 0;
  }
}
