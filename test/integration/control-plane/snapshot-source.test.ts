import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Touched } from "../../../src/control-plane/plane.ts";
import { DatabaseSource } from "../../../src/control-plane/snapshot-source/source.ts";
import type { AdminClient } from "../../helpers/admin-client.ts";
import { DATABASES } from "../../helpers/databases.ts";
import { runs } from "../../helpers/property-runs.ts";
import { draftAt, TestPlane } from "../../helpers/test-plane.ts";

const RUNS = 6;

describe.each(DATABASES)("what gateways get of the database, on %s", (kind) => {
  let test: TestPlane;
  let owner: AdminClient;
  let source: DatabaseSource;
  let touched: Touched[] = [];
  let count = 0;

  beforeAll(async () => {
    test = await TestPlane.open(kind);
    const { token } = await test.owner.do("POST", "/me/tokens", { name: "for ever" });
    owner = test.client().withToken(token);
    await owner.do("POST", "/teams", { id: "finance", name: "Finance" });
    source = new DatabaseSource(test.plane);
    await source.load();
    test.plane.onTouched((more) => touched.push(...more));
  });
  afterAll(() => test.close());

  const catchUp = async () => {
    const now = touched;
    touched = [];
    await source.update(now);
    return source.additions;
  };
  const fresh = async () => {
    const other = new DatabaseSource(test.plane);
    await other.load();
    return other;
  };
  const service = async (path: string, state: "published" | "draft" = "published") => {
    const id = `service-${++count}`;
    await owner.do("POST", "/services", { id, team: "finance", draft: draftAt(path) });
    if (state === "published") await owner.do("POST", `/services/${id}/publish`);
    return id;
  };
  const application = async () => {
    const id = `app-${++count}`;
    await owner.do("POST", "/applications", { id, team: "finance" });
    return id;
  };
  const applicationIn = (additions: typeof source.additions, id: string) => {
    return additions.applications.find((one) => one.id === id);
  };

  it("counts how often what is stored of a service was dropped, models' answers too", async () => {
    const id = await service("/stored");
    await catchUp();
    const purges = async () => (await catchUp()).cachePurges;
    for (const [path, expected] of [
      [id, { [id]: 1 }],
      [id, { [id]: 2 }],
      ["ai", { [id]: 2, ai: 1 }],
    ] as const) {
      await owner.do("DELETE", `/services/${path}/cache`);
      expect(await purges()).toEqual(expected);
      expect((await fresh()).additions.cachePurges).toEqual(expected);
    }
    expect((await owner.ask("DELETE", "/services/nothing/cache")).status).toBe(404);
  });

  it("is the same after any changes as what a fresh start reads", async () => {
    const ids = [0, 1, 2];
    const id = fc.constantFrom(...ids);
    const operation = fc.oneof(
      fc.record({ method: fc.constant("POST"), path: id.map((n) => `/services/s${n}/publish`), body: fc.constant({}) }),
      fc.record({
        method: fc.constant("PATCH"),
        path: id.map((n) => `/services/s${n}`),
        body: id.map((n) => ({ draft: draftAt(`/shared-${n}`) })),
      }),
      fc.record({
        method: fc.constant("POST"),
        path: id.map((n) => `/services/s${n}/rollback`),
        body: fc.constantFrom({ release: 1 }, { release: 2 }),
      }),
      fc.record({
        method: fc.constant("PUT"),
        path: id.map((n) => `/services/s${n}/canary`),
        body: fc.constant({ release: 1, percent: 5 }),
      }),
      fc.record({
        method: fc.constant("POST"),
        path: id.map((n) => `/applications/a${n}/credentials`),
        body: fc.constantFrom(0, 5, 60).map((seconds) => ({ name: "key", expiresIn: seconds })),
      }),
      fc.record({ method: fc.constant("DELETE"), path: id.map((n) => `/applications/a${n}`), body: fc.constant(null) }),
      fc.record({
        method: fc.constant("POST"),
        path: fc.constant("/applications"),
        body: id.map((n) => ({ id: `a${n}`, team: "finance", limits: [{ requests: n + 1, window: "1m" }] })),
      }),
      fc.record({
        method: fc.constant("POST"),
        path: fc.constant("/subscriptions"),
        body: fc.tuple(id, id).map(([a, s]) => ({ application: `a${a}`, service: `s${s}` })),
      }),
      fc.record({
        method: fc.constant("decide"),
        path: fc.constantFrom("approve", "revoke", "cancel"),
        body: id.map((n) => ({ n })),
      }),
      fc.record({
        method: fc.constant("wait"),
        path: fc.constant(""),
        body: fc.constantFrom({ ms: 4_000 }, { ms: 30_000 }),
      }),
    );
    for (const n of ids) {
      await owner.do("POST", "/services", { id: `s${n}`, team: "finance", draft: draftAt(`/shared-${n}`) });
      await owner.do("PATCH", `/services/s${n}`, { approval: n === 0 ? "automatic" : "manual" });
    }
    const apply = async ({ method, path, body }: { method: string; path: string; body: object | null }) => {
      if (method === "wait") test.nowMs += (body as { ms: number }).ms;
      else if (method === "decide") {
        const { items } = await owner.do("GET", "/subscriptions?limit=500");
        const one = items[(body as { n: number }).n];
        const expires_at = new Date(test.nowMs + 10_000).toISOString();
        if (one !== undefined) {
          await owner.post(`/subscriptions/${one.id}/${path}`, path === "approve" ? { expires_at } : {});
        }
      } else if (body !== null && "expiresIn" in body) {
        const { expiresIn, ...rest } = body as { expiresIn: number };
        const expires_at = expiresIn === 0 ? null : new Date(test.nowMs + expiresIn * 1000).toISOString();
        await owner.post(path, { ...rest, expires_at });
      } else await owner.ask(method, path, body ?? undefined);
    };
    const operations = fc.array(fc.array(operation, { minLength: 1, maxLength: 3 }), { minLength: 4, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(operations, async (steps) => {
        for (const atOnce of steps) {
          await Promise.all(atOnce.map(apply));
          const additions = await catchUp();
          const other = await fresh();
          expect(additions).toEqual(other.additions);
        }
      }),
      { numRuns: runs(RUNS) },
    );
    expect(source.additions.services.length + source.additions.applications.length).toBeGreaterThan(0);
  });

  it("tells gateways when credentials and subscriptions end: they look at each call", async () => {
    const id = await application();
    const target = await service(`/expiring-${count}`);
    const at = (ms: number) => new Date(test.nowMs + ms).toISOString();
    await owner.do("POST", `/applications/${id}/credentials`, { name: "short", expires_at: at(10_000) });
    const { id: old } = await owner.do("POST", `/applications/${id}/credentials`, { name: "rotated" });
    await owner.do("POST", `/applications/${id}/credentials/${old}/rotate`, { overlap_seconds: 20 });
    const { id: subscription } = await owner.do("POST", "/subscriptions", { application: id, service: target });
    await owner.do("POST", `/subscriptions/${subscription}/approve`, { expires_at: at(30_000) });
    const one = applicationIn(await catchUp(), id);
    expect(one?.credentials.map(({ expiresAtMs }) => expiresAtMs && expiresAtMs - test.nowMs).sort()).toEqual(
      [10_000, 20_000, null].sort(),
    );
    expect(one?.subscriptions).toMatchObject([
      { service: target, state: "approved", expiresAtMs: test.nowMs + 30_000 },
    ]);
    test.nowMs += 30_000;
    expect((await owner.do("GET", `/subscriptions/${subscription}`)).state).toBe("expired");
    const { items } = await owner.do("GET", `/applications/${id}/credentials`);
    expect(items.map(({ state }: { state: string }) => state).sort()).toEqual(["active", "expired", "expired"]);
  });

  it("bug: one release or one application that can't be read kept all others from being served", async () => {
    const [good, worse, broken] = [await service("/good"), await service("/worse"), await service("/broken")];
    const [fine, odd] = [await application(), await application()];
    await test.run(
      `update releases set compiled = null, configuration = '{"routes":[]}' where service_id = '${worse}'`,
    );
    await test.run(`update releases set compiled = null, configuration = 'not JSON' where service_id = '${broken}'`);
    await test.run(`update applications set limits = '[{"requests":"many"}]' where id = '${odd}'`);
    const { additions } = await fresh();
    const served = additions.services.map(({ id }) => id);
    expect([served.includes(good), served.includes(worse), served.includes(broken)]).toEqual([true, false, false]);
    // Without its limits it would be served without limits.
    expect(additions.applications.map(({ id }) => id)).toEqual(expect.arrayContaining([fine]));
    expect(applicationIn(additions, odd)).toBeUndefined();
    const log = test.log.join("\n");
    for (const id of [worse, broken, odd]) expect(log).toContain(`"${id}"`);
    await owner.do("POST", `/services/${worse}/publish`);
    touched.push({ kind: "service", id: broken }, { kind: "application", id: odd });
    expect((await catchUp()).services.map(({ id }) => id)).toContain(worse);
    await test.run(`update applications set limits = '[]' where id = '${odd}'`);
    await owner.do("POST", `/services/${broken}/publish`);
  });

  it("bug: while something was read again, it was missing from what gateways got", async () => {
    const id = await service("/steady");
    const app = await application();
    await catchUp();
    const updates = Array.from({ length: 10 }, () => {
      return source.update([
        { kind: "service", id },
        { kind: "application", id: app },
      ]);
    });
    let over = false;
    const watching = (async () => {
      while (!over) {
        const { services, applications } = source.additions;
        expect([services.some((one) => one.id === id), applications.some((one) => one.id === app)]).toEqual([
          true,
          true,
        ]);
        await new Promise(setImmediate);
      }
    })();
    await Promise.all(updates);
    over = true;
    await watching;
  });

  it("ends with the newest state, however many readings are under way", async () => {
    const app = await application();
    const { id } = await owner.do("POST", `/applications/${app}/credentials`, { name: "to be revoked" });
    const readings: Promise<void>[] = [];
    for (let reading = 0; reading < 5; reading++) readings.push(source.update([{ kind: "application", id: app }]));
    await owner.do("DELETE", `/applications/${app}/credentials/${id}`);
    readings.push(source.update([{ kind: "application", id: app }]));
    for (let reading = 0; reading < 5; reading++)
      readings.push(source.update([{ kind: "application", id: `x${reading}` }]));
    await Promise.all(readings);
    expect(applicationIn(source.additions, app)?.credentials).toEqual([]);
  });

  it("tells of changes that gateways serve, and of no others", async () => {
    const id = await service("/told", "draft");
    await catchUp();
    touched = [];
    await owner.do("PATCH", `/services/${id}`, { name: "Renamed" });
    await owner.do("POST", "/teams", { id: `team-${++count}`, name: "T" });
    expect(touched).toEqual([]);
    await owner.do("POST", `/services/${id}/publish`);
    expect(touched).toEqual([{ kind: "service", id }]);
  });
});
