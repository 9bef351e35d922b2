import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { AdminClient } from "../../helpers/admin-client.ts";
import { PostgresCluster } from "../../helpers/databases.ts";
import { TestPlane } from "../../helpers/test-plane.ts";

describe("a database that is away", () => {
  let test: TestPlane;
  let owner: AdminClient;
  afterAll(() => test.close());

  describe("SQLite that can't be written", () => {
    beforeAll(async () => {
      test = await TestPlane.open("sqlite");
      owner = test.owner;
    });

    it("bug: answered 500 to changes, and even to those who read", async () => {
      await test.run("pragma query_only = on");
      // Late enough for the session to be noted as seen.
      test.nowMs += 120_000;
      for (const answer of [await owner.get("/teams"), await owner.post("/teams", { id: "a", name: "A" })]) {
        expect([answer.status, answer.body.code]).toEqual([503, "unavailable"]);
        expect(answer.headers.get("retry-after")).toBe("2");
      }
      await test.run("pragma query_only = off");
      expect((await owner.post("/teams", { id: "a", name: "A" })).status).toBe(201);
    });
  });

  describe("PostgreSQL that breaks a connection", () => {
    let cluster: PostgresCluster;
    beforeAll(async () => {
      await test.close();
      cluster = await PostgresCluster.shared();
      test = await TestPlane.open("postgres");
      owner = test.owner;
    });

    it("bug: the end of a connection within a transaction ended the process", async () => {
      const database = new URL(test.url ?? "").pathname.slice(1);
      const uncaught: unknown[] = [];
      const note = (error: unknown) => uncaught.push(error);
      process.on("uncaughtException", note);
      const touched: string[] = [];
      test.plane.onTouched((all) => touched.push(...all.map(({ id }) => id)));
      const change = test.plane.change(
        { kind: "system", id: "s", name: "s", address: "", userId: null, organisation: new Set(), teams: new Map() },
        async ({ trx, touch }) => {
          touch({ kind: "application", id: "web" });
          await cluster.query(
            `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${database}' and pid <> pg_backend_pid()`,
          );
          await trx.selectFrom("teams").selectAll().execute();
        },
      );
      await expect(change).rejects.toThrow();
      expect((await owner.get("/teams")).status).toBe(200);
      process.removeListener("uncaughtException", note);
      expect(uncaught).toEqual([]);
      // Whether it was kept is not known: what gateways serve is read again.
      expect(touched).toEqual(["web"]);
    });

    it("answers 503 while it is down, in the middle of whatever, and serves again by itself", async () => {
      const statuses = new Set<number>();
      const asking = Array.from({ length: 10 }, async (_, n) => {
        statuses.add((await owner.post("/teams", { id: `down-${n}`, name: "Down" })).status);
      });
      await cluster.stopServer("SIGQUIT");
      await Promise.all(asking);
      expect([...statuses].filter((status) => ![201, 503].includes(status))).toEqual([]);
      expect((await owner.get("/teams")).status).toBe(503);
      await cluster.startServer();
      expect((await owner.get("/teams")).status).toBe(200);
      expect(await owner.do("GET", "/audit/verification")).toMatchObject({ intact: true });
    });
  });
});
