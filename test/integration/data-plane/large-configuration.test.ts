import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import type { PackedSnapshot } from "../../../src/contracts/packed-snapshot.ts";
import type { ApplicationSnapshot, ServiceSnapshot } from "../../../src/contracts/snapshot.ts";
import { createGateway } from "../../../src/data-plane/gateway.ts";
import { createWorkerPool } from "../../../src/platform/worker-pool.ts";
import { packSnapshot, SnapshotPacker } from "../../../src/snapshot/packed/packer.ts";
import { apiKey } from "../../helpers/api-key.ts";
import { type FastGateway, nativeYaml, startFastGateway } from "../../helpers/fast-path.ts";
import { collectingLogger } from "../../helpers/gateway.ts";
import { restService } from "../../helpers/rest-service.ts";
import { startUpstream, type TestUpstream } from "../../helpers/upstream.ts";

const APPLICATIONS = 20_000;
const SERVICES = 400;
const keyOf = (index: number | string) => `tg_key_of_application_${index}`;
const idOf = (index: number) => `application-${index}`;

let upstream: TestUpstream;
let gateway: FastGateway;
let packed: PackedSnapshot;
const packer = new SnapshotPacker();
let services: ServiceSnapshot[];
let applications: ApplicationSnapshot[];
let version = 1;

beforeAll(async () => {
  upstream = await startUpstream();
  gateway = await startFastGateway(
    nativeYaml(
      `services: [{ id: one, routes: [{ path: /one }], upstream: { targets: [{ url: "${upstream.url}" }] } }]`,
      {
        subscriptions: "[one]",
      },
    ),
  );
  const small = gateway.snapshot();
  const [service] = small.services as [ServiceSnapshot];
  const [application] = small.applications as [ApplicationSnapshot];
  const [route] = service.routes as [ServiceSnapshot["routes"][number]];
  services = Array.from({ length: SERVICES }, (_, index) => {
    const routes = [{ ...route, path: `/api/s${index}` }];
    return { ...service, id: `s${index}`, routes };
  });
  applications = Array.from({ length: APPLICATIONS }, (_, index) => ({
    ...application,
    id: idOf(index),
    credentials: [apiKey(keyOf(index))],
    subscriptions: application.subscriptions.map((one) => ({ ...one, service: `s${index % SERVICES}` })),
  }));
  packed = packer.pack({ ...small, services, applications, version: ++version });
  await gateway.gateway.applyPacked(packed);
});
afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

const statusOf = async (index: number, key = keyOf(index)) => {
  const headers = { authorization: `Bearer ${key}` };
  const answer = await fetch(`${gateway.url}/api/s${index % SERVICES}`, { headers });
  await answer.arrayBuffer();
  return answer.status;
};
const wayOf = (index: number) => gateway.way(async () => expect(await statusOf(index)).toBe(200));

/** Applies the snapshot with these applications as they are said to be; null: gone. */
function change(index: number, application: ApplicationSnapshot | null): Promise<void> {
  packed = packer.change(new Map([[idOf(index), application]]), ++version, 0);
  return gateway.gateway.applyPacked(packed);
}

const at = (index: number) => applications[index] as ApplicationSnapshot;

describe("20,000 applications", () => {
  it("are decoded when they call, and known to the native hot path from then on", async () => {
    const { applications: before } = gateway.gateway.compiled;
    expect([await wayOf(1), await wayOf(2), await wayOf(1), await wayOf(2)]).toEqual([
      "stages",
      "stages",
      "native",
      "native",
    ]);
    expect(gateway.gateway.compiled.applications).toBe(before + 2);
  });

  it("a key that is revoked, made or replaced is that key's business alone", async () => {
    for (const index of [10, 11]) for (const way of ["stages", "native"]) expect(await wayOf(index)).toBe(way);
    const before = gateway.gateway.compiled;
    const chunksBefore = packer.encoded;

    await change(10, { ...at(10), credentials: [] });
    expect(await statusOf(10)).toBe(401);
    // Its chunk, and those in which its keys are looked up.
    expect(packer.encoded - chunksBefore).toBeLessThanOrEqual(3);
    expect(gateway.gateway.compiled).toEqual(before);

    await change(10, { ...at(10), credentials: [apiKey(keyOf("new"))] });
    expect(await statusOf(10, keyOf("new"))).toBe(200);
    expect(await statusOf(10)).toBe(401);
    // Nobody else is decoded or learned anew, and no route.
    expect(await wayOf(11)).toBe("native");
    expect(gateway.gateway.compiled).toEqual({ ...before, applications: before.applications + 1 });
    expect(await gateway.way(() => statusOf(10, keyOf("new")))).toBe("native");
  });

  it("a subscription that is taken back, and an application that goes", async () => {
    for (const index of [20, 21]) for (const way of ["stages", "native"]) expect(await wayOf(index)).toBe(way);
    const before = gateway.gateway.compiled.pipelines;
    await change(20, {
      ...at(20),
      subscriptions: at(20).subscriptions.map((one) => ({ ...one, state: "revoked" as const })),
    });
    expect(await statusOf(20)).toBe(403);
    await change(21, null);
    expect(await statusOf(21)).toBe(401);
    await change(20, at(20));
    expect(await statusOf(20)).toBe(200);
    expect(gateway.gateway.compiled.pipelines).toBe(before);
  });

  it("the version that is served is told", async () => {
    await change(30, { ...at(30), team: "another" });
    const answer = await fetch(`${gateway.url}/health/readiness`);
    expect(await answer.json()).toMatchObject({ snapshot_version: version });
  });
});

describe("a service that changes", () => {
  const withMethods = (index: number, methods: string[]): ServiceSnapshot[] =>
    services.map((service, place) =>
      place === index ? { ...service, routes: service.routes.map((route) => ({ ...route, methods })) } : service,
    );
  const publish = (changed: ServiceSnapshot[], others = applications) => {
    services = changed;
    applications = others;
    packed = packer.pack({ ...gateway.snapshot(), services, applications, version: ++version });
    return gateway.gateway.applyPacked(packed);
  };

  it("is decoded with its chunk, while calls go by what was there", async () => {
    expect(await statusOf(40)).toBe(200);
    const before = gateway.gateway.compiled;
    const applied = publish(withMethods(40, ["POST"]));
    // The event loop has not been kept until it is all there.
    expect(gateway.gateway.compiled.pipelines).toBe(before.pipelines);
    await applied;
    expect(await statusOf(40)).toBe(405);
    const after = gateway.gateway.compiled;
    expect(after.pipelines).toBe(before.pipelines + 1);
    expect(after.serviceChunks).toBe(before.serviceChunks + 1);
  });

  it("a key that is revoked with it is refused before it is compiled", async () => {
    for (const way of ["stages", "native"]) expect(await wayOf(50)).toBe(way);
    const before = gateway.gateway.compiled.pipelines;
    const applied = publish(
      withMethods(51, ["POST"]),
      applications.map((one, index) => (index === 50 ? { ...one, credentials: [] } : one)),
    );
    const status = statusOf(50);
    expect(gateway.gateway.compiled.pipelines).toBe(before);
    expect(await status).toBe(401);
    await applied;
    expect(await statusOf(50)).toBe(401);
  });

  it("of several changes at once the last one is served, and none is compiled for nothing", async () => {
    const before = gateway.gateway.compiled.pipelines;
    const all = [60, 61, 62, 63].map((index) => publish(withMethods(index, ["POST"])));
    await Promise.all(all);
    expect(await Promise.all([60, 61, 62, 63].map((index) => statusOf(index)))).toEqual([405, 405, 405, 405]);
    expect(gateway.gateway.compiled.pipelines).toBeLessThan(before + all.length);
  });

  it("one that can't be served is refused, and what was served stays", async () => {
    const broken = services.map((service, index) =>
      index === 70
        ? { ...service, upstream: { ...restService(service).upstream, targets: [{ url: "nonsense", weight: 1 }] } }
        : service,
    );
    const [good, before] = [services, gateway.gateway.compiled.pipelines];
    await expect(publish(broken)).rejects.toThrow("Invalid URL");
    expect(gateway.gateway.compiled.pipelines).toBe(before);
    expect(await statusOf(71)).toBe(200);
    await publish(good);
    expect(await statusOf(71)).toBe(200);
  });
});

it("a gateway that is given two snapshots at once when it starts serves the second, and can listen after the first", async () => {
  const home = mkdtempSync(join(tmpdir(), "tidegate-test-"));
  const pool = createWorkerPool({ maxThreads: 1 });
  const fresh = createGateway({
    worker: 1,
    logger: collectingLogger([]),
    pool,
    journal: null,
    limitsFile: join(home, "limits.shm"),
    invalidationsFile: join(home, "invalidations.shm"),
    callLog: { append() {} },
  });
  onTestFinished(async () => {
    await fresh.close();
    await pool.close();
    rmSync(home, { recursive: true });
  });
  const small = { ...gateway.snapshot(), version: 1 };
  const first = fresh.applyPacked(packSnapshot(small));
  const second = fresh.applyPacked(packSnapshot({ ...small, version: 2, drainTimeoutMs: 1 }));
  await first;
  const [url] = await fresh.listen();
  await second;
  const answer = await fetch(`${url}/health/readiness`);
  expect(await answer.json()).toMatchObject({ snapshot_version: 2 });
});
