import { connect, type Socket } from "node:net";
import { type ConnectionOptions, connect as connectTls } from "node:tls";
import { waitFor } from "./wait-for.ts";

/** One response as it came over the wire. */
export interface RawResponse {
  status: number;
  /** Names as sent, in order. */
  headers: [name: string, value: string][];
  /** Without the framing of chunks. */
  body: Buffer;
  /** False when the connection ended before the end that was announced. */
  complete: boolean;
  header(name: string): string | undefined;
  values(name: string): string[];
}

const POURING_BYTES = 2 ** 20;
const SILENCE_MS = 20;
/** To look at a large answer again: not before this many times what the last look took. */
const LOOKS_APART = 4;

/** A connection on which a test writes bytes and reads bytes, with nothing in between. */
export class RawConnection {
  readonly socket: Socket;
  #received: Buffer = Buffer.alloc(0);
  #chunks: Buffer[] = [];
  #chunkBytes = 0;
  #lookedMs = 0;
  /** Ended or reset by the other side, or closed by us. */
  closed = false;
  /** When bytes came last, `performance.now()`. */
  lastDataAt = 0;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on("data", (chunk) => {
      this.#chunks.push(chunk);
      this.#chunkBytes += chunk.length;
      this.lastDataAt = performance.now();
    });
    socket.on("end", () => {
      this.closed = true;
    });
    socket.on("close", () => {
      this.closed = true;
    });
    // A reset is one of the ways a connection closes; tests look at `closed`.
    socket.on("error", () => {});
  }

  static open(port: number, host = "127.0.0.1"): Promise<RawConnection> {
    const socket = connect(port, host);
    const connection = new RawConnection(socket);
    return new Promise((resolve, reject) => {
      socket.once("connect", () => resolve(connection));
      socket.once("error", reject);
    });
  }

  static openTls(port: number, options: ConnectionOptions): Promise<RawConnection> {
    const socket = connectTls({ ...options, port, host: "127.0.0.1" });
    const connection = new RawConnection(socket);
    return new Promise((resolve, reject) => {
      socket.once("secureConnect", () => resolve(connection));
      socket.once("error", reject);
    });
  }

  get received(): Buffer {
    if (this.#chunks.length > 0) {
      this.#received = Buffer.concat([this.#received, ...this.#chunks]);
      this.#chunks = [];
      this.#chunkBytes = 0;
    }
    return this.#received;
  }

  /** More of a large answer is coming in: to look at all of it for every piece would take longer than the answer. */
  get #pours(): boolean {
    const isLarge = this.#received.length + this.#chunkBytes > POURING_BYTES;
    const silenceMs = Math.max(SILENCE_MS, this.#lookedMs * LOOKS_APART);
    return isLarge && !this.closed && performance.now() - this.lastDataAt < silenceMs;
  }

  write(bytes: string | Buffer): void {
    if (!this.socket.destroyed) this.socket.write(typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes);
  }

  /** One byte per write; the other side, which lives in this process, reads in between. */
  async writeByteByByte(bytes: string): Promise<void> {
    for (const byte of Buffer.from(bytes, "latin1")) {
      if (this.closed || this.socket.destroyed) return;
      this.socket.write(Buffer.of(byte));
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** The next response, or what there is of it when the connection closes. */
  async response(options: { head?: boolean; timeoutMs?: number } = {}): Promise<RawResponse> {
    const taken = await waitFor(
      () => {
        if (this.#pours) return null;
        const startedAt = performance.now();
        const parsed = parseResponse(this.received, options.head ?? false, this.closed);
        this.#lookedMs = performance.now() - startedAt;
        if (parsed === null && this.closed) throw new Error("the connection closed without an answer");
        return parsed;
      },
      "a response",
      options.timeoutMs,
    );
    this.#received = this.received.subarray(taken.length);
    return taken.response;
  }

  whenClosed(timeoutMs?: number): Promise<true> {
    return waitFor(() => this.closed, "the connection to close", timeoutMs) as Promise<true>;
  }

  close(): void {
    this.closed = true;
    this.socket.destroy();
  }
}

/** Sends one request on a connection of its own and reads the answer. */
export async function rawRequest(port: number, bytes: string | Buffer, head = false): Promise<RawResponse> {
  const connection = await RawConnection.open(port);
  try {
    connection.write(bytes);
    return await connection.response({ head });
  } finally {
    connection.close();
  }
}

interface Parsed {
  response: RawResponse;
  length: number;
}

function parseResponse(bytes: Buffer, head: boolean, closed: boolean): Parsed | null {
  const headEnd = bytes.indexOf("\r\n\r\n");
  if (headEnd < 0) return null;
  const [statusLine = "", ...lines] = bytes.subarray(0, headEnd).toString("utf8").split("\r\n");
  const status = Number(statusLine.split(" ")[1]);
  const headers = lines.map((line): [string, string] => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon), line.slice(colon + 1).trim()];
  });
  const values = (name: string) =>
    headers.filter(([other]) => other.toLowerCase() === name.toLowerCase()).map(([, value]) => value);
  const found = (body: Buffer, complete: boolean, length: number): Parsed => ({
    response: { status, headers, body, complete, values, header: (name) => values(name)[0] },
    length,
  });
  const bodyStart = headEnd + 4;
  const rest = bytes.subarray(bodyStart);
  if (head || status === 204 || status === 304 || status < 200) return found(Buffer.alloc(0), true, bodyStart);
  if (values("transfer-encoding").includes("chunked")) {
    const chunks = parseChunks(rest);
    if (chunks.complete) return found(chunks.body, true, bodyStart + chunks.length);
    return closed ? found(chunks.body, false, bytes.length) : null;
  }
  const length = values("content-length")[0];
  if (length === undefined) return closed ? found(rest, true, bytes.length) : null;
  if (rest.length >= Number(length)) {
    return found(rest.subarray(0, Number(length)), true, bodyStart + Number(length));
  }
  return closed ? found(rest, false, bytes.length) : null;
}

function parseChunks(bytes: Buffer): { body: Buffer; complete: boolean; length: number } {
  const pieces: Buffer[] = [];
  let at = 0;
  for (;;) {
    const lineEnd = bytes.indexOf("\r\n", at);
    if (lineEnd < 0) break;
    const size = Number.parseInt(bytes.subarray(at, lineEnd).toString(), 16);
    if (size === 0) {
      const end = bytes.indexOf("\r\n", lineEnd + 2);
      if (end !== lineEnd + 2) break;
      return { body: Buffer.concat(pieces), complete: true, length: end + 2 };
    }
    const chunk = bytes.subarray(lineEnd + 2, lineEnd + 2 + size);
    pieces.push(chunk);
    if (chunk.length < size) break;
    at = lineEnd + 2 + size + 2;
  }
  return { body: Buffer.concat(pieces), complete: false, length: bytes.length };
}
