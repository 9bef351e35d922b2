import cluster from "node:cluster";

const HEARTBEAT_INTERVAL_MS = 500;

/** A worker's end of the channel to the supervisor. Sending on a closed channel does nothing. */
export class WorkerChannel<Incoming extends { type: string }, Outgoing extends object> {
  #heartbeat: NodeJS.Timeout | null = null;
  #heartbeatUnderWay = false;

  get isOpen(): boolean {
    return process.connected;
  }

  /** Resolves once the message has been handed over, or can't be any more. */
  send(message: Outgoing): Promise<void> {
    return new Promise((resolve) => {
      if (!process.connected || process.send === undefined) resolve();
      else process.send(message, undefined, undefined, () => resolve());
    });
  }

  onMessage(handle: (message: Incoming) => void): void {
    process.on("message", (message: unknown) => {
      if (isMessage<Incoming>(message)) handle(message);
    });
  }

  /** `message` twice a second. When the supervisor does not read, nothing piles up. */
  startHeartbeats(message: Outgoing): void {
    const beat = () => {
      if (this.#heartbeatUnderWay) return;
      this.#heartbeatUnderWay = true;
      void this.send(message).then(() => {
        this.#heartbeatUnderWay = false;
      });
    };
    beat();
    this.#heartbeat = setInterval(beat, HEARTBEAT_INTERVAL_MS);
  }

  /** The supervisor has gone. Without `survive`, node:cluster ends the process right after `handle`. */
  onLost(survive: boolean, handle: () => void): void {
    cluster.worker?.once("disconnect", () => {
      if (this.#heartbeat !== null) clearInterval(this.#heartbeat);
      // Tells node:cluster that this end of the channel was expected: it exits otherwise.
      if (survive && cluster.worker !== undefined) cluster.worker.exitedAfterDisconnect = true;
      handle();
    });
  }
}

/** Only the supervisor writes to the channel, and it is of the same build. */
function isMessage<Incoming extends { type: string }>(value: unknown): value is Incoming {
  return typeof value === "object" && value !== null && "type" in value && typeof value.type === "string";
}
