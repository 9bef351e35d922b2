import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import {
  type EventStore,
  type JSONRPCMessage,
  McpServer,
  StreamableHTTPServerTransport,
} from "../sdk-clients/index.ts";

export interface SeenMcpRequest {
  method: string;
  url: string;
  headers: IncomingMessage["headers"];
  /** Of the message; null: there is none, or it is an answer. */
  rpcMethod: string | null;
}

export interface TestMcpServer {
  /** Of the endpoint. */
  url: string;
  port: number;
  requests: SeenMcpRequest[];
  /** Open sessions, by the server's own ids. */
  sessions: Map<string, McpServer>;
  /** Cuts the connection of every stream of this HTTP method. */
  cut(method: "GET" | "POST"): void;
  /** As if its process had died. */
  close(): Promise<void>;
}

export interface McpServerOptions {
  /** What tool `where` says. */
  name?: string;
  /** Without sessions. */
  isStateless?: boolean;
  /** Answers as `application/json`. */
  json?: boolean;
  /** Keeps what it has sent, for `Last-Event-ID`. */
  isResumable?: boolean;
  port?: number;
}

/** A real MCP server, made with the official SDK, on a free port of the loopback. */
export async function startMcpServer(options: McpServerOptions = {}): Promise<TestMcpServer> {
  const transports = new Map<string, StreamableHTTPServerTransport>();
  const sessions = new Map<string, McpServer>();
  const requests: SeenMcpRequest[] = [];
  const open = new Map<ServerResponse, string>();
  const store = options.isResumable === true ? keptEvents() : null;

  const connected = async (): Promise<StreamableHTTPServerTransport> => {
    const server = toolServer(options.name ?? "one");
    const transport = new StreamableHTTPServerTransport({
      ...(options.isStateless === true ? {} : { sessionIdGenerator: randomUUID }),
      enableJsonResponse: options.json === true,
      ...(store === null ? {} : { eventStore: store, retryInterval: 10 }),
      onsessioninitialized: (id) => {
        transports.set(id, transport);
        sessions.set(id, server);
      },
      onsessionclosed: (id) => {
        transports.delete(id);
        sessions.delete(id);
      },
    } as ConstructorParameters<typeof StreamableHTTPServerTransport>[0]);
    await server.connect(transport as Parameters<McpServer["connect"]>[0]);
    return transport;
  };

  const server = createServer((request, response) => {
    open.set(response, request.method ?? "");
    response.on("close", () => open.delete(response));
    handle(request, response).catch(() => response.destroy());
  });
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await readJson(request);
    const { method = "", url = "", headers } = request;
    const rpcMethod = (body as { method?: string } | undefined)?.method ?? null;
    requests.push({ method, url, headers, rpcMethod });
    const session = headers["mcp-session-id"];
    const known = typeof session === "string" ? transports.get(session) : undefined;
    if (known === undefined && session !== undefined) {
      response.writeHead(404, { "content-type": "application/json" });
      response.end(JSON.stringify({ jsonrpc: "2.0", id: null, error: { code: -32001, message: "Session not found" } }));
      return;
    }
    const transport = known ?? (await connected());
    await transport.handleRequest(request, response, body);
  };
  await new Promise<void>((resolve) => server.listen(options.port ?? 0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/mcp`,
    port,
    requests,
    sessions,
    cut(method) {
      for (const [response, of] of open) if (of === method) response.destroy();
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await Promise.all([...sessions.values()].map((one) => one.close()));
    },
  };
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString();
  return text === "" ? undefined : JSON.parse(text);
}

/** Tools, a prompt and a resource to be called. */
function toolServer(name: string): McpServer {
  const server = new McpServer({ name, version: "1.0.0" }, { capabilities: { logging: {} } });
  const says = (text: string) => ({ content: [{ type: "text" as const, text }] });
  server.registerTool("where", { description: "Which replica answers" }, () => says(name));
  server.registerTool("delete_all", { description: "Deletes" }, () => says("deleted"));
  server.registerTool("get_time", { description: "A time" }, () => says("noon"));
  server.registerTool("count", { description: "Counts to three, and tells how far it is" }, async (extra) => {
    const progressToken = extra._meta?.progressToken;
    for (let progress = 1; progress <= 3; progress++) {
      if (progressToken === undefined) break;
      await extra.sendNotification({ method: "notifications/progress", params: { progressToken, progress, total: 3 } });
    }
    return says("three");
  });
  server.registerTool("never", { description: "Does not answer" }, async (extra) => {
    const progressToken = extra._meta?.progressToken;
    if (progressToken !== undefined) {
      await extra.sendNotification({ method: "notifications/progress", params: { progressToken, progress: 1 } });
    }
    return new Promise(() => {});
  });
  server.registerPrompt("greet", { description: "A greeting" }, () => ({
    messages: [{ role: "user", content: { type: "text", text: "Hello" } }],
  }));
  server.registerResource("note", "note://hello", {}, (uri) => ({ contents: [{ uri: uri.href, text: "a note" }] }));
  return server;
}

function keptEvents(): EventStore {
  const events: { id: string; stream: string; message: JSONRPCMessage }[] = [];
  return {
    storeEvent(stream, message) {
      const id = `${stream}_${events.length}`;
      events.push({ id, stream, message });
      return Promise.resolve(id);
    },
    getStreamIdForEventId: (id) => Promise.resolve(events.find((event) => event.id === id)?.stream),
    async replayEventsAfter(last, { send }) {
      const at = events.findIndex(({ id }) => id === last);
      const stream = events[at]?.stream ?? "";
      for (const event of events.slice(at + 1)) if (event.stream === stream) await send(event.id, event.message);
      return stream;
    },
  };
}
