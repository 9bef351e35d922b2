import { createServer, type IncomingMessage, request, type Server } from "node:http";
import { type AddressInfo, connect, createServer as createRawServer, type Server as RawServer } from "node:net";

type Fields = [name: string, value: string][];

/** What Node's parser makes of a request. */
export interface NodeRequest {
  verdict: "complete" | "refused" | "incomplete";
  method?: string;
  target?: string;
  http10?: boolean;
  fields?: Fields;
  /** Of a chunked body that ended. */
  body?: string;
}

/** What Node's parser makes of a response. */
export interface NodeResponse {
  verdict: "complete" | "refused";
  status?: number;
  reason?: string;
  http10?: boolean;
  fields?: Fields;
}

export interface NodePeer<Result> {
  read(bytes: Buffer): Promise<Result>;
  close(): Promise<void>;
}

function listen(server: Server | RawServer): Promise<number> {
  return new Promise((listening) => {
    server.listen(0, "127.0.0.1", () => listening((server.address() as AddressInfo).port));
  });
}

function closing(server: Server | RawServer): Promise<void> {
  return new Promise((closed) => {
    server.close(() => closed());
  });
}

function fieldsOf(rawHeaders: readonly string[]): Fields {
  const fields: Fields = [];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    fields.push([(rawHeaders[i] as string).toLowerCase(), rawHeaders[i + 1] as string]);
  }
  return fields;
}

/**
 * Sends bytes to a Node server and then half-closes, so that a request that is not complete ends as such instead of being
 * waited for. `bodies`: a request counts as complete when its body is. One at a time.
 */
export async function nodeServer(bodies: boolean): Promise<NodePeer<NodeRequest>> {
  let first: NodeRequest | undefined;
  let incoming: IncomingMessage | undefined;
  const server = createServer({ insecureHTTPParser: false, maxHeaderSize: 64 * 1024 }, (message, response) => {
    if (incoming !== undefined) return;
    incoming = message;
    const head: NodeRequest = {
      ...{ verdict: "complete", method: message.method ?? "", target: message.url ?? "" },
      ...{ http10: message.httpVersion === "1.0", fields: fieldsOf(message.rawHeaders) },
    };
    message.on("error", () => {});
    if (!bodies) {
      first = head;
      response.destroy();
      return;
    }
    let body = "";
    message.setEncoding("latin1");
    message.on("data", (text: string) => {
      body += text;
    });
    message.on("end", () => {
      first = { ...head, body };
      response.destroy();
    });
  });
  server.on("clientError", (error: NodeJS.ErrnoException, socket) => {
    // Of bytes behind a body that is complete nothing matters here: what it held is on its way.
    if (incoming?.complete === true) return;
    first ??= { verdict: error.code === "HPE_INVALID_EOF_STATE" ? "incomplete" : "refused" };
    socket.destroy();
  });
  const port = await listen(server);
  return {
    read: (bytes) =>
      new Promise((done) => {
        first = incoming = undefined;
        const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true }, () => socket.end(bytes));
        socket.on("error", () => {});
        socket.on("end", () => socket.destroy());
        // Closed without either: Node answered by itself, as it does where Host is missing.
        socket.on("close", () => done(first ?? { verdict: incoming === undefined ? "refused" : "incomplete" }));
        socket.resume();
      }),
    close: () => closing(server),
  };
}

/** Answers a request of a Node client with the bytes, then ends. */
export async function nodeClient(): Promise<NodePeer<NodeResponse>> {
  let answer = Buffer.alloc(0);
  const server = createRawServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", () => socket.end(answer));
  });
  const port = await listen(server);
  return {
    read: (bytes) =>
      new Promise((done) => {
        answer = Buffer.from(bytes);
        const outgoing = request({ port, host: "127.0.0.1", agent: false, insecureHTTPParser: false });
        const finish = (response: NodeResponse) => {
          done(response);
          outgoing.destroy();
        };
        outgoing.on("error", () => finish({ verdict: "refused" }));
        outgoing.on("information", (head) =>
          finish({
            ...{ verdict: "complete", status: head.statusCode, reason: head.statusMessage },
            ...{ http10: head.httpVersion === "1.0", fields: fieldsOf(head.rawHeaders) },
          }),
        );
        const onHead = (head: IncomingMessage) => {
          head.on("error", () => {});
          finish({
            ...{ verdict: "complete", status: head.statusCode ?? 0, reason: head.statusMessage ?? "" },
            ...{ http10: head.httpVersion === "1.0", fields: fieldsOf(head.rawHeaders) },
          });
        };
        outgoing.on("response", onHead);
        outgoing.on("upgrade", onHead);
        outgoing.end();
      }),
    close: () => closing(server),
  };
}
