/** A body under way whose client, or whose upstream, may be silent for a while. */
export interface Transfer {
  /** How long its client may be silent. 0: for ever. */
  readonly idleTimeoutMs: number;
  /** Keeps the engine from cutting the connection for another ten seconds. */
  keepOpen(): void;
}

const CHECK_MS = 4000;

/**
 * uWebSockets.js cuts a connection on which a body makes little progress for ten seconds, also when it is us who have
 * paused it (measured: 12 s). The timer can't be set, but pausing and resuming starts it anew: done here for all bodies
 * under way, until the client's own time is up. The engine does the cutting then.
 */
export class OpenTransfers {
  /** By the number of the check that followed its last progress; -1: it waits for us, not for its client. */
  readonly #transfers = new Map<Transfer, number>();
  #checks = 0;
  #timer: NodeJS.Timeout | null = null;

  /** The client has moved, or is expected to from now on. */
  progressed(transfer: Transfer): void {
    this.#transfers.set(transfer, this.#checks);
    this.#start();
  }

  /** The client is kept waiting by us. */
  held(transfer: Transfer): void {
    this.#transfers.set(transfer, -1);
    this.#start();
  }

  over(transfer: Transfer): void {
    if (this.#transfers.size > 0) this.#transfers.delete(transfer);
  }

  #start(): void {
    if (this.#timer !== null) return;
    this.#timer = setInterval(() => this.#check(), CHECK_MS);
    this.#timer.unref();
  }

  #check(): void {
    if (this.#transfers.size === 0 && this.#timer !== null) {
      clearInterval(this.#timer);
      this.#timer = null;
      return;
    }
    for (const [transfer, since] of this.#transfers) {
      const { idleTimeoutMs } = transfer;
      const silentMs = (this.#checks - since) * CHECK_MS;
      if (since < 0 || idleTimeoutMs === 0 || silentMs < idleTimeoutMs) transfer.keepOpen();
    }
    this.#checks++;
  }
}
