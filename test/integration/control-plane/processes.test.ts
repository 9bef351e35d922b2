import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AdminClient } from "../../helpers/admin-client.ts";
import { DATABASES, POSTGRES_PASSWORD, PostgresCluster } from "../../helpers/databases.ts";
import { draftAt } from "../../helpers/test-plane.ts";
import { TidegateProcess } from "../../helpers/tidegate-process.ts";
import { startUpstream, type TestUpstream } from "../../helpers/upstream.ts";

const PASSWORD = "canary admin password";

describe.each(DATABASES)("processes with a database on %s", (kind) => {
  let home: string;
  let cluster: PostgresCluster | null = null;
  let env: Record<string, string>;
  let tidegate: TidegateProcess;
  let upstream: TestUpstream;
  let admin: AdminClient;
  let key: string;
  const logs: string[] = [];

  beforeAll(async () => {
    home = mkdtempSync(join(tmpdir(), "tidegate-plane-"));
    upstream = await startUpstream((_request, response) => response.end("served"));
    if (kind === "postgres") cluster = await PostgresCluster.shared();
    const url = await cluster?.createDatabase();
    env = { TIDEGATE_ADMIN_PASSWORD: PASSWORD, ...(url === undefined ? {} : { DATABASE_URL: url }) };
    tidegate = await TidegateProcess.start({ home, workers: 2, env });
    const signedIn = await AdminClient.at(tidegate.adminUrl).signIn("admin@localhost", PASSWORD);
    const { token } = await signedIn.do("POST", "/me/tokens", { name: "test" });
    admin = AdminClient.at(tidegate.adminUrl).withToken(token);

    await admin.do("POST", "/teams", { id: "finance", name: "Finance" });
    const draft = draftAt("/billing", { upstream: { targets: [{ url: upstream.url }] } });
    await admin.do("POST", "/services", { id: "billing", team: "finance", draft, approval: "automatic" });
    await admin.do("POST", "/services/billing/publish");
    await admin.do("POST", "/applications", { id: "web", team: "finance" });
    await admin.do("POST", "/subscriptions", { application: "web", service: "billing" });
    key = (await admin.do("POST", "/applications/web/credentials", { name: "main" })).key;
    await tidegate.waitFor("the first call to be served", async () => (await call()) === 200);
  });
  afterAll(async () => {
    await tidegate.stop();
    await upstream.close();
    rmSync(home, { recursive: true, force: true, maxRetries: 5 });
  });

  /** On a connection of its own: either worker may get it. */
  const call = async (credential: Record<string, string> = { "x-api-key": key }): Promise<number> => {
    const headers = { ...credential, connection: "close" };
    const response = await fetch(`${tidegate.url}/billing/x`, { headers });
    await response.arrayBuffer();
    return response.status;
  };
  const calls = async (credential?: Record<string, string>) => {
    const statuses = [];
    for (let count = 0; count < 20; count++) statuses.push(await call(credential));
    return [...new Set(statuses)];
  };
  /** The same data and ports. */
  const restart = async () => {
    const { gatewayPort, adminPort } = tidegate;
    await tidegate.stop();
    logs.push(tidegate.stdout, tidegate.stderr);
    tidegate = await TidegateProcess.start({ home, workers: 2, env, gatewayPort, adminPort });
  };
  /** Also while nobody listens. */
  const statusOf = (path: string) => {
    return admin.get(path).then(
      ({ status }) => status,
      () => 0,
    );
  };

  it.each(["key", "password"])("lets a revoked %s reach no worker any more", async (one) => {
    const body = one === "key" ? {} : { basic: { username: "cron" } };
    const made = await admin.do("POST", "/applications/web/credentials", { name: "second", ...body });
    const authorization = `Basic ${Buffer.from(`cron:${made.password}`).toString("base64")}`;
    const second: Record<string, string> = one === "key" ? { "x-api-key": made.key } : { authorization };
    await tidegate.waitFor("the second one", async () => (await call(second)) === 200);
    const { version } = (await tidegate.readiness()).configuration;
    await admin.do("DELETE", `/applications/web/credentials/${made.id}`);
    await tidegate.waitFor("both workers to know", async () => {
      const { configuration, workers } = await tidegate.readiness();
      const isNew = ({ snapshotVersion }: { snapshotVersion: number | null }) =>
        (snapshotVersion ?? 0) > (version ?? 0);
      return configuration.version !== version && workers.length === 2 && workers.every(isNew);
    });
    expect(await calls(second)).toEqual([401]);
    expect(await calls()).toEqual([200]);
  });

  it("drops what is stored of a service in all workers", async () => {
    const targets = [{ url: upstream.url }];
    const draft = {
      ...draftAt("/stored", { upstream: { targets } }),
      access: "open",
      policies: { cache: { default_ttl: "1h" } },
    };
    await admin.do("POST", "/services", { id: "stored", team: "finance", draft });
    await admin.do("POST", "/services/stored/publish");
    /** On a connection of its own each: both workers get some. What they came from. */
    const outcomes = async () => {
      const all: (string | null)[] = [];
      for (let count = 0; count < 20; count++) {
        const response = await fetch(`${tidegate.url}/stored`, { headers: { connection: "close" } });
        await response.text();
        all.push(response.headers.get("x-tidegate-cache"));
      }
      return [...new Set(all)].sort();
    };
    const allHit = async () => String(await outcomes()) === "hit";
    await tidegate.waitFor("both workers to have it", allHit);
    const before = upstream.requests.filter(({ url }) => url === "/stored").length;
    await admin.do("DELETE", "/services/stored/cache");
    const asked = () => upstream.requests.filter(({ url }) => url === "/stored").length - before;
    await tidegate.waitFor("both workers to ask again", async () => {
      await outcomes();
      return asked() === 2;
    });
    await tidegate.waitFor("both workers to have it again", allHit);
    expect(asked()).toBe(2);
  });

  it("loses nothing that was acknowledged when the control process is killed in the middle of writes", async () => {
    const acknowledged: string[] = [];
    let over = false;
    let number = 0;
    const writer = async () => {
      while (!over) {
        const id = `written-${++number}`;
        const answer = await admin.post("/teams", { id, name: id }).catch(() => null);
        if (answer === null) return;
        if (answer.status === 201) acknowledged.push(id);
      }
    };
    const writers = [writer(), writer(), writer()];
    await tidegate.waitFor("some writes", () => acknowledged.length >= 20);
    const control = tidegate.recordedProcesses().find(({ role }) => role === "control");
    process.kill(control?.pid ?? 0, "SIGKILL");
    await Promise.all(writers);
    over = true;
    expect(await calls()).toEqual([200]);
    await tidegate.waitFor("the next control process", async () => (await statusOf("/teams")) === 200);
    const { items } = await admin.do("GET", "/teams?limit=500");
    const kept = items.map(({ id }: { id: string }) => id);
    expect(acknowledged.filter((id) => !kept.includes(id))).toEqual([]);
    expect(await admin.do("GET", "/audit/verification")).toMatchObject({ intact: true });
    const { key: next } = await admin.do("POST", "/applications/web/credentials", { name: "after the end" });
    await tidegate.waitFor(
      "the gateways to hear of changes again",
      async () => (await call({ "x-api-key": next })) === 200,
    );
  });

  it("finds everything again after a restart, in the same version of the snapshot", async () => {
    // The next control process has compiled by then what the last one knew.
    const { hash } = (await tidegate.readiness()).configuration;
    // It was for the first start.
    env.TIDEGATE_ADMIN_PASSWORD = "short";
    await restart();
    expect(await calls()).toEqual([200]);
    await tidegate.waitFor("the admin API", async () => (await statusOf("/services/billing")) === 200);
    expect((await tidegate.readiness()).configuration.hash).toBe(hash);
    expect(await admin.do("GET", "/services/billing")).toMatchObject({ state: "published", current_release: 1 });
  });

  if (kind === "postgres") {
    it("serves on while PostgreSQL is away, says so on the admin API, and recovers by itself", async () => {
      await cluster?.stopServer();
      const refused = await admin.get("/teams");
      expect([refused.status, refused.body.code]).toEqual([503, "unavailable"]);
      expect(refused.headers.get("content-type")).toBe("application/problem+json");
      expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
      expect((await admin.post("/teams", { id: "lost", name: "Lost" })).status).toBe(503);
      expect(await calls()).toEqual([200]);
      expect((await tidegate.readiness()).status).toBe("ready");
      await cluster?.startServer();
      await tidegate.waitFor("the admin API", async () => (await statusOf("/teams")) === 200);
      const { key: next } = await admin.do("POST", "/applications/web/credentials", { name: "after the outage" });
      await tidegate.waitFor("the new key", async () => (await call({ "x-api-key": next })) === 200);
    });

    it("starts cold without PostgreSQL, with the snapshot it had, and recovers by itself", async () => {
      await cluster?.stopServer();
      await restart();
      expect(await calls()).toEqual([200]);
      const refused = await admin.get("/teams");
      expect([refused.status, refused.body.code]).toEqual([503, "unavailable"]);
      await cluster?.startServer();
      await tidegate.waitFor("the admin API", async () => (await statusOf("/teams")) === 200);
      expect(await calls()).toEqual([200]);
      await admin.do("POST", "/services/billing/retire", { force: true });
      await tidegate.waitFor("the end of the service", async () => (await call()) === 410);
    });
  }

  if (kind === "sqlite") {
    it("says which variable is wrong when the first administrator can't be made, and makes none", async () => {
      const other = await TidegateProcess.spawn({ env: { TIDEGATE_ADMIN_PASSWORD: "short" } });
      try {
        await other.waitForBanner();
        await other.waitFor("the reason", () =>
          other.stderr.includes("TIDEGATE_ADMIN_PASSWORD: a password has at least"),
        );
        const answer = await AdminClient.at(other.adminUrl).post("/session", { email: "a", password: "short" });
        expect(answer.status).toBe(503);
      } finally {
        await other.stop();
      }
    });
  }

  // The last: it looks at what all the others have left.
  it("printed no secret", async () => {
    await tidegate.stop();
    const text = [...logs, tidegate.stdout, tidegate.stderr].join("\n");
    expect(text).toContain("control process ready");
    for (const secret of [PASSWORD, POSTGRES_PASSWORD, key]) expect(text.includes(secret)).toBe(false);
  });
});
