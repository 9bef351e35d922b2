import { createHash, randomBytes } from "node:crypto";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** What a browser brought, and how the page is answered that it brought it from. */
interface Brought {
  code: string;
  answer(status: number, text: string): Promise<void>;
}

const VERIFIER_BYTES = 32;

/** Waits on 127.0.0.1 for a browser of this machine that brings a code (RFC 8252 §7.3). Close it. */
export class LoopbackListener {
  /** RFC 7636 §4.1: without it, a code is of use to nobody. */
  readonly verifier = randomBytes(VERIFIER_BYTES).toString("base64url");
  readonly #server: Server;
  readonly #waiting: Brought[] = [];
  #arrived: () => void = () => {};

  static async open(): Promise<LoopbackListener> {
    const listener = new LoopbackListener();
    await new Promise<void>((resolve, reject) => {
      listener.#server.once("error", reject);
      listener.#server.listen(0, "127.0.0.1", resolve);
    });
    return listener;
  }

  private constructor() {
    this.#server = createServer((request, response) => {
      const { pathname, searchParams } = new URL(request.url ?? "/", "http://127.0.0.1");
      const code = searchParams.get("code");
      // Browsers ask for icons, and other programs for whatever they like.
      if (request.method !== "GET" || pathname !== "/" || code === null) {
        void answer(response, 404, "There is nothing here.");
        return;
      }
      this.#waiting.push({ code, answer: (status, text) => answer(response, status, text) });
      this.#arrived();
    });
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** RFC 7636 §4.2, S256. */
  get challenge(): string {
    return createHash("sha256").update(this.verifier).digest("base64url");
  }

  /** The next code. Rejects with the signal's reason. */
  async next(signal: AbortSignal): Promise<Brought> {
    for (;;) {
      const brought = this.#waiting.shift();
      if (brought !== undefined) return brought;
      signal.throwIfAborted();
      await new Promise<void>((resolve, reject) => {
        this.#arrived = resolve;
        signal.addEventListener("abort", () => reject(signal.reason), { once: true });
      });
    }
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

/** Resolves when the browser has it: the process may end then. */
function answer(response: ServerResponse, status: number, text: string): Promise<void> {
  response.writeHead(status, {
    "content-type": "text/plain; charset=utf-8",
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    connection: "close",
  });
  return new Promise((resolve) => {
    response.once("close", resolve);
    response.end(`${text}\n`);
  });
}
