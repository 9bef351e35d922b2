import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AdminClient } from "../../helpers/admin-client.ts";
import { PostgresCluster } from "../../helpers/databases.ts";
import { runBlocks } from "../../helpers/documentation.ts";
import { startRedis } from "../../helpers/redis.ts";
import { TidegateProcess } from "../../helpers/tidegate-process.ts";
import { startUpstream, type TestUpstream } from "../../helpers/upstream.ts";

const PASSWORD = "correct horse battery";
const OPENAPI = `openapi: 3.1.0
info: { title: Billing, version: 1.0.0 }
paths:
  /invoices:
    get: { operationId: listInvoices, responses: { "200": { description: OK } } }
`;

interface Installation {
  /** Where people and machines administer. */
  adminUrl: string;
  /** Where calls may come in: each has to behave the same. */
  gateways: TidegateProcess[];
  stop(): Promise<void>;
}

async function oneMachine(): Promise<Installation> {
  const tidegate = await TidegateProcess.start({ env: { TIDEGATE_ADMIN_PASSWORD: PASSWORD } });
  return { adminUrl: tidegate.adminUrl, gateways: [tidegate], stop: async () => void (await tidegate.stop()) };
}

/** The control process that is asked is not the one that was there first: changes go through PostgreSQL and Redis. */
async function fourMachines(): Promise<Installation> {
  const started: { stop(): Promise<unknown> }[] = [];
  const start = async <One extends { stop(): Promise<unknown> }>(starting: Promise<One>): Promise<One> => {
    const one = await starting;
    started.unshift(one);
    return one;
  };
  const stop = async () => {
    for (const one of started) await one.stop();
  };
  try {
    const postgres = await PostgresCluster.shared();
    const redis = await startRedis();
    started.unshift({ stop: () => redis.close() });
    const shared = { TIDEGATE_MASTER_KEY: randomBytes(32).toString("base64"), REDIS_URL: redis.url };
    const withDatabase = { ...shared, DATABASE_URL: await postgres.createDatabase(), TIDEGATE_ROLE: "control" };
    await start(TidegateProcess.start({ env: { ...withDatabase, TIDEGATE_ADMIN_PASSWORD: PASSWORD } }));
    const asked = await start(TidegateProcess.start({ env: withDatabase }));
    const env = { ...shared, TIDEGATE_ROLE: "gateway" };
    const gateways = await Promise.all([1, 2].map(() => start(TidegateProcess.start({ env }))));
    return { adminUrl: asked.adminUrl, gateways, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

const INSTALLATIONS = [
  ["on one machine, with SQLite", oneMachine],
  ["on four, with PostgreSQL and Redis", fourMachines],
] as const;

const startNamed = (text: string) =>
  startUpstream((_request, response) => response.end(`invoices of the ${text} release`));

const draftTo = (upstream: TestUpstream) => ({
  routes: [{ path: "/billing", strip_prefix: true }],
  upstream: { targets: [{ url: upstream.url }] },
});

async function codeOf(calling: Promise<Response>): Promise<string> {
  const { error } = (await (await calling).json()) as { error: { code: string } };
  return error.code;
}

describe.each(INSTALLATIONS)("from a draft to the end of a service, %s", (_name, install) => {
  let installation: Installation;
  let upstreams: [TestUpstream, TestUpstream];
  let admin: AdminClient;
  let key = "";

  beforeAll(async () => {
    const answering = (text: string) => startUpstream((_request, response) => response.end(text));
    upstreams = [await answering("one"), await answering("two")];
    installation = await install();
    admin = await AdminClient.at(installation.adminUrl).signIn("admin@localhost", PASSWORD);
  });

  afterAll(async () => {
    await (installation as Installation | undefined)?.stop();
    await Promise.all(upstreams.map((upstream) => upstream.close()));
  });

  async function member(email: string, team: string, role: string): Promise<AdminClient> {
    const user = await admin.do("POST", "/users", { email, name: email, password: PASSWORD });
    await admin.do("PUT", `/teams/${team}/members/${user.id}`, { role });
    return AdminClient.at(installation.adminUrl).signIn(email, PASSWORD);
  }

  const call = (headers: Record<string, string> = {}, gateway = installation.gateways[0] as TidegateProcess) =>
    fetch(`${gateway.url}/billing/invoices`, { headers: { ...headers, "x-api-key": key } });

  /** Until the probe holds at each gateway. */
  async function everywhere(
    what: string,
    holds: (answer: Response) => boolean | Promise<boolean>,
    headers: Record<string, string> = {},
  ): Promise<void> {
    await Promise.all(
      installation.gateways.map((gateway) => {
        return gateway.waitFor(what, async () => holds(await call(headers, gateway)));
      }),
    );
  }
  const says = (text: string) => async (answer: Response) => (await answer.text()) === text;
  const refusesWith = (code: string) => async (answer: Response) => (await codeOf(Promise.resolve(answer))) === code;

  it("publishes, shares, approves, serves, limits, revokes, rolls back, deprecates, retires, and remembers it all", async () => {
    for (const id of ["finance", "shop"]) await admin.do("POST", "/teams", { id, name: id });
    const publisher = await member("pat@example.org", "finance", "publisher");
    const developer = await member("dev@example.org", "shop", "developer");

    // A team makes a service and publishes it.
    const made = await publisher.do("POST", "/services", {
      id: "billing",
      team: "finance",
      openapi: OPENAPI,
      visibility: "organisation",
      category: "money",
      tags: ["invoices"],
      draft: draftTo(upstreams[0]),
    });
    expect(made).toMatchObject({ state: "draft", current_release: null });
    expect((await developer.get("/services/billing")).status).toBe(404);
    expect((await developer.do("GET", "/catalogue")).items).toEqual([]);
    await publisher.do("POST", "/services/billing/publish", { note: "the first" });

    // Another finds it, and asks.
    const found = await developer.do("GET", "/catalogue?search=invoic&category=money");
    expect(found.items).toMatchObject([{ id: "billing", has_openapi: true, state: "published" }]);
    expect(await developer.do("GET", "/catalogue/billing/openapi")).toBe(OPENAPI);
    await developer.do("POST", "/applications", {
      id: "web",
      team: "shop",
      limits: [{ requests: installation.gateways.length + 2, window: "1h" }],
    });
    ({ key } = await developer.do("POST", "/applications/web/credentials", { name: "main" }));
    expect(key).toMatch(/^tg_\w{40}$/);
    await everywhere("the key to be known", ({ status }) => status === 403);
    const wanted = await developer.do("POST", "/subscriptions", {
      application: "web",
      service: "billing",
      reason: "checkout",
    });
    expect(wanted.state).toBe("pending");
    await everywhere("the request to be known", refusesWith("subscription_pending"));
    expect((await developer.post(`/subscriptions/${wanted.id}/approve`)).status).toBe(404);

    // The owner approves: the caller is served, up to its limit.
    await publisher.do("POST", `/subscriptions/${wanted.id}/approve`, { note: "welcome" });
    await everywhere("the first good call", ({ status }) => status === 200);
    expect(await (await call()).text()).toBe("one");
    expect((await call()).status).toBe(200);
    expect((await call()).status).toBe(429);
    await developer.do("PATCH", "/applications/web", { limits: [] });
    await everywhere("the limit to be lifted", ({ status }) => status === 200);

    // A second release, first for those who ask for it, and back to the first.
    await publisher.do("PATCH", "/services/billing", { draft: draftTo(upstreams[1]) });
    expect(await (await call()).text()).toBe("one");
    await publisher.do("POST", "/services/billing/publish", { note: "the second" });
    await everywhere("the second release", says("two"));
    expect((await publisher.do("GET", "/services/billing/releases")).items).toMatchObject([
      { number: 2, serves: "current" },
      { number: 1, serves: "nothing" },
    ]);
    await publisher.do("POST", "/services/billing/rollback", { release: 1 });
    await everywhere("the first release", says("one"));
    const header = { name: "x-try", value: "second" };
    await publisher.do("PUT", "/services/billing/canary", { release: 2, percent: 0, header });
    await everywhere("the canary", says("two"), { "x-try": "second" });
    expect(await (await call()).text()).toBe("one");
    await publisher.do("DELETE", "/services/billing/canary");
    await everywhere("its end", says("one"), { "x-try": "second" });

    // Its end.
    await publisher.do("POST", "/services/billing/deprecate", { sunset_at: "2030-01-01T00:00:00Z" });
    await everywhere("the deprecation", ({ headers }) => headers.has("deprecation"));
    expect((await call()).headers.get("sunset")).toBe("Tue, 01 Jan 2030 00:00:00 GMT");
    const refused = await publisher.post("/services/billing/retire");
    expect(refused.status).toBe(409);
    expect(refused.body.detail).toContain("web (shop)");
    await publisher.do("POST", `/subscriptions/${wanted.id}/revoke`, { note: "contract ended" });
    await everywhere("the end of the subscription", refusesWith("subscription_revoked"));
    await publisher.do("POST", "/services/billing/retire");
    await everywhere("the end of the service", refusesWith("service_retired"));

    // What happened.
    const audit = await admin.do("GET", "/audit?limit=100");
    const actions = audit.items.map(({ action }: { action: string }) => action).reverse();
    expect(actions.filter((action: string) => action.startsWith("service."))).toEqual([
      "service.create",
      "service.publish",
      "service.update",
      "service.publish",
      "service.roll_back",
      "service.canary",
      "service.canary",
      "service.deprecate",
      "service.retire",
    ]);
    expect(actions).toContain("credential.create");
    expect(JSON.stringify(audit)).not.toContain(key);
    expect(await admin.do("GET", "/audit/verification")).toMatchObject({ intact: true });
  });

  it("is what the page says, command by command", async () => {
    const { adminUrl, gateways } = installation;
    const [first] = gateways as [TidegateProcess];
    const [one, two] = [await startNamed("first"), await startNamed("second")];
    try {
      const servers = {
        "http://127.0.0.1:9080": adminUrl,
        "http://127.0.0.1:8080": gateways.map(({ url }) => url).join(" "),
        "http://127.0.0.1:9001": one.url,
        "http://127.0.0.1:9002": two.url,
        "9001/9002": `${new URL(one.url).port}/${new URL(two.url).port}`,
      };
      const printed = await runBlocks("walk-through.md", servers, {
        cwd: first.home,
        env: { TIDEGATE_ADMIN_PASSWORD: PASSWORD },
      });
      // The last answer of each question; that they came is what the page's own commands check.
      for (const gateway of gateways) {
        const answers = [...printed.matchAll(new RegExp(`^${gateway.url}: .* (\\d+)$`, "gm"))].map(
          ([, status]) => status,
        );
        expect(answers).toEqual(["403", "403", "200", "429", "200", "200", "200", "200", "200", "403", "410"]);
      }
      for (const action of ["service.publish", "service.roll_back", "subscription.revoke", "service.retire"]) {
        expect(printed).toContain(`"action":"${action}"`);
      }
      expect(printed).toContain('"intact":true');
      expect(printed).not.toMatch(/"invoicing\.yaml" differ|tg_\w{40}/);
    } finally {
      await Promise.all([one, two].map((upstream) => upstream.close()));
    }
  });
});
