import { GatewayError } from "../../../contracts/errors.ts";
import type { ModelTimeoutsSnapshot } from "../../../contracts/snapshot.ts";

/**
 * Watches over an attempt's tokens and its whole time; transports look after connections and bytes. Tokens are those of a
 * stream: of a whole answer there is nothing to be seen before its end.
 */
export class AttemptClock {
  readonly #timeouts: ModelTimeoutsSnapshot;
  readonly #onExpired: (error: GatewayError) => void;
  #total: NodeJS.Timeout | null = null;
  /** Until the next token. */
  #token: NodeJS.Timeout | null = null;
  #hasBegun = false;

  constructor(timeouts: ModelTimeoutsSnapshot, onExpired: (error: GatewayError) => void) {
    this.#timeouts = timeouts;
    this.#onExpired = onExpired;
  }

  start(isStream: boolean): void {
    const { firstTokenMs, totalMs } = this.#timeouts;
    if (totalMs > 0) {
      this.#total = this.#expireIn(
        totalMs,
        "upstream_attempt_timeout",
        "the provider did not finish its answer in time",
      );
    }
    if (isStream && firstTokenMs > 0) {
      this.#token = this.#expireIn(
        firstTokenMs,
        "upstream_first_token_timeout",
        "the provider did not send the first token in time",
      );
    }
  }

  /** A token has come. */
  token(): void {
    if (this.#hasBegun) {
      this.#token?.refresh();
      return;
    }
    this.#hasBegun = true;
    this.resume();
  }

  /** The caller is slow to take what it was given, which is not the provider's fault. */
  pause(): void {
    if (this.#token !== null) clearTimeout(this.#token);
    this.#token = null;
  }

  resume(): void {
    this.pause();
    const { betweenTokensMs } = this.#timeouts;
    if (!this.#hasBegun || betweenTokensMs === 0) return;
    this.#token = this.#expireIn(
      betweenTokensMs,
      "upstream_idle_timeout",
      "the provider stopped sending tokens in the middle of its answer",
    );
  }

  stop(): void {
    this.pause();
    if (this.#total !== null) clearTimeout(this.#total);
    this.#total = null;
  }

  #expireIn(
    ms: number,
    code: "upstream_attempt_timeout" | "upstream_first_token_timeout" | "upstream_idle_timeout",
    message: string,
  ): NodeJS.Timeout {
    return setTimeout(() => this.#onExpired(new GatewayError(code, message)), ms);
  }
}
