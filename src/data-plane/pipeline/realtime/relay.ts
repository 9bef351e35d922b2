import { MAX_MESSAGE_BYTES, type WebSocketPeer } from "../../../contracts/web-socket.ts";

/** Held of one side until the other is read again. */
const MAX_BUFFERED_BYTES = 1024 * 1024;
/** Held of one that can't be paused, beside a message that is as long as can be: what is more ends the session. */
const MOST_BUFFERED_BYTES = MAX_MESSAGE_BYTES + 8 * MAX_BUFFERED_BYTES;
/** RFC 6455 §7.4.1. */
const POLICY_VIOLATION = 1008;
/** A peer that is gone without a word is found out by what it does not answer. */
const PING_MS = 30_000;
/** RFC 6455 §7.4.1: these stand for what a close frame did not say, and may not be sent. */
const NEVER_SENT = new Set([1004, 1005, 1006, 1015]);

export interface RelayObserver {
  /** A message on its way to the provider, or to the caller. `text` null: it is binary. */
  onMessage(from: "caller" | "provider", bytes: number, text: Buffer | null): void;
  /** Once. `code` as of RFC 6455 §7.4; 1006: the connection was lost. */
  onClosed(by: "caller" | "provider", code: number): void;
}

/** Two WebSockets of which each gets what the other sends. Whoever is slow slows the other. */
export class Relay {
  readonly #caller: WebSocketPeer;
  readonly #provider: WebSocketPeer;
  readonly #observer: RelayObserver;
  readonly #pings: NodeJS.Timeout;
  #isCallerAlive = true;
  #isProviderAlive = true;
  #isOver = false;

  constructor(caller: WebSocketPeer, provider: WebSocketPeer, observer: RelayObserver, pingMs = PING_MS) {
    this.#caller = caller;
    this.#provider = provider;
    this.#observer = observer;
    this.#connect("caller", caller, provider);
    this.#connect("provider", provider, caller);
    caller.on("pong", () => {
      this.#isCallerAlive = true;
    });
    provider.on("pong", () => {
      this.#isProviderAlive = true;
    });
    this.#pings = setInterval(() => this.#ping(), pingMs);
    this.#pings.unref();
  }

  /** The caller has begun to close, or is gone. */
  get isClosing(): boolean {
    return this.#caller.readyState !== this.#caller.OPEN;
  }

  close(code: number, reason: string): void {
    closeWith(this.#caller, code, reason);
    closeWith(this.#provider, code, reason);
    this.#end();
  }

  #connect(name: "caller" | "provider", from: WebSocketPeer, to: WebSocketPeer): void {
    from.on("message", (bytes, isBinary) => {
      if (this.#isOver) return;
      this.#observer.onMessage(name, bytes.length, isBinary ? null : bytes);
      if (to.readyState !== to.OPEN) return;
      to.send(bytes, { binary: isBinary }, () => {
        if (from.isPaused && to.bufferedAmount < MAX_BUFFERED_BYTES) from.resume();
      });
      if (to.bufferedAmount >= MAX_BUFFERED_BYTES) from.pause();
      if (to.bufferedAmount > MOST_BUFFERED_BYTES) {
        const tooFast = `more is sent than the ${name === "caller" ? "provider" : "caller"} takes`;
        from.close(POLICY_VIOLATION, tooFast);
      }
    });
    // What is wrong is told by the close that follows.
    from.on("error", () => {});
    from.on("close", (code, reason) => {
      const isFirst = !this.#isOver;
      // Before the other one is closed, which may come back here at once.
      this.#end();
      closeWith(to, code, reason.toString());
      if (isFirst) this.#observer.onClosed(name, code);
    });
  }

  /** The close that follows tells the observer. */
  #ping(): void {
    if (!this.#isCallerAlive) this.#caller.terminate();
    else if (!this.#isProviderAlive) this.#provider.terminate();
    if (!this.#isCallerAlive || !this.#isProviderAlive) return;
    this.#isCallerAlive = this.#isProviderAlive = false;
    this.#caller.ping();
    this.#provider.ping();
  }

  #end(): void {
    this.#isOver = true;
    clearInterval(this.#pings);
  }
}

function closeWith(socket: WebSocketPeer, code: number, reason: string): void {
  // What it still sends is dropped; its own close comes after that.
  if (socket.isPaused) socket.resume();
  if (socket.readyState === socket.CONNECTING) socket.terminate();
  else if (code === 1005) socket.close();
  else if (NEVER_SENT.has(code)) socket.close(1011, "the other side was lost");
  else socket.close(code, reason);
}
