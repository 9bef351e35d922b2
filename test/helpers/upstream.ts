import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { type AddressInfo, createServer as createNetServer, type Server as NetServer, type Socket } from "node:net";

export interface SeenRequest {
  method: string;
  url: string;
  /** Names as sent, and values decoded as UTF-8, alternating. */
  rawHeaders: string[];
  headers: IncomingMessage["headers"];
  body: Buffer;
  /** Local port of the caller's connection: tells connections apart. */
  connection: number;
}

export interface TestUpstream {
  url: string;
  host: string;
  port: number;
  /** Requests whose body has come in whole, in that order (unless the handler takes the body itself). */
  requests: SeenRequest[];
  /** Connections open now. */
  sockets: Set<Socket>;
  server: Server | NetServer;
  close(): Promise<void>;
}

export type UpstreamHandler = (request: SeenRequest, response: ServerResponse, message: IncomingMessage) => void;

const answerOk: UpstreamHandler = (request, response) => {
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify({ method: request.method, url: request.url, body: request.body.toString() }));
};

/** A real HTTP server on a free port of the loopback that notes what it is asked. */
export function startUpstream(handler: UpstreamHandler = answerOk): Promise<TestUpstream> {
  const requests: SeenRequest[] = [];
  const server = createServer((message, response) => {
    const chunks: Buffer[] = [];
    message.on("data", (chunk: Buffer) => chunks.push(chunk));
    message.on("end", () => {
      const seen = seenOf(message, Buffer.concat(chunks));
      requests.push(seen);
      handler(seen, response, message);
    });
    message.on("error", () => {});
    response.on("error", () => {});
  });
  return opened(server, requests);
}

/** As `startUpstream`, but the handler reads the body (or leaves it). */
export function startUnreadUpstream(handler: UpstreamHandler): Promise<TestUpstream> {
  const requests: SeenRequest[] = [];
  const server = createServer((message, response) => {
    const seen = seenOf(message, Buffer.alloc(0));
    requests.push(seen);
    message.on("error", () => {});
    response.on("error", () => {});
    handler(seen, response, message);
  });
  return opened(server, requests);
}

/** A server that speaks whatever `onConnection` writes. */
export function startRawUpstream(onConnection: (socket: Socket) => void): Promise<TestUpstream> {
  const server = createNetServer({ allowHalfOpen: true }, (socket) => {
    socket.on("error", () => {});
    onConnection(socket);
  });
  return opened(server, []);
}

/** Answers each request (without a body) on a connection with these bytes; `then` is done after it. */
export function startCannedUpstream(
  bytes: string | Buffer | (() => string | Buffer),
  then?: (socket: Socket) => void,
): Promise<TestUpstream> {
  return startRawUpstream((socket) => {
    let seen = "";
    socket.on("data", (chunk) => {
      seen += chunk.toString("latin1");
      if (!seen.includes("\r\n\r\n")) return;
      seen = "";
      socket.write(typeof bytes === "function" ? bytes() : bytes, () => then?.(socket));
    });
  });
}

function seenOf(message: IncomingMessage, body: Buffer): SeenRequest {
  return {
    method: message.method ?? "",
    url: message.url ?? "",
    rawHeaders: message.rawHeaders.map((text) => Buffer.from(text, "latin1").toString("utf8")),
    headers: message.headers,
    body,
    connection: message.socket.remotePort ?? 0,
  };
}

async function opened(server: Server | NetServer, requests: SeenRequest[]): Promise<TestUpstream> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    host: `127.0.0.1:${port}`,
    port,
    requests,
    sockets,
    server,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

/** The values of a header in the order of arrival. */
export function headerValues(request: SeenRequest | undefined, name: string): string[] {
  const values: string[] = [];
  const raw = request?.rawHeaders ?? [];
  for (let i = 0; i < raw.length; i += 2) if (raw[i]?.toLowerCase() === name) values.push(raw[i + 1] ?? "");
  return values;
}
