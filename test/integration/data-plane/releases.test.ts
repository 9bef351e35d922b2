import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { ReleaseSelectionSnapshot, RestServiceSnapshot, RouteSnapshot } from "../../../src/contracts/snapshot.ts";
import { apiKey } from "../../helpers/api-key.ts";
import { type FastGateway, nativeYaml, startFastGateway } from "../../helpers/fast-path.ts";
import { TEST_KEY } from "../../helpers/gateway.ts";
import { type RawResponse, rawRequest } from "../../helpers/raw-client.ts";
import { startUpstream, type TestUpstream } from "../../helpers/upstream.ts";

/** Answers of the upstream behind release n are `n`. */
let upstreams: TestUpstream[] = [];
let gateway: FastGateway;
beforeAll(async () => {
  upstreams = await Promise.all([1, 2, 3].map((n) => startUpstream((_, response) => response.end(String(n)))));
});
afterAll(() => Promise.all(upstreams.map((upstream) => upstream.close())));
afterEach(() => gateway.close());

type Route = Partial<RouteSnapshot> & { path: string };
interface Release extends Omit<Partial<RestServiceSnapshot>, "routes" | "selection"> {
  release: number;
  selection?: Partial<ReleaseSelectionSnapshot>;
  routes?: Route[];
}

const yaml = (more = "access: open") =>
  nativeYaml(
    `services: [{ id: shop, ${more}, routes: [{ path: /shop }], upstream: { targets: [{ url: "${upstreams[0]?.url}" }] } }]`,
    { subscriptions: "[shop]" },
  );

/** A gateway whose service `shop` has these releases; the first is the default. */
async function serve(releases: Release[], more?: string): Promise<void> {
  gateway = await startFastGateway(yaml(more));
  apply(releases);
}

function apply(releases: Release[]): void {
  gateway.change((snapshot) => {
    const shop = snapshot.services.find(({ id }) => id === "shop") as RestServiceSnapshot;
    const route = shop.routes[0] as RouteSnapshot;
    snapshot.services = releases.map(({ release, selection, routes, ...changes }, index) => ({
      ...structuredClone(shop),
      release,
      selection: { isDefault: index === 0, version: null, canary: null, ...selection },
      routes: (routes ?? [{ path: "/shop" }]).map((one) => ({ ...route, id: one.path, ...one })),
      upstream: { ...shop.upstream, targets: [{ url: upstreams[release - 1]?.url ?? "", weight: 1 }] },
      ...changes,
    }));
  });
}

function call(path = "/shop", headers: Record<string, string> = {}, method = "GET"): Promise<RawResponse> {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return rawRequest(gateway.port, `${method} ${path} HTTP/1.1\r\nHost: a\r\n${lines.join("")}\r\n`);
}

async function served(...parameters: Parameters<typeof call>): Promise<string> {
  const response = await call(...parameters);
  return response.status === 200 ? response.body.toString() : JSON.parse(response.body.toString()).error.code;
}

const version = (value: string) => ({ version: { header: "x-api-version", value } });
const canary = (percent: number, sticky = false, header: [string, string] | null = null) => ({
  canary: { percent, sticky, header: header === null ? null : { name: header[0], value: header[1] } },
});

describe("the answer and the record say which release served", () => {
  it("of a service that has several", async () => {
    await serve([{ release: 1 }, { release: 2, selection: version("2") }]);
    for (const [headers, release] of [
      [{}, 1],
      [{ "x-api-version": "2" }, 2],
    ] as const) {
      const response = await call("/shop", headers);
      expect(response.header("x-tidegate-release")).toBe(String(release));
      const record = await gateway.record(response.header("x-request-id"));
      expect(record).toMatchObject({ service: "shop", route: "/shop", release });
    }
  });

  it("and say nothing of one that has none", async () => {
    gateway = await startFastGateway(yaml());
    for (let i = 0; i < 2; i++) {
      const response = await call();
      expect(response.header("x-tidegate-release")).toBeUndefined();
      expect(await gateway.record(response.header("x-request-id"))).toMatchObject({ service: "shop", release: null });
    }
    expect(gateway.taken().forwarded).toBe(1);
  });
});

describe("a version", () => {
  it("by path: releases whose paths are apart are known to the governor", async () => {
    await serve([
      { release: 1, routes: [{ path: "/v1/shop" }] },
      { release: 2, routes: [{ path: "/v2/shop" }] },
    ]);
    for (let i = 0; i < 3; i++) {
      for (const release of [1, 2]) {
        const way = await gateway.way(async () => {
          const response = await call(`/v${release}/shop/x`);
          expect(response.body.toString()).toBe(String(release));
          expect(response.header("x-tidegate-release")).toBe(String(release));
          expect(await gateway.record(response.header("x-request-id"))).toMatchObject({ release });
        });
        expect(way).toBe(i === 0 ? "stages" : "native");
      }
    }
  });

  it("by header, and a version that is not there is not another one", async () => {
    await serve([
      { release: 1, selection: version("1") },
      { release: 2, selection: version("2"), routes: [{ path: "/shop/new" }] },
    ]);
    expect(await served("/shop")).toBe("1");
    expect(await served("/shop", { "x-api-version": "1" })).toBe("1");
    expect(await served("/shop/new", { "x-api-version": "2" })).toBe("2");
    const missing = await call("/shop", { "x-api-version": "2" });
    expect(missing.status).toBe(404);
    expect(missing.body.toString()).toContain("release 2 of service shop has no route for GET /shop");
    const unknown = await call("/shop", { "x-api-version": "9" });
    expect(unknown.status).toBe(404);
    expect(unknown.body.toString()).toContain("use 1 or 2");
    expect(gateway.taken().forwarded).toBe(0);
  });
});

describe("a route that only some releases have", () => {
  const releases: Release[] = [
    { release: 1, routes: [{ path: "/shop", methods: ["GET", "POST"] }, { path: "/old" }] },
    {
      release: 2,
      routes: [{ path: "/shop", methods: ["GET"] }, { path: "/shop/new", methods: ["GET"] }, { path: "/new" }],
    },
  ];

  it("is the default's where it has a wider one, and otherwise that release's", async () => {
    await serve(releases);
    expect(await served("/shop/new")).toBe("1");
    expect(await served("/shop/new", {}, "POST")).toBe("1");
    expect(await served("/shop")).toBe("1");
    expect(await served("/old")).toBe("1");
    expect(await served("/new")).toBe("2");
    expect(await served("/new", {}, "DELETE")).toBe("2");
    expect(await served("/neither")).toBe("route_not_found");
  });

  it("is not missed by a canary: what it does not have, the default serves", async () => {
    await serve(releases.map((one) => (one.release === 2 ? { ...one, selection: canary(100) } : one)));
    expect(await served("/shop")).toBe("2");
    expect(await served("/shop", {}, "POST")).toBe("1");
    expect(await served("/shop/new")).toBe("2");
    expect(await served("/old")).toBe("1");
    const refused = await call("/shop", {}, "DELETE");
    expect([refused.status, refused.header("allow")]).toEqual([405, "GET, POST"]);
  });
});

describe("a canary", () => {
  it("gets its share, and the others theirs", async () => {
    await serve([{ release: 1 }, { release: 2, selection: canary(30) }, { release: 3, selection: canary(50) }]);
    const counts: Record<string, number> = { 1: 0, 2: 0, 3: 0 };
    for (let i = 0; i < 300; i++) {
      const release = await served();
      counts[release] = (counts[release] ?? 0) + 1;
    }
    // Each within seven standard deviations of its share.
    expect(Math.abs((counts[1] ?? 0) - 60)).toBeLessThan(49);
    expect(Math.abs((counts[2] ?? 0) - 90)).toBeLessThan(56);
    expect(Math.abs((counts[3] ?? 0) - 150)).toBeLessThan(61);
    expect(gateway.taken().forwarded).toBe(0);
  });

  it("gets all calls with its header, whatever the share, and a version wins over both", async () => {
    await serve([
      { release: 1, selection: version("1") },
      { release: 2, selection: { ...version("2"), ...canary(0, false, ["x-canary", "yes"]) } },
    ]);
    for (let i = 0; i < 5; i++) {
      expect(await served("/shop", { "x-canary": "yes" })).toBe("2");
      expect(await served("/shop", { "x-canary": "no" })).toBe("1");
      expect(await served("/shop", { "x-canary": "yes", "x-api-version": "1" })).toBe("1");
    }
  });

  it("that is sticky keeps whom it has when its share grows", async () => {
    const keys = Array.from({ length: 40 }, (_, i) => `tg_key_of_application_number_${i}`);
    await serve([{ release: 1 }, { release: 2, selection: canary(30, true) }], "access: key");
    const withKeys = (percent: number) => {
      apply([{ release: 1 }, { release: 2, selection: canary(percent, true) }]);
      gateway.change((snapshot) => {
        snapshot.applications = keys.map((key, i) => ({
          id: `application-${i}`,
          team: "default",
          credentials: [apiKey(key)],
          subscriptions: [],
          limits: [],
        }));
      });
    };
    const inCanary = async () => {
      const found = new Set<string>();
      for (const key of keys) {
        const first = await served("/shop", { "x-api-key": key });
        for (let i = 0; i < 3; i++) expect(await served("/shop", { "x-api-key": key })).toBe(first);
        if (first === "2") found.add(key);
      }
      return found;
    };
    withKeys(30);
    const few = await inCanary();
    withKeys(70);
    const many = await inCanary();
    expect(few.size).toBeGreaterThan(2);
    expect(many.size).toBeGreaterThan(few.size);
    for (const key of few) expect(many).toContain(key);
  });

  it("of a configuration file differs in its upstream alone", async () => {
    const more = `limits: [{ requests: 100, window: 1h, per: service }], access: key, canary: { percent: 0, header: { name: x-canary, value: "1" }, upstream: { targets: [{ url: "${upstreams[1]?.url}" }] } }`;
    gateway = await startFastGateway(yaml(more));
    const key = { "x-api-key": TEST_KEY };
    const one = await call("/shop", key);
    const two = await call("/shop", { ...key, "x-canary": "1" });
    expect([one.body.toString(), one.header("x-tidegate-release")]).toEqual(["1", "1"]);
    expect([two.body.toString(), two.header("x-tidegate-release")]).toEqual(["2", "2"]);
    // Releases with the same limit are counted in one.
    expect([one, two].map((answer) => answer.header("x-ratelimit-remaining-requests"))).toEqual(["99", "98"]);
    expect(await served("/shop", { "x-canary": "1" })).toBe("missing_credentials");
  });
});

describe("deprecated and retired releases", () => {
  const DEPRECATION = {
    atMs: Date.UTC(2026, 0, 1),
    sunsetAtMs: Date.UTC(2026, 5, 30, 12),
    link: "https://docs.example.org/shop",
  };
  const lifecycle = (response: RawResponse) => ["deprecation", "sunset", "link"].map((name) => response.header(name));
  const EXPECTED = [
    "@1767225600",
    "Tue, 30 Jun 2026 12:00:00 GMT",
    '<https://docs.example.org/shop>; rel="deprecation"',
  ];

  it("a deprecated one says so with each answer, its errors too, however the call goes", async () => {
    const more = `access: open, limits: [{ requests: 3, window: 1h, per: service }], deprecation: { at: 2026-01-01, sunset: "2026-06-30T12:00:00Z", link: "https://docs.example.org/shop" }`;
    gateway = await startFastGateway(yaml(more));
    for (const way of ["stages", "native", "native"]) {
      expect(await gateway.way(async () => expect(lifecycle(await call())).toEqual(EXPECTED))).toBe(way);
    }
    const refused = await call();
    expect([refused.status, ...lifecycle(refused)]).toEqual([429, ...EXPECTED]);
  });

  it("what an upstream says of its own end is replaced, its links stay, and the service's own edits win", async () => {
    const told = await startUpstream((_, response) => {
      response.setHeader("deprecation", "@1");
      response.setHeader("link", "</next>; rel=next");
      response.end("x");
    });
    const withEdits = (edits: string) =>
      nativeYaml(
        `services: [{ id: shop, access: open, deprecation: { at: 2026-01-01, link: "https://docs.example.org/shop" }, ${edits} routes: [{ path: /shop }], upstream: { targets: [{ url: "${told.url}" }] } }]`,
      );
    gateway = await startFastGateway(withEdits(""));
    for (let i = 0; i < 2; i++) {
      const { headers } = await call();
      const of = (name: string) => headers.filter(([one]) => one.toLowerCase() === name).map(([, value]) => value);
      expect(of("deprecation")).toEqual(["@1767225600"]);
      expect(of("link")).toEqual(["</next>; rel=next", EXPECTED[2]]);
    }
    expect(gateway.taken().forwarded).toBe(1);
    await gateway.reload(withEdits("response_headers: { set: { deprecation: mine }, remove: [link] },"));
    for (let i = 0; i < 2; i++) expect(lifecycle(await call())).toEqual(["mine", undefined, undefined]);
    await told.close();
  });

  it("a retired service is gone for everybody, and says what follows it", async () => {
    const more = `access: subscription, retired: true, deprecation: { at: 2026-01-01, link: "https://docs.example.org/shop" }`;
    gateway = await startFastGateway(yaml(more));
    for (const headers of [{}, { "x-api-key": TEST_KEY }]) {
      const gone = await call("/shop/x", headers);
      expect([gone.status, gone.header("link")]).toEqual([410, EXPECTED[2]]);
      const { error } = JSON.parse(gone.body.toString());
      expect(error).toMatchObject({
        code: "service_retired",
        message: expect.stringContaining("https://docs.example.org/shop"),
      });
    }
    expect(upstreams[0]?.requests.some(({ url }) => url === "/shop/x")).toBe(false);
  });

  it("a retired release answers 410 to those who ask for it, and another serves what they share", async () => {
    await serve([
      { release: 2, selection: version("2") },
      {
        release: 1,
        selection: version("1"),
        retired: true,
        deprecation: DEPRECATION,
        routes: [{ path: "/shop" }, { path: "/old" }],
      },
    ]);
    expect(await served("/shop")).toBe("2");
    const gone = await call("/shop", { "x-api-version": "1" });
    expect([gone.status, ...lifecycle(gone)]).toEqual([410, ...EXPECTED]);
    expect(await served("/old")).toBe("service_retired");
    expect(await gateway.record(gone.header("x-request-id"))).toMatchObject({
      errorCode: "service_retired",
      release: 1,
    });
  });
});

it("a snapshot whose service has no default release, or two, is refused, and the old one stays", async () => {
  await serve([{ release: 1 }]);
  for (const isDefault of [true, false]) {
    expect(() =>
      apply([
        { release: 1, selection: { isDefault } },
        { release: 2, selection: { isDefault } },
      ]),
    ).toThrow(`service shop has ${isDefault ? 2 : 0} default releases`);
    expect(await served()).toBe("1");
  }
});
