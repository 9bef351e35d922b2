import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { SubscriptionSnapshot } from "../../../src/contracts/snapshot.ts";
import { apiKey } from "../../helpers/api-key.ts";
import { expectParity, type FastGateway, nativeYaml, startFastGateway } from "../../helpers/fast-path.ts";
import { TEST_KEY } from "../../helpers/gateway.ts";
import { type RawResponse, rawRequest } from "../../helpers/raw-client.ts";
import { startUpstream, type TestUpstream } from "../../helpers/upstream.ts";

/** Each call is made in the stages and, where it is let through, by the governor: both know the same subscriptions. */

const OTHER_KEY = "tg_another_key_1234567890";

let upstream: TestUpstream;
let gateway: FastGateway;
beforeAll(async () => {
  upstream = await startUpstream();
});
afterAll(() => upstream.close());
afterEach(() => gateway.close());

const service = (id: string, more = "") =>
  `  - { id: ${id}, ${more} routes: [{ path: /${id} }], upstream: { targets: [{ url: "${upstream.url}" }] } }`;
const yaml = (subscriptions: string, more: { services?: string[]; applications?: string; limits?: string } = {}) =>
  nativeYaml(`${more.applications ?? ""}services:\n${(more.services ?? [service("one")]).join("\n")}`, {
    subscriptions,
    limits: more.limits ?? "[]",
  });

const bytes = (path = "/one", key = TEST_KEY) => `GET ${path} HTTP/1.1\r\nHost: a\r\nx-api-key: ${key}\r\n\r\n`;
const get = (path?: string, key?: string): Promise<RawResponse> => rawRequest(gateway.port, bytes(path, key));
const codeOf = ({ body }: RawResponse): string => JSON.parse(body.toString()).error?.code;
const remaining = (response: RawResponse) => Number(response.header("x-ratelimit-remaining-requests"));

function subscribe(...subscriptions: (Partial<SubscriptionSnapshot> & { service: string })[]): void {
  gateway.change((snapshot) => {
    for (const application of snapshot.applications) {
      application.subscriptions = subscriptions.map((one) => ({
        state: "approved",
        expiresAtMs: null,
        limits: [],
        ...one,
      }));
    }
  });
}

describe("a subscription lets calls through when it is approved, and says why when it is not", () => {
  it.each([
    ["pending", "subscription_pending"],
    ["rejected", "subscription_rejected"],
    ["revoked", "subscription_revoked"],
    ["cancelled", "subscription_cancelled"],
    ["expired", "subscription_expired"],
  ] as const)("%s", async (state, code) => {
    gateway = await startFastGateway(yaml("[one]"));
    for (let i = 0; i < 2; i++) expect((await get()).status).toBe(200);
    expect(gateway.taken().forwarded).toBe(1);
    subscribe({ service: "one", state });
    for (let i = 0; i < 2; i++) {
      const refused = await get();
      expect([refused.status, codeOf(refused)]).toEqual([403, code]);
      expect(refused.body.toString()).toContain("application web");
    }
    const record = await gateway.record((await get()).header("x-request-id"));
    expect(record).toMatchObject({ status: 403, errorCode: code, application: "web", service: "one", attempts: 0 });
    subscribe({ service: "one" });
    expect((await get()).status).toBe(200);
  });

  it("none", async () => {
    gateway = await startFastGateway(yaml("[]"));
    const refused = await get();
    expect([refused.status, codeOf(refused)]).toEqual([403, "subscription_required"]);
  });

  it("of several to one service the approved one counts, and among many as among few", async () => {
    gateway = await startFastGateway(yaml("[]"));
    const others = Array.from({ length: 40 }, (_, i) => ({ service: `other-${i}`, state: "revoked" as const }));
    for (const more of [[], others]) {
      subscribe({ service: "one" }, ...more, { service: "one", state: "revoked" });
      expect(await gateway.way(async () => expect((await get()).status).toBe(200))).toBe("stages");
      expect(await gateway.way(async () => expect((await get()).status).toBe(200))).toBe("native");
      subscribe({ service: "one", state: "cancelled" }, ...more, { service: "one", state: "pending" });
      expect(codeOf(await get())).toBe("subscription_pending");
    }
  });
});

describe("an approved subscription ends by itself", () => {
  it("for a call whose time is past its end, though nothing was compiled since", async () => {
    gateway = await startFastGateway(yaml("[one]"));
    subscribe({ service: "one", expiresAtMs: Date.now() + 400 });
    let native = 0;
    // Calls of both kinds are made until it is over.
    let response = await get();
    while (response.status === 200) {
      native = gateway.taken().forwarded;
      response = await get();
    }
    expect(native).toBeGreaterThan(0);
    expect([response.status, codeOf(response)]).toEqual([403, "subscription_expired"]);
  });

  it("also one that has ended before the configuration was read", async () => {
    gateway = await startFastGateway(yaml("[{ service: one, expires_at: 2020-01-01 }]"));
    expect(codeOf(await get())).toBe("subscription_expired");
  });

  it("and not before", async () => {
    gateway = await startFastGateway(yaml("[{ service: one, expires_at: 2090-01-01 }]"));
    const call = { bytes: bytes(), seen: () => upstream.requests };
    expect((await expectParity(gateway, call, "native")).record).toMatchObject({ service: "one", status: 200 });
  });
});

describe("limits of a subscription", () => {
  it.each(["application", "service", "address"])(
    "are counted on by the governor, and the call beyond is refused (per: %s)",
    async (per) => {
      gateway = await startFastGateway(yaml(`[{ service: one, limits: [{ requests: 4, window: 1h, per: ${per} }] }]`));
      const left: number[] = [];
      for (let i = 0; i < 4; i++) left.push(remaining(await get()));
      expect(left).toEqual([3, 2, 1, 0]);
      expect(gateway.taken()).toEqual({ forwarded: 3, handedOver: 0 });
      expect(codeOf(await get())).toBe("rate_limited");
    },
  );

  it("are counted for each subscription apart", async () => {
    const limits = "limits: [{ requests: 10, window: 1h }]";
    gateway = await startFastGateway(
      yaml(`[{ service: one, ${limits} }, { service: two, ${limits} }]`, {
        services: [service("one"), service("two")],
      }),
    );
    gateway.change((snapshot) => {
      const [web] = snapshot.applications;
      if (web !== undefined) snapshot.applications.push({ ...web, id: "other", credentials: [apiKey(OTHER_KEY)] });
    });
    for (const expected of [9, 8, 7]) {
      expect(remaining(await get("/one"))).toBe(expected);
      expect(remaining(await get("/two"))).toBe(expected);
      expect(remaining(await get("/one", OTHER_KEY))).toBe(expected);
    }
    // The first call to each service is decided by the stages, and the first of each caller.
    expect(gateway.taken().forwarded).toBe(6);
  });

  it("stand beside those of the application and of the service, and a call that one refuses counts with none", async () => {
    const limits = { limits: "[{ requests: 20, window: 1h }]" };
    const serviceLimit = (requests: number) => [
      service("one", `limits: [{ requests: ${requests}, window: 1h, per: service }],`),
    ];
    const subscription = (requests: number) => `[{ service: one, limits: [{ requests: ${requests}, window: 1h }] }]`;
    gateway = await startFastGateway(yaml(subscription(3), { ...limits, services: serviceLimit(30) }));
    for (let i = 0; i < 3; i++) expect(remaining(await get())).toBe(2 - i);
    for (let i = 0; i < 3; i++) expect((await get()).status).toBe(429);
    await gateway.reload(yaml(subscription(40), { ...limits, services: serviceLimit(30) }));
    // The application's counter goes on from three.
    expect(remaining(await get())).toBe(16);
    expect(remaining(await get())).toBe(15);
    expect(gateway.taken().forwarded).toBe(3);
  });
});

/** SHA-256 of OTHER_KEY. */
