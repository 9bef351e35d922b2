/**
 * What a worker knows of one upstream target of an ordinary service. Lives across snapshots. Active health comes from
 * the control process, passive health from the calls themselves.
 */
export class TargetState {
  inFlight = 0;
  activelyUnhealthy = false;
  #failuresInRow = 0;
  #ejectedUntilMs = 0;

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
  }

  /** Returns true when this failure ejected the target. */
  failed(nowMs: number, failures: number, ejectMs: number): boolean {
    this.#failuresInRow++;
    if (this.#failuresInRow < failures) return false;
    this.#ejectedUntilMs = nowMs + ejectMs;
    return true;
  }
}
