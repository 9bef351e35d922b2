import { connect, type Socket } from "node:net";

/** Makes one call after the other on one connection, and notes how long each took. */
export class LatencyProbe {
  readonly #socket: Socket;
  readonly #request: string;
  readonly #latencies: number[] = [];
  #sentAt = 0;
  #received = "";
  #isStopped = false;
  #status = 0;
  #onAnswer: (() => void) | null = null;

  private constructor(socket: Socket, request: string) {
    this.#socket = socket;
    this.#request = request;
    socket.setNoDelay(true);
    socket.setEncoding("latin1");
    socket.on("data", (text: string) => this.#receive(text));
  }

  /** `status`: what every answer must have. */
  static async start(port: number, path: string, key: string, status = 200): Promise<LatencyProbe> {
    const socket = connect(port, "127.0.0.1");
    await new Promise<void>((resolve, reject) => {
      socket.once("connect", resolve);
      socket.once("error", reject);
    });
    const request = `GET ${path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer ${key}\r\n\r\n`;
    const probe = new LatencyProbe(socket, request);
    probe.#status = status;
    probe.#send();
    return probe;
  }

  /** Milliseconds of all calls since the last time. */
  take(): number[] {
    return this.#latencies.splice(0);
  }

  async stop(): Promise<void> {
    const last = new Promise<void>((resolve) => {
      this.#onAnswer = resolve;
    });
    this.#isStopped = true;
    await last;
    this.#socket.destroy();
  }

  #send(): void {
    this.#sentAt = performance.now();
    this.#socket.write(this.#request);
  }

  #receive(text: string): void {
    this.#received += text;
    const end = this.#received.indexOf("\r\n\r\n");
    if (end < 0) return;
    const length = Number(/\r\ncontent-length: (\d+)/i.exec(this.#received)?.[1] ?? 0);
    if (this.#received.length < end + 4 + length) return;
    this.#latencies.push(performance.now() - this.#sentAt);
    const status = Number(this.#received.slice(9, 12));
    if (status !== this.#status) throw new Error(`a call was answered with ${status}: ${this.#received.slice(end)}`);
    this.#received = "";
    if (this.#isStopped) this.#onAnswer?.();
    else this.#send();
  }
}
