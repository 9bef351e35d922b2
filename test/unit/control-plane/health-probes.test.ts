import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Logger } from "../../../src/contracts/logger.ts";
import type { ActiveHealthCheckSnapshot, ServiceSnapshot, Snapshot } from "../../../src/contracts/snapshot.ts";
import { HealthProbes } from "../../../src/control-plane/health-probes.ts";

const CHECK: ActiveHealthCheckSnapshot = {
  path: "/healthz",
  intervalMs: 20,
  timeoutMs: 100,
  healthyAfter: 2,
  unhealthyAfter: 3,
  expectStatus: [200, 299],
};

let server: Server;
let url: string;
let answer: (respond: (status: number) => void) => void;
let paths: string[];
let probes: HealthProbes;
let changes: string[][];

const silent: Logger = { debug() {}, info() {}, warn() {}, error() {}, child: () => silent };

beforeEach(async () => {
  answer = (respond) => respond(200);
  paths = [];
  changes = [];
  server = createServer((request, response) => {
    paths.push(request.url ?? "");
    answer((status) => response.writeHead(status).end());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  probes = new HealthProbes({ logger: silent, onChange: (unhealthy) => changes.push(unhealthy) });
});

afterEach(async () => {
  probes.stop();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

/** Only what the probes look at. */
function snapshotOf(active: ActiveHealthCheckSnapshot | null, target = url): Snapshot {
  const upstream = { active, caFile: null, targets: [{ url: target, weight: 1 }] };
  return { services: [{ id: "billing", upstream } as unknown as ServiceSnapshot] } as unknown as Snapshot;
}

function change(count: number): Promise<void> {
  return vi.waitFor(() => expect(changes).toHaveLength(count), { timeout: 10_000, interval: 5 });
}

describe("active health checks", () => {
  it("ask an MCP server at the origin of its endpoint", async () => {
    const snapshot = snapshotOf(CHECK, `${url}/mcp`);
    for (const service of snapshot.services) service.kind = "mcp";
    probes.update(snapshot);
    await vi.waitFor(() => expect(paths.length).toBeGreaterThan(0));
    expect(paths[0]).toBe("/healthz");
  });

  it("report a target after so many failures, and again after so many successes", async () => {
    const key = `billing ${url}`;
    probes.update(snapshotOf(CHECK));
    await vi.waitFor(() => expect(paths.length).toBeGreaterThan(3));
    expect(changes).toEqual([]);

    const before = paths.length;
    answer = (respond) => respond(503);
    await change(1);
    expect(changes).toEqual([[key]]);
    expect(paths.length - before).toBeGreaterThanOrEqual(CHECK.unhealthyAfter);

    answer = (respond) => respond(204);
    await change(2);
    expect(changes).toEqual([[key], []]);
    expect(new Set(paths)).toEqual(new Set(["/healthz"]));
  });

  it("take no answer in time, and a refused connection, for a failure", async () => {
    answer = () => {};
    probes.update(snapshotOf({ ...CHECK, timeoutMs: 30, unhealthyAfter: 1 }));
    await change(1);
    expect(changes[0]).toEqual([`billing ${url}`]);
    probes.update(snapshotOf({ ...CHECK, unhealthyAfter: 1 }, "http://127.0.0.1:1"));
    await change(3);
    expect(changes[2]).toEqual(["billing http://127.0.0.1:1"]);
  });

  it("keep what they know when the configuration changes elsewhere, and forget it when the check goes", async () => {
    answer = (respond) => respond(500);
    probes.update(snapshotOf(CHECK));
    await change(1);
    probes.update(snapshotOf({ ...CHECK }));
    expect(probes.unhealthy).toEqual([`billing ${url}`]);
    probes.update(snapshotOf(null));
    expect(probes.unhealthy).toEqual([]);
    expect(changes).toEqual([[`billing ${url}`], []]);
  });

  it("bug: forgot that a target was unhealthy when the check itself was changed", async () => {
    answer = (respond) => respond(500);
    probes.update(snapshotOf(CHECK));
    await change(1);
    probes.update(snapshotOf({ ...CHECK, intervalMs: 30 }));
    expect(probes.unhealthy).toEqual([`billing ${url}`]);
    expect(changes).toHaveLength(1);
  });

  it("bug: took it for the target's silence when it was this process that was held up", async () => {
    const asked = new Promise<void>((resolve) => {
      answer = (respond) => {
        respond(200);
        resolve();
      };
    });
    probes.update(snapshotOf({ ...CHECK, unhealthyAfter: 1, timeoutMs: 50 }));
    // The answer is on its way, and nobody looks until long after its time.
    await asked;
    const endMs = performance.now() + 200;
    while (performance.now() < endMs);
    const before = paths.length;
    await vi.waitFor(() => expect(paths.length).toBeGreaterThan(before + 1));
    expect(changes).toEqual([]);
  });

  it("take over what the control process before had found", async () => {
    answer = (respond) => respond(500);
    probes.adopt([`billing ${url}`]);
    probes.update(snapshotOf(CHECK));
    expect(probes.unhealthy).toEqual([`billing ${url}`]);
    answer = (respond) => respond(200);
    await change(1);
    expect(changes).toEqual([[]]);
  });
});
