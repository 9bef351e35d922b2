import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface KeySetServer {
  url: string;
  /** Paths that were asked for. */
  asked: string[];
  /** What `/keys` answers with. */
  keys: object[];
  /** Answers in place of that, while it is set. */
  answer: ((request: IncomingMessage, response: ServerResponse) => void) | null;
  close(): Promise<void>;
}

/** A server with a JSON Web Key Set, on a free port of the loopback. */
export async function startKeySetServer(keys: object[]): Promise<KeySetServer> {
  const state: Pick<KeySetServer, "asked" | "keys" | "answer"> = { asked: [], keys, answer: null };
  const server = createServer((request, response) => {
    state.asked.push(request.url ?? "");
    if (state.answer !== null) {
      state.answer(request, response);
      return;
    }
    response.setHeader("content-type", "application/jwk-set+json");
    response.end(JSON.stringify({ keys: state.keys }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return Object.assign(state, {
    url: `http://127.0.0.1:${port}/keys`,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  });
}
