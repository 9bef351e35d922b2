import type { WebSocket, WebSocketBehavior } from "uWebSockets.js";
import { EventEmitter } from "node:events";
import { MAX_MESSAGE_BYTES, type WebSocketPeer } from "../../../../contracts/web-socket.ts";

/** What a WebSocket has to go by until it is open. */
export interface UpgradeData {
  onOpen: (socket: UwsWebSocket) => void;
  socket: UwsWebSocket | null;
}

/** Never reached: whoever sends looks at `bufferedAmount`, and stops far below. A message beyond it would be dropped. */
const MAX_BACKPRESSURE_BYTES = 2 * MAX_MESSAGE_BYTES + 1024 * 1024;
const DROPPED = 2;
const NOTHING = Buffer.alloc(0);
/** RFC 6455 §7.4.1: there was no close frame. */
const LOST = 1006;
const CLOSED = 3;

/** A caller's WebSocket, spoken by uWebSockets.js. It can't be paused: whoever takes its messages has to bear what comes. */
export class UwsWebSocket extends EventEmitter implements WebSocketPeer {
  readonly CONNECTING = 0;
  readonly OPEN = 1;
  isPaused = false;
  /** Null once it is closed: it must not be touched then. */
  #socket: WebSocket<UpgradeData> | null;
  #waiting: (() => void)[] = [];

  constructor(socket: WebSocket<UpgradeData>) {
    super();
    this.#socket = socket;
  }

  get readyState(): number {
    return this.#socket === null ? CLOSED : this.OPEN;
  }

  get bufferedAmount(): number {
    return this.#socket?.getBufferedAmount() ?? 0;
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
  }

  send(data: Buffer, { binary }: { binary: boolean }, onSent: () => void): void {
    const socket = this.#socket;
    if (socket === null) return;
    if (socket.send(data, binary) === DROPPED) {
      this.terminate();
      return;
    }
    this.#waiting.push(onSent);
    if (socket.getBufferedAmount() === 0) setImmediate(() => this.drained());
  }

  /** There is room again. */
  drained(): void {
    if (this.#socket === null) return;
    const waiting = this.#waiting;
    // Whoever was not content with the room that there is asks again.
    this.#waiting = this.#socket.getBufferedAmount() === 0 ? [] : waiting.slice(-1);
    for (const onSent of waiting) onSent();
  }

  ping(): void {
    this.#socket?.ping("");
  }

  close(code?: number, reason?: string): void {
    this.#socket?.end(code ?? 0, reason ?? "");
  }

  terminate(): void {
    this.#socket?.close();
  }

  closed(code: number, reason: Buffer): void {
    this.#socket = null;
    this.#waiting = [];
    this.emit("close", code, reason);
  }
}

/** `upgrade`: what becomes of a request that asks for a WebSocket. `onOver`: one that was open is closed. */
export function webSocketBehavior(
  upgrade: NonNullable<WebSocketBehavior<UpgradeData>["upgrade"]>,
  onOver: () => void,
): WebSocketBehavior<UpgradeData> {
  const of = (socket: WebSocket<UpgradeData>): UwsWebSocket | null => socket.getUserData().socket;
  return {
    upgrade,
    maxPayloadLength: MAX_MESSAGE_BYTES,
    maxBackpressure: MAX_BACKPRESSURE_BYTES,
    // Pings are sent by whoever has the socket.
    idleTimeout: 0,
    sendPingsAutomatically: false,
    open: (socket) => {
      const data = socket.getUserData();
      data.socket = new UwsWebSocket(socket);
      data.onOpen(data.socket);
    },
    // uWebSockets.js takes the memory back when these return.
    message: (socket, message, isBinary) => {
      of(socket)?.emit("message", Buffer.from(new Uint8Array(message)), isBinary);
    },
    drain: (socket) => of(socket)?.drained(),
    pong: (socket) => {
      of(socket)?.emit("pong");
    },
    close: (socket, code, reason) => {
      onOver();
      of(socket)?.closed(code || LOST, copyOf(reason));
    },
  };
}

function copyOf(bytes: ArrayBuffer): Buffer {
  return bytes.byteLength === 0 ? NOTHING : Buffer.from(new Uint8Array(bytes));
}
