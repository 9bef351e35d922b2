import { SignJWT } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { expectParity, type FastGateway, nativeYaml, startFastGateway, type Way } from "../../helpers/fast-path.ts";
import { TEST_KEY } from "../../helpers/gateway.ts";
import { rawRequest } from "../../helpers/raw-client.ts";
import { startUpstream, type TestUpstream } from "../../helpers/upstream.ts";

/** No policy is passed by on the fast path: it does as the policy says, or leaves the call to the stages. */

const PARTNER_KEY = "tg_test_key_of_application_partner";

let upstream: TestUpstream;
beforeAll(async () => {
  upstream = await startUpstream((_request, response) => {
    response.setHeader("x-server", "upstream");
    response.end("{}");
  });
});
afterAll(() => upstream.close());

async function using(yaml: string, work: (gateway: FastGateway) => Promise<void>): Promise<void> {
  const gateway = await startFastGateway(yaml);
  try {
    await work(gateway);
  } finally {
    await gateway.close();
  }
}

const request = (path: string, headers = "") => `GET ${path} HTTP/1.1\r\nhost: a.test\r\n${headers}\r\n`;
const service = (policies: string, { routes = "[{ path: /a }]", access = "open" } = {}) => `
services:
  - id: a
    access: ${access}
    routes: ${routes}
    upstream: { targets: [{ url: "${upstream.url}" }] }
    policies: ${policies}
`;

/** Three calls; how each went after the first. */
async function ways(gateway: FastGateway, bytes: string, status: number): Promise<Way[]> {
  const all: Way[] = [];
  for (let i = 0; i < 3; i++) {
    const way = await gateway.way(async () => expect((await rawRequest(gateway.port, bytes)).status).toBe(status));
    all.push(way);
  }
  return all.slice(1);
}

describe("policies that the fast path carries out", () => {
  it.each([
    [
      "header edits of the organisation",
      "policies: { request_headers: { set: { x-a: o } }, response_headers: { remove: [x-server] } }",
    ],
    ["header edits of the team", "teams: [{ id: default, policies: { request_headers: { add: { x-a: t } } } }]"],
    ["sizes", "policies: { max_body_size: 10 }"],
    ["what is said to all origins alike", `policies: { cors: { origins: ["*"], exposed_headers: [x-server] } }`],
  ])("%s", async (_name, top) => {
    await using(nativeYaml(`${top}\n${service("{}")}`), async (gateway) => {
      await expectParity(gateway, { bytes: request("/a"), seen: () => upstream.requests }, "native");
    });
  });

  it("header edits of routes of one service, each its own", async () => {
    const routes = `
      - { path: /a, policies: { request_headers: { set: { x-route: one } } } }
      - { path: /b, policies: { request_headers: { set: { x-route: two } } } }
      - { path: /c }`;
    await using(nativeYaml(service("{}", { routes })), async (gateway) => {
      for (const path of ["/a", "/b", "/c"]) {
        await expectParity(gateway, { bytes: request(path), seen: () => upstream.requests }, "native");
      }
      const seen = ["/a", "/b", "/c"].map((path) => upstream.requests.findLast(({ url }) => url === path));
      expect(seen.map((one) => one?.headers["x-route"])).toEqual(["one", "two", undefined]);
    });
  });
});

describe("policies that take the stages", () => {
  it.each([
    ["answers that depend on the caller's origin", "", `{ cors: { origins: ["https://app.test"] } }`],
    ["an address list of the organisation", "policies: { addresses: { deny: [192.0.2.1] } }", "{}"],
    ["an address list of the service", "", "{ addresses: { allow: [127.0.0.1] } }"],
  ])("%s", async (_name, top, policies) => {
    await using(nativeYaml(`${top}\n${service(policies)}`), async (gateway) => {
      expect(await ways(gateway, request("/a"), 200)).toEqual(["stages", "stages"]);
    });
  });

  it("an address list of a route below one that is known", async () => {
    const routes = `[{ path: /a }, { path: /a/b, policies: { addresses: { deny: [127.0.0.1] } } }]`;
    await using(nativeYaml(service("{}", { routes })), async (gateway) => {
      expect(await ways(gateway, request("/a/x"), 200)).toEqual(["native", "native"]);
      expect(await ways(gateway, request("/a/b"), 403)).toEqual(["stages", "stages"]);
      expect(await ways(gateway, request("/a/b/c"), 403)).toEqual(["stages", "stages"]);
    });
  });

  it("schemas of request bodies", async () => {
    const post = (body: string) => `POST /a HTTP/1.1\r\nhost: a.test\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
    await using(nativeYaml(service("{ request_schema: { schema: { type: object } } }")), async (gateway) => {
      expect(await ways(gateway, post("{}"), 200)).toEqual(["stages", "stages"]);
      expect(await ways(gateway, post("[]"), 400)).toEqual(["stages", "stages"]);
    });
  });

  it("mirrored requests", async () => {
    await using(nativeYaml(service(`{ mirror: { url: "${upstream.url}/mirror" } }`)), async (gateway) => {
      expect(await ways(gateway, request("/a"), 200)).toEqual(["stages", "stages"]);
    });
  });

  it("stored answers, and unsafe calls by other routes of the service, which make them invalid", async () => {
    const routes = `[{ path: /a, methods: [GET], policies: { cache: { default_ttl: 1m } } }, { path: /a, methods: [POST] }, { path: /b }]`;
    await using(nativeYaml(service("{}", { routes })), async (gateway) => {
      const seen = () => upstream.requests.length;
      const before = seen();
      expect(await ways(gateway, request("/a"), 200)).toEqual(["stages", "stages"]);
      expect(seen()).toBe(before + 1);
      const post = "POST /a HTTP/1.1\r\nhost: a.test\r\ncontent-length: 0\r\n\r\n";
      expect(await ways(gateway, post, 200)).toEqual(["stages", "stages"]);
      expect(await ways(gateway, request("/a"), 200)).toEqual(["stages", "stages"]);
      expect(seen()).toBe(before + 5);
      expect(await ways(gateway, request("/b"), 200)).toEqual(["native", "native"]);
    });
  });

  it("stored answers of one application alone: the others' calls stay native", async () => {
    const yaml = nativeYaml(service("{}", { access: "key" })).replace(
      "applications:",
      `applications:\n  - { id: partner, keys: ["${PARTNER_KEY}"], policies: { cache: { default_ttl: 1m } } }`,
    );
    await using(yaml, async (gateway) => {
      const by = (key: string) => request("/a", `x-api-key: ${key}\r\n`);
      expect(await ways(gateway, by(TEST_KEY), 200)).toEqual(["native", "native"]);
      expect(await ways(gateway, by(PARTNER_KEY), 200)).toEqual(["stages", "stages"]);
      expect((await rawRequest(gateway.port, by(PARTNER_KEY))).header("x-tidegate-cache")).toBe("hit");
    });
  });

  it("mock answers", async () => {
    const routes = `[{ path: /a }, { path: /a/b, policies: { mock: { status: 418 } } }]`;
    await using(nativeYaml(service("{}", { routes })), async (gateway) => {
      expect(await ways(gateway, request("/a/c"), 200)).toEqual(["native", "native"]);
      expect(await ways(gateway, request("/a/b/c"), 418)).toEqual(["stages", "stages"]);
    });
  });

  it("preflight requests, though the route's own OPTIONS calls go to the upstream", async () => {
    const routes = `[{ path: /a, methods: [GET], policies: { cors: { origins: ["*"] } } }, { path: /a, methods: [OPTIONS] }]`;
    await using(nativeYaml(service("{}", { routes })), async (gateway) => {
      const options = request("/a").replace("GET", "OPTIONS");
      expect(await ways(gateway, options, 200)).toEqual(["stages", "stages"]);
      const preflight = options.replace(
        "\r\n\r\n",
        "\r\norigin: https://b.test\r\naccess-control-request-method: GET\r\n\r\n",
      );
      expect(await ways(gateway, preflight, 204)).toEqual(["stages", "stages"]);
    });
  });

  it("stored answers of models", async () => {
    const yaml = nativeYaml(
      `ai: { policies: { cache: { default_ttl: 1m } } }\nproviders: [{ id: up, kind: openai-compatible, base_url: "${upstream.url}", keys: [{ value: k }] }]`,
    );
    await using(yaml, async (gateway) => {
      const body = JSON.stringify({ model: "up/m", messages: [] });
      const head = `POST /v1/chat/completions HTTP/1.1\r\nhost: a.test\r\nx-api-key: ${TEST_KEY}\r\ncontent-length: ${body.length}\r\n\r\n`;
      const before = upstream.requests.length;
      expect(await ways(gateway, head + body, 200)).toEqual(["stages", "stages"]);
      expect(upstream.requests.length).toBe(before + 1);
    });
  });

  it("calls of the unified API whose answers speak to other origins", async () => {
    const yaml = nativeYaml(
      `policies: { cors: { origins: ["*"] } }\nproviders: [{ id: up, kind: openai-compatible, base_url: "${upstream.url}", keys: [{ value: k }] }]`,
    );
    await using(yaml, async (gateway) => {
      const body = JSON.stringify({ model: "up/m", messages: [] });
      const head = `POST /v1/chat/completions HTTP/1.1\r\nhost: a.test\r\nx-api-key: ${TEST_KEY}\r\ncontent-length: ${body.length}\r\n\r\n`;
      for (let i = 0; i < 3; i++) {
        const way = await gateway.way(async () => {
          const answer = await rawRequest(gateway.port, head + body);
          expect([answer.status, answer.header("access-control-allow-origin")]).toEqual([200, "*"]);
        });
        expect(way).toBe("stages");
      }
    });
  });

  it("an address list in a snapshot after the route was learned", async () => {
    const yaml = nativeYaml(service("{}"));
    await using(yaml, async (gateway) => {
      expect(await ways(gateway, request("/a"), 200)).toEqual(["native", "native"]);
      await gateway.reload(nativeYaml(service("{ addresses: { deny: [127.0.0.0/8] } }")));
      expect(await ways(gateway, request("/a"), 403)).toEqual(["stages", "stages"]);
    });
  });

  /** Another caller has taught the fast path the route, whose policies alone would do. */
  it.each(["open", "key", "subscription"])(
    "those of a caller, at a known route of a service with access: %s",
    async (access) => {
      const yaml = nativeYaml(
        `  - { id: partner, keys: ["${PARTNER_KEY}"], subscriptions: [a], policies: { addresses: { deny: [127.0.0.1] } } }
${service("{}", { access })}`,
        { subscriptions: "[a]" },
      );
      await using(yaml, async (gateway) => {
        expect(await ways(gateway, request("/a", `x-api-key: ${TEST_KEY}\r\n`), 200)).toEqual(["native", "native"]);
        expect(await ways(gateway, request("/a", `x-api-key: ${PARTNER_KEY}\r\n`), 403)).toEqual(["stages", "stages"]);
        expect(await ways(gateway, request("/a", `x-api-key: ${TEST_KEY}\r\n`), 200)).toEqual(["native", "native"]);
      });
    },
  );

  it("those of a caller who is known by a token", async () => {
    const secret = "tg_test_secret_of_an_issuer_of_tokens";
    const issuers = `jwt_issuers: [{ id: i, issuer: i, algorithms: [HS256], keys: [{ secret: ${secret} }], application_claim: sub }]`;
    const yaml = nativeYaml(
      `  - { id: partner, policies: { addresses: { deny: [127.0.0.1] } } }\n${issuers}\n${service("{}", { access: "key" })}`,
    );
    const tokenOf = (application: string) =>
      new SignJWT({ iss: "i", sub: application })
        .setProtectedHeader({ alg: "HS256" })
        .setExpirationTime("1h")
        .sign(Buffer.from(secret));
    const [ofWeb, ofPartner] = [await tokenOf("web"), await tokenOf("partner")];
    await using(yaml, async (gateway) => {
      const bearer = (token: string) => request("/a", `authorization: Bearer ${token}\r\n`);
      expect(await ways(gateway, bearer(ofWeb), 200)).toEqual(["native", "native"]);
      expect(await ways(gateway, bearer(ofPartner), 403)).toEqual(["stages", "stages"]);
    });
  });

  it("those of a caller who comes first: the next one's call is not made like it", async () => {
    const yaml = nativeYaml(
      `  - { id: partner, keys: ["${PARTNER_KEY}"], policies: { request_headers: { set: { x-partner: "yes" } } } }
${service("{}", { access: "key" })}`,
    );
    await using(yaml, async (gateway) => {
      const last = () => upstream.requests.at(-1)?.headers["x-partner"];
      expect(await ways(gateway, request("/a", `x-api-key: ${PARTNER_KEY}\r\n`), 200)).toEqual(["stages", "stages"]);
      expect(last()).toBe("yes");
      expect(await ways(gateway, request("/a", `x-api-key: ${TEST_KEY}\r\n`), 200)).toEqual(["native", "native"]);
      expect(last()).toBeUndefined();
      expect(await ways(gateway, request("/a", `x-api-key: ${PARTNER_KEY}\r\n`), 200)).toEqual(["stages", "stages"]);
      expect(last()).toBe("yes");
    });
  });

  it("those of a subscription", async () => {
    const yaml = nativeYaml(
      `  - { id: partner, keys: ["${PARTNER_KEY}"], subscriptions: [{ service: a, policies: { addresses: { deny: [127.0.0.1] } } }, b] }
${service("{}", { access: "subscription" })}
  - { id: b, routes: [{ path: /b }], upstream: { targets: [{ url: "${upstream.url}" }] } }
`,
      { subscriptions: "[a]" },
    );
    await using(yaml, async (gateway) => {
      expect(await ways(gateway, request("/a", `x-api-key: ${TEST_KEY}\r\n`), 200)).toEqual(["native", "native"]);
      expect(await ways(gateway, request("/a", `x-api-key: ${PARTNER_KEY}\r\n`), 403)).toEqual(["stages", "stages"]);
      expect(await ways(gateway, request("/b", `x-api-key: ${PARTNER_KEY}\r\n`), 200)).toEqual(["native", "native"]);
    });
  });
});
