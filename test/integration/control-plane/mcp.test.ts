import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DATABASES } from "../../helpers/databases.ts";
import { startMcpServer, type TestMcpServer } from "../../helpers/mcp-server.ts";
import { PlaneWithGateway } from "../../helpers/plane-with-gateway.ts";
import { draftAt } from "../../helpers/test-plane.ts";
import { waitFor } from "../../helpers/wait-for.ts";
import { McpClient, StreamableHTTPClientTransport } from "../../sdk-clients/index.ts";

const YAML = 'version: 1\nlisteners: [{ address: "127.0.0.1:0" }]\n';

describe.each(DATABASES)("an MCP server over the admin API, on %s", (kind) => {
  let both: PlaneWithGateway;
  let [first, second]: TestMcpServer[] = [];
  const cleanups: (() => Promise<unknown>)[] = [];

  beforeAll(async () => {
    first = await startMcpServer({ name: "first" });
    second = await startMcpServer({ name: "second" });
    both = await PlaneWithGateway.open(kind, YAML);
    await both.test.team("sales", "agents");
  });
  afterAll(async () => {
    for (const cleanup of cleanups.reverse()) await cleanup();
    await both.close();
    await Promise.all([first?.close(), second?.close()]);
  });

  const draftTo = (server: TestMcpServer | undefined, more: object = {}) => ({
    kind: "mcp",
    routes: [{ path: "/crm/mcp" }],
    upstream: { targets: [{ url: server?.url }] },
    ...more,
  });

  async function connect(key: string): Promise<McpClient> {
    const client = new McpClient({ name: "test", version: "1.0.0" });
    const transport = new StreamableHTTPClientTransport(new URL("/crm/mcp", both.gateway.url), {
      requestInit: { headers: { "x-api-key": key } },
    });
    await client.connect(transport as Parameters<McpClient["connect"]>[0]);
    cleanups.push(() => client.close());
    return client;
  }

  const whereIs = async (client: McpClient) =>
    ((await client.callTool({ name: "where" })).content as { text: string }[])[0]?.text;

  it("is published, found, subscribed to, approved, called, and revoked while somebody listens", async () => {
    const { owner } = both.test;
    const made = await owner.do("POST", "/services", {
      id: "crm",
      team: "sales",
      visibility: "organisation",
      tags: ["customers"],
      draft: draftTo(first, { policies: { tools: { deny: ["delete_*"] } } }),
    });
    expect(made).toMatchObject({ kind: "mcp", state: "draft" });
    await owner.do("POST", "/services/crm/publish");
    await owner.do("POST", "/services", {
      id: "plain",
      team: "sales",
      visibility: "organisation",
      draft: draftAt("/plain"),
    });
    await owner.do("POST", "/services/plain/publish");
    await both.serve();

    const listed = await owner.do("GET", "/catalogue?kind=mcp");
    expect(listed.items).toMatchObject([{ id: "crm", kind: "mcp", endpoints: [`${both.gateway.url}/crm/mcp`] }]);
    const plain = await owner.do("GET", "/catalogue?kind=rest");
    expect(plain.items).toMatchObject([{ id: "plain", kind: "rest", endpoints: [] }]);
    expect((await owner.do("GET", "/services?kind=mcp")).items).toMatchObject([{ id: "crm" }]);
    expect(await owner.do("GET", "/catalogue/crm")).toMatchObject({
      endpoints: [`${both.gateway.url}/crm/mcp`],
      routes: [{ path: "/crm/mcp", match: "exact" }],
    });

    await owner.do("POST", "/applications", { id: "agent", team: "agents" });
    const { key } = await owner.do("POST", "/applications/agent/credentials", { name: "main" });
    const { id } = await owner.do("POST", "/subscriptions", { application: "agent", service: "crm", reason: "sales" });
    await both.serve();
    await expect(connect(key)).rejects.toMatchObject({ code: 403 });
    await owner.do("POST", `/subscriptions/${id}/approve`, { policies: { tools: { allow: ["get_*", "where"] } } });
    await both.serve();

    const client = await connect(key);
    expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(["where", "get_time"]);
    expect(await whereIs(client)).toBe("first");
    await expect(client.callTool({ name: "count" })).rejects.toMatchObject({ code: 403 });

    await waitFor(() => first?.requests.find(({ method }) => method === "GET"), "a client that listens");
    await owner.do("POST", `/subscriptions/${id}/revoke`);
    await both.serve();
    const ended = await waitFor(() => both.gateway.records.find(({ method }) => method === "GET"), "the stream's end");
    expect(ended).toMatchObject({ service: "crm", errorCode: "subscription_revoked" });
    await expect(client.callTool({ name: "where" })).rejects.toMatchObject({ code: 403 });
  });

  it("has releases, a canary whose sessions stay, a way back, and an end", async () => {
    const { owner } = both.test;
    await owner.do("POST", "/applications", { id: "other-agent", team: "agents" });
    const { key } = await owner.do("POST", "/applications/other-agent/credentials", { name: "main" });
    const { id } = await owner.do("POST", "/subscriptions", { application: "other-agent", service: "crm", reason: "" });
    await owner.do("POST", `/subscriptions/${id}/approve`);
    await owner.do("PATCH", "/services/crm", { draft: draftTo(second) });
    await owner.do("POST", "/services/crm/publish", { note: "another server" });
    await both.serve();
    const onSecond = await connect(key);
    expect(await whereIs(onSecond)).toBe("second");
    await owner.do("POST", "/services/crm/rollback", { release: 1 });
    await owner.do("PUT", "/services/crm/canary", { release: 2, percent: 0, header: { name: "x-beta", value: "yes" } });
    await both.serve();
    // New sessions go to the release that is served, those of the canary stay with it.
    expect(await whereIs(await connect(key))).toBe("first");
    expect(await whereIs(onSecond)).toBe("second");
    await owner.do("DELETE", "/services/crm/canary");
    await both.serve();
    await expect(onSecond.callTool({ name: "where" })).rejects.toMatchObject({ code: 404 });
    await owner.do("POST", "/services/crm/deprecate", {});
    await owner.do("POST", "/services/crm/retire", { force: true });
    await both.serve();
    await expect(connect(key)).rejects.toMatchObject({ code: 410 });
    expect((await owner.do("GET", "/catalogue?kind=mcp")).items).toEqual([]);
  });

  it("takes one try over the catalogue", async () => {
    const { owner } = both.test;
    const draft = {
      ...draftTo(first),
      routes: [{ path: "/open/mcp" }, { path: "/mcp", host: "mcp.example.org" }],
      access: "open",
    };
    await owner.do("POST", "/services", { id: "open", team: "sales", visibility: "organisation", draft });
    await owner.do("POST", "/services/open/publish");
    await both.serve();
    const port = new URL(both.gateway.url).port;
    expect((await owner.do("GET", "/catalogue/open")).endpoints).toEqual([
      `${both.gateway.url}/open/mcp`,
      `http://mcp.example.org:${port}/mcp`,
    ]);
    const message = { jsonrpc: "2.0", id: 1, method: "initialize", params: INITIALIZE };
    const tried = await owner.do("POST", "/catalogue/open/try", {
      method: "POST",
      path: "/open/mcp",
      headers: { "content-type": "application/json", accept: "application/json, text/event-stream" },
      body: JSON.stringify(message),
    });
    expect(tried.status).toBe(200);
    expect(tried.body).toContain('"serverInfo":{"name":"first"');
  });

  it("says in the draft what makes no sense, stays what it was published as, and tells services of other kinds apart", async () => {
    const { owner } = both.test;
    const wrong = { ...draftTo(first), routes: [{ path: "/x/mcp", methods: ["POST"] }] };
    const { status, body } = await owner.post("/services", { id: "wrong", team: "sales", draft: wrong });
    expect(status).toBe(400);
    expect(body.errors).toMatchObject([{ path: "draft.routes[0].methods" }]);
    const changed = await owner.patch("/services/plain", {
      draft: { ...draftTo(first), routes: [{ path: "/plain" }] },
    });
    expect(changed.status).toBe(400);
    expect(changed.body.errors).toMatchObject([{ path: "draft.kind" }]);
    await owner.do("POST", "/services", { id: "later", team: "sales" });
    expect(await owner.do("PATCH", "/services/later", { draft: draftTo(first) })).toMatchObject({ kind: "mcp" });
    await owner.do("POST", "/applications", { id: "web", team: "agents" });
    const { id } = await owner.do("POST", "/subscriptions", { application: "web", service: "plain", reason: "" });
    const refused = await owner.post(`/subscriptions/${id}/approve`, { policies: { tools: { allow: ["a"] } } });
    expect(refused.status).toBe(400);
    expect(refused.body.detail).toContain("tools are those of MCP services");
  });

  it("is in the audit trail", async () => {
    const { items } = await both.test.owner.do("GET", "/audit?subject_type=service&subject_id=crm");
    const actions = items.map(({ action }: { action: string }) => action);
    expect(actions).toEqual(
      expect.arrayContaining(["service.create", "service.publish", "service.roll_back", "service.retire"]),
    );
  });
});

const INITIALIZE = {
  protocolVersion: "2025-11-25",
  capabilities: {},
  clientInfo: { name: "try", version: "1.0.0" },
};
