import { afterEach, describe, expect, it } from "vitest";
import { baseYaml, startGateway, TEST_KEY, type TestGateway } from "../../helpers/gateway.ts";
import { type McpServerOptions, startMcpServer, type TestMcpServer } from "../../helpers/mcp-server.ts";
import { waitFor } from "../../helpers/wait-for.ts";
import {
  ListRootsRequestSchema,
  LoggingMessageNotificationSchema,
  McpClient,
  StreamableHTTPClientTransport,
} from "../../sdk-clients/index.ts";

/** The official SDK's client, through the gateway, to servers made with the same SDK. */

const cleanups: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function mcpServer(options: McpServerOptions = {}): Promise<TestMcpServer> {
  const server = await startMcpServer(options);
  cleanups.push(() => server.close());
  return server;
}

function yaml(targets: readonly string[], more = ""): string {
  return baseYaml(
    `services:
  - id: tools
    kind: mcp
    routes: [{ path: /tools/mcp }]
    upstream: { targets: [${targets.map((url) => `{ url: "${url}" }`).join(", ")}] }
${more}`,
    "[tools]",
  );
}

async function gatewayTo(...servers: TestMcpServer[]): Promise<TestGateway> {
  const gateway = await startGateway(yaml(servers.map(({ url }) => url)));
  cleanups.push(() => gateway.close());
  return gateway;
}

interface Connected {
  client: McpClient;
  transport: StreamableHTTPClientTransport;
}

/** `capabilities`: of the client. */
async function connect(gateway: TestGateway, prepare: (client: McpClient) => void = () => {}): Promise<Connected> {
  const client = new McpClient({ name: "test", version: "1.0.0" }, { capabilities: { roots: {} } });
  const transport = new StreamableHTTPClientTransport(new URL("/tools/mcp", gateway.url), {
    requestInit: { headers: { authorization: `Bearer ${TEST_KEY}` } },
    reconnectionOptions: {
      initialReconnectionDelay: 10,
      maxReconnectionDelay: 100,
      reconnectionDelayGrowFactor: 1.5,
      maxRetries: 20,
    },
  });
  prepare(client);
  await client.connect(transport as Parameters<McpClient["connect"]>[0]);
  cleanups.push(() => client.close());
  return { client, transport };
}

async function whereIs(client: McpClient): Promise<string> {
  const { content } = await client.callTool({ name: "where" });
  return (content as { text: string }[])[0]?.text ?? "";
}

/** Once the client listens to the server. */
function listening(server: TestMcpServer, times = 1): Promise<unknown> {
  return waitFor(
    () => (server.requests.filter(({ method }) => method === "GET").length >= times ? true : undefined),
    "a stream for the server to speak by",
  );
}

describe("a client of an MCP service", () => {
  it("initializes, lists, calls, reads and ends its session", async () => {
    const server = await mcpServer({ name: "one" });
    const gateway = await gatewayTo(server);
    const { client, transport } = await connect(gateway);
    expect(client.getServerVersion()).toMatchObject({ name: "one" });
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toEqual(["where", "delete_all", "get_time", "count", "never"]);
    expect(await whereIs(client)).toBe("one");
    expect(await client.getPrompt({ name: "greet" })).toMatchObject({ messages: [{ content: { text: "Hello" } }] });
    expect(await client.readResource({ uri: "note://hello" })).toMatchObject({ contents: [{ text: "a note" }] });
    expect(server.sessions.size).toBe(1);
    await transport.terminateSession();
    expect(server.sessions.size).toBe(0);
    expect(server.requests.map(({ url }) => url)).not.toContain("/tools/mcp");
    expect(server.requests.every(({ headers }) => headers.authorization === undefined)).toBe(true);

    const called = gateway.records.find(({ mcpMethod }) => mcpMethod === "tools/call");
    expect(called).toMatchObject({ service: "tools", application: "web", mcpTool: "where", streamed: true });
    expect(gateway.records.find(({ mcpMethod }) => mcpMethod === "prompts/get")).toMatchObject({ mcpPrompt: "greet" });
    expect(gateway.records.find(({ mcpMethod }) => mcpMethod === "resources/read")).toMatchObject({
      mcpResource: "note://hello",
    });
  });

  it("is given another session id than the server's, which comes back to the server as its own", async () => {
    const server = await mcpServer();
    const { client, transport } = await connect(await gatewayTo(server));
    await client.ping();
    const [own] = server.sessions.keys();
    expect(transport.sessionId).toMatch(/^tg1_[\w-]+$/);
    expect(server.requests.at(-1)?.headers["mcp-session-id"]).toBe(own);
    expect(server.requests.at(-1)?.headers["mcp-protocol-version"]).toBe("2025-11-25");
  });

  it("hears of progress while the tool is at work", async () => {
    const { client } = await connect(await gatewayTo(await mcpServer()));
    const heard: number[] = [];
    await client.callTool({ name: "count" }, undefined, { onprogress: ({ progress }) => void heard.push(progress) });
    expect(heard).toEqual([1, 2, 3]);
    // Nothing waits for an answer that does not come.
    const leaving = new AbortController();
    const told = new Promise((resolve) => {
      client.callTool({ name: "never" }, undefined, { onprogress: resolve, signal: leaving.signal }).catch(() => {});
    });
    expect(await told).toMatchObject({ progress: 1 });
    leaving.abort();
  });

  it("calls servers that answer in JSON, and such without sessions", async () => {
    const json = await connect(await gatewayTo(await mcpServer({ name: "json", json: true })));
    expect(await whereIs(json.client)).toBe("json");
    const stateless = await connect(
      await gatewayTo(
        await mcpServer({ name: "a", isStateless: true }),
        await mcpServer({ name: "b", isStateless: true }),
      ),
    );
    expect(stateless.transport.sessionId).toBeUndefined();
    // Each call may go to either.
    expect(new Set([await whereIs(stateless.client), await whereIs(stateless.client)])).toEqual(new Set(["a", "b"]));
  });

  it("is asked by the server on the stream that it listens to, and told things", async () => {
    const server = await mcpServer();
    const told: unknown[] = [];
    await connect(await gatewayTo(server), (client) => {
      client.setRequestHandler(ListRootsRequestSchema, () => ({ roots: [{ uri: "file:///home" }] }));
      client.setNotificationHandler(LoggingMessageNotificationSchema, ({ params }) => void told.push(params.data));
    });
    await listening(server);
    const [session] = server.sessions.values();
    expect(await session?.server.listRoots()).toEqual({ roots: [{ uri: "file:///home" }] });
    await session?.server.sendLoggingMessage({ level: "info", data: "well" });
    await waitFor(() => (told.length > 0 ? told : undefined), "what the server says");
    expect(told).toEqual(["well"]);
  });

  it("gets what it has missed, by the id of the last event that it has had", async () => {
    const server = await mcpServer({ isResumable: true });
    const gateway = await gatewayTo(server);
    const heard: unknown[] = [];
    await connect(gateway, (client) => {
      client.setNotificationHandler(LoggingMessageNotificationSchema, ({ params }) => void heard.push(params.data));
    });
    await listening(server);
    const [session] = server.sessions.values();
    await session?.server.sendLoggingMessage({ level: "info", data: 1 });
    await waitFor(() => (heard.length === 1 ? heard : undefined), "the first");
    server.cut("GET");
    await session?.server.sendLoggingMessage({ level: "info", data: 2 });
    await waitFor(() => (heard.length === 2 ? heard : undefined), "the second");
    expect(heard).toEqual([1, 2]);
    expect(server.requests.findLast(({ method }) => method === "GET")?.headers["last-event-id"]).toBeDefined();
  });
});

describe("sessions of several replicas", () => {
  it("stay at the replica that has made them", async () => {
    const gateway = await gatewayTo(await mcpServer({ name: "a" }), await mcpServer({ name: "b" }));
    const clients = [await connect(gateway), await connect(gateway), await connect(gateway)];
    const homes = await Promise.all(clients.map(({ client }) => whereIs(client)));
    expect(new Set(homes)).toEqual(new Set(["a", "b"]));
    for (let round = 0; round < 3; round++) {
      expect(await Promise.all(clients.map(({ client }) => whereIs(client)))).toEqual(homes);
    }
  });

  it("go on at their replica after a change of the configuration", async () => {
    const [a, b] = [await mcpServer({ name: "a" }), await mcpServer({ name: "b" })];
    const gateway = await gatewayTo(a, b);
    const { client } = await connect(gateway);
    const home = await whereIs(client);
    // In another order, and without new sessions there.
    await gateway.reload(
      yaml([b.url, a.url]).replace(`{ url: "${home === "a" ? a.url : b.url}" }`, (target) =>
        target.replace(" }", ", weight: 0 }"),
      ),
    );
    for (let call = 0; call < 4; call++) expect(await whereIs(client)).toBe(home);
    const other = await connect(gateway);
    expect(await whereIs(other.client)).not.toBe(home);
  });

  it("end with 404 when their replica is lost, and the next one is made elsewhere", async () => {
    const servers = [await mcpServer({ name: "a" }), await mcpServer({ name: "b" })];
    const gateway = await gatewayTo(...servers);
    const { client } = await connect(gateway);
    const home = await whereIs(client);
    await servers[home === "a" ? 0 : 1]?.close();
    await expect(client.callTool({ name: "where" })).rejects.toMatchObject({ code: 404 });
    expect(gateway.records.findLast(({ mcpTool }) => mcpTool === "where")).toMatchObject({
      status: 404,
      errorCode: "session_not_found",
    });
    const again = await connect(gateway);
    expect(await whereIs(again.client)).not.toBe(home);
  });

  it("end with 404 when their target is in the configuration no longer", async () => {
    const [a, b] = [await mcpServer({ name: "a" }), await mcpServer({ name: "b" })];
    const gateway = await gatewayTo(a);
    const { client } = await connect(gateway);
    await gateway.reload(yaml([b.url]));
    await expect(client.callTool({ name: "where" })).rejects.toMatchObject({ code: 404 });
  });
});
