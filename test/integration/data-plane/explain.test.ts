import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { PoliciesSnapshot } from "../../../src/contracts/policies.ts";
import type {
  ApplicationSnapshot,
  LimitSnapshot,
  RouteSnapshot,
  ServiceSnapshot,
  SubscriptionSnapshot,
} from "../../../src/contracts/snapshot.ts";
import { compileExplain } from "../../../src/data-plane/explain/explain.ts";
import type { ExplainRequest } from "../../../src/data-plane/explain/explanation.ts";
import { apiKey } from "../../helpers/api-key.ts";
import { baseYaml, startGateway, type TestGateway } from "../../helpers/gateway.ts";
import { runs } from "../../helpers/property-runs.ts";
import { rawRequest } from "../../helpers/raw-client.ts";
import { startUpstream, type TestUpstream } from "../../helpers/upstream.ts";

/** What explain says of a call is held against what a gateway does with it. */

const KEYS = { web: "tg_key_of_the_application_web", cli: "tg_key_of_the_application_cli" };
const LISTENER_BODY_BYTES = 10 * 1024 * 1024;

let upstream: TestUpstream;
let gateway: TestGateway;
let template: ServiceSnapshot;
beforeAll(async () => {
  upstream = await startUpstream();
  gateway = await startGateway(
    baseYaml(`services: [{ id: a, routes: [{ path: /a }], upstream: { targets: [{ url: "${upstream.url}/up" }] } }]`),
  );
  template = gateway.snapshot().services[0] as ServiceSnapshot;
});
afterAll(() => Promise.all([gateway.close(), upstream.close()]));

// --- small configurations ---

const limit: fc.Arbitrary<LimitSnapshot> = fc.record({
  per: fc.constantFrom("application" as const, "service" as const, "address" as const),
  algorithm: fc.constantFrom("window" as const, "sliding-window" as const, "token-bucket" as const),
  unit: fc.constantFrom("requests" as const, "requests" as const, "tokens" as const),
  // Never used up by what is asked here.
  amount: fc.integer({ min: 100_000, max: 100_020 }),
  windowMs: fc.constant(3_600_000),
});
const limits = fc.array(limit, { maxLength: 2 });

/** The caller is at 127.0.0.1: of these most let it in. */
const policies: fc.Arbitrary<{ policies?: PoliciesSnapshot }> = fc.constantFrom(
  {},
  {},
  {},
  { policies: { addresses: { allow: null, deny: ["10.0.0.0/8"] } } },
  { policies: { addresses: { allow: ["::ffff:127.0.0.0/104"], deny: [] } } },
  { policies: { addresses: { allow: null, deny: ["127.0.0.1"] } } },
);

const route: fc.Arbitrary<RouteSnapshot> = fc
  .record({
    place: fc.constantFrom(
      { path: "/a", match: "prefix" as const },
      { path: "/a/b", match: "prefix" as const },
      { path: "/a/b", match: "exact" as const },
      { path: "/b", match: "exact" as const },
      { path: "/:x/b", match: "pattern" as const },
      { path: "/a/*", match: "pattern" as const },
      { path: "/", match: "prefix" as const },
    ),
    methods: fc.constantFrom<string[] | null>(null, null, ["GET"], ["POST", "PUT"]),
    host: fc.constantFrom(null, null, null, "one.test", "*.test"),
    stripPrefix: fc.boolean(),
    own: policies,
  })
  .map(({ place, own, ...rest }) => ({ id: "", ...place, ...rest, ...own, rewrite: null }));

const release = fc.record({
  routes: fc.array(route, { minLength: 1, maxLength: 3 }),
  version: fc.boolean(),
  canary: fc.option(
    fc.record({
      isWhole: fc.boolean(),
      header: fc.option(fc.constant({ name: "x-canary", value: "yes" })),
    }),
  ),
  limits,
  retired: fc.nat(7).map((n) => n === 0),
  maxBodyBytes: fc.constantFrom(null, null, 4),
});

const service = fc.record({
  access: fc.constantFrom("open" as const, "key" as const, "subscription" as const),
  // A share that is drawn anew for each call is nothing that one could foretell: all or nothing, or sticky.
  sticky: fc.boolean(),
  releases: fc.array(release, { minLength: 1, maxLength: 3 }),
});

const subscription: fc.Arbitrary<SubscriptionSnapshot> = fc.record({
  service: fc.constantFrom("a", "b"),
  state: fc.constantFrom("approved", "approved", "approved", "pending", "rejected", "revoked", "cancelled", "expired"),
  expiresAtMs: fc.constantFrom(null, null, 1_000_000_000_000, 4_000_000_000_000),
  limits,
});
const application = fc.record({
  subscriptions: fc.array(subscription, { maxLength: 3 }),
  limits,
  own: policies,
});

const configuration = fc
  .record({ services: fc.array(service, { minLength: 1, maxLength: 2 }), web: application, cli: application })
  .map(({ services, web, cli }) => ({
    services: services.flatMap(({ releases, ...rest }, index) =>
      releases.map(
        (one, n): ServiceSnapshot => releaseOf({ id: ["a", "b"][index] ?? "", ...rest }, one, n, releases.length),
      ),
    ),
    applications: Object.entries({ web, cli }).map(
      ([id, { subscriptions, limits: own, own: ofApplication }]): ApplicationSnapshot => ({
        id,
        team: "default",
        credentials: [apiKey(KEYS[id as keyof typeof KEYS])],
        subscriptions,
        limits: own,
        ...ofApplication,
      }),
    ),
  }));

type Drawn<Arbitrary> = Arbitrary extends fc.Arbitrary<infer Value> ? Value : never;

function releaseOf(
  { id, access, sticky }: Pick<ServiceSnapshot, "id" | "access"> & { sticky: boolean },
  { routes, version, canary, limits: own, retired, maxBodyBytes }: Drawn<typeof release>,
  index: number,
  count: number,
): ServiceSnapshot {
  const number = index + 1;
  return {
    ...template,
    id,
    access,
    release: count === 1 ? null : number,
    selection:
      count === 1
        ? null
        : {
            isDefault: index === 0,
            version: version ? { header: "x-api-version", value: String(number) } : null,
            canary:
              canary === null ? null : { percent: shareOf(canary.isWhole, sticky), sticky, header: canary.header },
          },
    routes: routes.map((one, n) => ({ ...one, id: `${id}${number}-${n}` })),
    limits: own,
    retired,
    maxBodyBytes,
  };
}

function shareOf(isWhole: boolean, sticky: boolean): number {
  if (sticky) return isWhole ? 40 : 20;
  return isWhole ? 100 : 0;
}

const request = fc.record({
  method: fc.constantFrom("GET", "GET", "POST", "DELETE"),
  host: fc.constantFrom("one.test", "two.test", "example.org"),
  path: fc.constantFrom("/a", "/a/", "/a/b", "/a/b/c", "/b", "/c/b", "/c", "/%61/b", "/health/liveness", "/"),
  key: fc.constantFrom(null, KEYS.web, KEYS.web, KEYS.cli, "tg_key_of_nobody_whatsoever"),
  headers: fc.subarray([
    ["x-canary", "yes"],
    ["x-api-version", "2"],
  ] as [string, string][]),
  version: fc.constantFrom("1", "2", "3"),
  bodyBytes: fc.constantFrom(0, 0, 3, 9),
});
type Request = Drawn<typeof request>;

function headersOf({ key, headers, version }: Request): [string, string][] {
  const sent = headers.map(([name, value]): [string, string] => [name, name === "x-api-version" ? version : value]);
  return key === null ? sent : [...sent, ["x-api-key", key]];
}

function explainable(one: Request): ExplainRequest {
  return {
    method: one.method,
    scheme: "http",
    host: one.host,
    path: one.path,
    query: "",
    headers: headersOf(one),
    clientAddress: "127.0.0.1",
    bodyBytes: one.bodyBytes,
    maxBodyBytes: LISTENER_BODY_BYTES,
    atMs: Date.now(),
    model: null,
  };
}

function send(one: Request) {
  const fields = headersOf(one).map(([name, value]) => `${name}: ${value}\r\n`);
  const length = one.bodyBytes === 0 ? "" : `Content-Length: ${one.bodyBytes}\r\n`;
  const head = `${one.method} ${one.path} HTTP/1.1\r\nHost: ${one.host}\r\n${fields.join("")}${length}\r\n`;
  return rawRequest(gateway.port, head + "x".repeat(one.bodyBytes));
}

describe("an explanation", () => {
  it("is what the gateway does, for any configuration and any call", async () => {
    const verdicts = new Map<string, number>();
    const kinds = [
      "forwarded",
      "answered",
      "route_not_found",
      "method_not_allowed",
      "missing_credentials",
      "invalid_credentials",
      "subscription_required",
      "subscription_expired",
      "service_retired",
      "body_too_large",
      "address_denied",
    ];
    const holds = fc.asyncProperty(
      configuration,
      fc.array(request, { minLength: 8, maxLength: 12 }),
      async (changes, requests) => {
        gateway.change((snapshot) => Object.assign(snapshot, changes));
        const explain = compileExplain(gateway.snapshot());
        for (const one of requests) {
          const explained = explain(explainable(one));
          upstream.requests.length = 0;
          const response = await send(one);
          const { error, verdict } = explained;
          const outcome = error?.code ?? verdict;
          verdicts.set(outcome, (verdicts.get(outcome) ?? 0) + 1);
          expect(response.status).toBe(error?.status ?? 200);
          if (error !== null)
            expect(JSON.parse(response.body.toString()).error).toMatchObject({
              code: error.code,
              message: error.message,
            });
          if (verdict === "answered") continue;

          const record = await gateway.record(response.header("x-request-id"));
          expect(record.errorCode).toBe(error?.code ?? null);
          expect(record.application).toBe(explained.application?.id ?? null);
          expect(record.service).toBe(explained.service?.id ?? null);
          if (explained.route !== null) expect(record.route).toBe(explained.route.id);
          expect(record.release).toBe(explained.release?.release ?? null);
          const amounts = explained.limits.filter(({ unit }) => unit === "requests").map(({ amount }) => amount);
          const shown = response.header("x-ratelimit-limit-requests");
          if (amounts.length === 0) expect(shown).toBeUndefined();
          else expect(amounts).toContain(Number(shown));
          if (verdict === "forwarded") expect(upstream.requests[0]?.url).toBe(`/up${explained.upstream?.path}`);
          else expect(upstream.requests).toHaveLength(0);
        }
      },
    );
    // 80 runs are mostly enough for calls of all kinds.
    for (let round = 0; round === 0 || (round < 5 && !kinds.every((kind) => verdicts.has(kind))); round++) {
      await fc.assert(holds, { numRuns: runs(80) });
    }
    for (const kind of kinds) expect(verdicts.get(kind) ?? 0, kind).toBeGreaterThan(0);
  });
});
