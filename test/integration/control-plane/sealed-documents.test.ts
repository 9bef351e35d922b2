import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SYSTEM } from "../../../src/control-plane/access/actor.ts";
import { Plane } from "../../../src/control-plane/plane.ts";
import { DatabaseSource } from "../../../src/control-plane/snapshot-source/source.ts";
import {
  countSealed,
  hasPlainDocuments,
  OWN_KEY,
  sealAgain,
  sealStoredDocuments,
} from "../../../src/control-plane/storage/sealed.ts";
import { keyId, Sealer } from "../../../src/platform/seal.ts";
import { DATABASES } from "../../helpers/databases.ts";
import { draftAt, TestPlane } from "../../helpers/test-plane.ts";

const CANARY = "canary-upstream-credential";
const headers = { request_headers: { set: { authorization: CANARY } } };

describe.each(DATABASES)("header values in documents, on %s", (kind) => {
  let test: TestPlane;

  beforeAll(async () => {
    test = await TestPlane.open(kind);
    const { owner } = test;
    await owner.do("POST", "/teams", { id: "finance", name: "F", policies: headers });
    await owner.do("PATCH", "/settings", { policies: headers, idempotency_hours: 1 });
    const route = { path: "/b", policies: { mock: { status: 200, headers: { "x-a": CANARY } } } };
    const draft = { ...draftAt("/a", headers), routes: [{ path: "/a" }, route] };
    await owner.do("POST", "/services", { id: "billing", team: "finance", draft });
    await owner.do("POST", "/services", { id: "plain", team: "finance", draft: draftAt("/plain") });
    await owner.do("POST", "/services/billing/publish");
    await owner.do("POST", "/services/plain/publish");
    await owner.do("POST", "/applications", { id: "web", team: "finance", policies: headers });
    const { id } = await owner.do("POST", "/subscriptions", { application: "web", service: "billing" });
    await owner.do("POST", `/subscriptions/${id}/approve`, { policies: headers });
  });
  afterAll(() => test.close());

  /** The audit trail among them. */
  const isInARow = async () => JSON.stringify(await test.dump()).includes(CANARY);
  const served = async (plane = test.plane) => {
    const source = new DatabaseSource(plane);
    await source.load();
    return source.additions;
  };
  /** How often they are in what gateways get, and in what those who may see them see. */
  const occurrences = async (plane = test.plane) => JSON.stringify(await served(plane)).split(CANARY).length - 1;

  it("are in no row, and yet in what gateways get and in what their team sees", async () => {
    expect(await isInARow()).toBe(false);
    // Of the organisation, the team, the service, the route, the application and the subscription.
    expect(await occurrences()).toBe(6);
    for (const path of [
      "/services/billing",
      "/services/billing/releases/1",
      "/teams/finance",
      "/settings",
      "/applications/web",
    ]) {
      expect([path, JSON.stringify(await test.owner.do("GET", path)).includes(CANARY)]).toEqual([path, true]);
    }
    // What has none can be read and searched in the database as before.
    const { releases } = await test.dump();
    expect(JSON.stringify(releases?.find(({ service_id }) => service_id === "plain"))).toContain("/plain");
    expect(test.log.join().includes(CANARY)).toBe(false);
  });

  it("stay sealed when something else of their row changes, and when a release is served again", async () => {
    await test.owner.do("PATCH", "/services/billing", { name: "B" });
    await test.owner.do("POST", "/services/billing/rollback", { release: 1 });
    await test.owner.do("PATCH", "/settings", { idempotency_hours: 2 });
    expect(await isInARow()).toBe(false);
    expect(await occurrences()).toBe(6);
  });

  it("are sealed at the start if an earlier version has stored them", async () => {
    const draft = JSON.stringify(draftAt("/a", headers));
    await test.database.db.updateTable("services").set({ draft }).where("id", "=", "billing").execute();
    const policies = JSON.stringify(headers);
    await test.database.db.updateTable("teams").set({ policies }).where("id", "=", "finance").execute();
    expect(await isInARow()).toBe(true);
    expect(await hasPlainDocuments(test.plane.db)).toBe(true);
    const count = await test.plane.change(SYSTEM, (change) => sealStoredDocuments(change, test.plane.sealer));
    expect(count).toBe(2);
    expect(await hasPlainDocuments(test.plane.db)).toBe(false);
    expect(await isInARow()).toBe(false);
    expect(await occurrences()).toBe(6);
  });

  it("are sealed again with a new key; what no key opens is left alone, and lets nobody in", async () => {
    const { id } = await test.owner.do("POST", "/applications/web/credentials", { name: "own" });
    const secret = test.plane.sealer.seal("canary-own-key", OWN_KEY);
    await test.database.db.updateTable("credentials").set({ secret }).where("id", "=", id).execute();
    const key = randomBytes(32);
    const both = new Sealer([key, ...test.keys]);
    const plane = new Plane({
      database: test.database,
      sealer: both,
      logger: test.plane.logger,
      nowMs: () => test.nowMs,
    });
    await plane.change(SYSTEM, (change) => sealAgain(change, both));
    expect(Object.keys(await countSealed(plane.db))).toEqual([keyId(key)]);
    expect(await occurrences(plane)).toBe(6);
    const [own] = await test.database.db.selectFrom("credentials").select("secret").where("id", "=", id).execute();
    expect(new Sealer([key]).open(own?.secret ?? "", OWN_KEY)).toBe("canary-own-key");

    // This plane has the old key alone.
    const before = (await test.dump()).services;
    const additions = await served();
    expect(JSON.stringify(additions).includes(CANARY)).toBe(false);
    expect(additions.services.map(({ id }) => id)).toEqual(["plain"]);
    expect(additions.policies?.addresses).toEqual({ allow: [], deny: [] });
    await test.owner.do("PATCH", "/services/billing", { name: "C" });
    const draftOf = (rows: typeof before) => rows?.find(({ id }) => id === "billing")?.draft;
    expect(draftOf((await test.dump()).services)).toBe(draftOf(before));
    expect(await occurrences(plane)).toBe(6);
  });
});
