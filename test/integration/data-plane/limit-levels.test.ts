import { afterAll, beforeAll, expect, it } from "vitest";
import { startGateway, type TestGateway } from "../../helpers/gateway.ts";
import { startUpstream, type TestUpstream } from "../../helpers/upstream.ts";

/** Whose calls the limits of an organisation, a team and a route count. Counters are named by what a limit says: here each differs. */

let upstream: TestUpstream;
let gateway: TestGateway;

beforeAll(async () => {
  upstream = await startUpstream((_request, response) => response.end("{}"));
  gateway = await startGateway(configuration("[]", "[]", "[]"));
});
afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

function configuration(organisation: string, shop: string, route: string): string {
  const to = `upstream: { targets: [{ url: "${upstream.url}" }] }`;
  return `
version: 1
listeners: [{ address: "127.0.0.1:0" }]
policies: { limits: ${organisation} }
teams: [{ id: shop, policies: { limits: ${shop} } }, { id: finance }]
providers: [{ id: simulated, kind: simulated }]
ai: { access: key }
services:
  - { id: a, team: shop, access: key, routes: [{ path: /a }, { path: /a/slow, policies: { limits: ${route} } }], ${to} }
  - { id: open, team: shop, access: open, routes: [{ path: /open }], ${to} }
applications:
  - { id: web, team: shop, keys: [tg_key_web] }
  - { id: app, team: shop, keys: [tg_key_app] }
  - { id: books, team: finance, keys: [tg_key_books] }
`;
}

async function call(key: string | null, path: string): Promise<number> {
  const headers: Record<string, string> = key === null ? {} : { "x-api-key": key };
  const response = await fetch(gateway.url + path, { headers });
  await response.arrayBuffer();
  return response.status;
}

/** The statuses of calls, one after the other. */
async function calls(...all: [key: string | null, path: string][]): Promise<number[]> {
  const statuses: number[] = [];
  for (const [key, path] of all) statuses.push(await call(key, path));
  return statuses;
}

it("an organisation's limit counts every call, also those without an application and to models", async () => {
  await gateway.reload(configuration("[{ requests: 3, window: 30d }]", "[]", "[]"));
  expect(
    await calls(
      ["tg_key_web", "/a"],
      [null, "/open"],
      ["tg_key_books", "/v1/models"],
      ["tg_key_app", "/a"],
      [null, "/open"],
    ),
  ).toEqual([200, 200, 200, 429, 429]);
});

it("an organisation's limit can be counted for each team that calls", async () => {
  await gateway.reload(configuration("[{ per: team, requests: 2, window: 30d }]", "[]", "[]"));
  expect(
    await calls(
      ["tg_key_web", "/a"],
      ["tg_key_app", "/open"],
      ["tg_key_app", "/a"],
      ["tg_key_books", "/a"],
      [null, "/open"],
    ),
  ).toEqual([200, 200, 429, 200, 200]);
});

it("a team's limit counts what its applications call, wherever, and nobody's calls to its services", async () => {
  await gateway.reload(configuration("[]", "[{ requests: 4, window: 30d }]", "[]"));
  expect(
    await calls(["tg_key_web", "/a"], ["tg_key_app", "/v1/models"], ["tg_key_books", "/a"], [null, "/open"]),
  ).toEqual([200, 200, 200, 200]);
  expect(await calls(["tg_key_web", "/open"], ["tg_key_web", "/a"], ["tg_key_app", "/a"])).toEqual([200, 200, 429]);
  expect(await call("tg_key_books", "/a")).toBe(200);
});

it("a team's limit can be counted for each of its applications", async () => {
  await gateway.reload(configuration("[]", "[{ per: application, requests: 1, window: 30d }]", "[]"));
  expect(
    await calls(
      ["tg_key_web", "/a"],
      ["tg_key_web", "/a"],
      ["tg_key_app", "/a"],
      ["tg_key_books", "/a"],
      ["tg_key_books", "/a"],
    ),
  ).toEqual([200, 429, 200, 200, 200]);
});

it("a route's limit counts all its callers together, or each apart", async () => {
  await gateway.reload(configuration("[]", "[]", "[{ requests: 2, window: 30d }]"));
  expect(
    await calls(
      ["tg_key_web", "/a/slow"],
      ["tg_key_books", "/a/slow"],
      ["tg_key_app", "/a/slow"],
      ["tg_key_app", "/a"],
    ),
  ).toEqual([200, 200, 429, 200]);
  await gateway.reload(configuration("[]", "[]", "[{ per: application, requests: 1, window: 30d }]"));
  expect(await calls(["tg_key_web", "/a/slow"], ["tg_key_books", "/a/slow"], ["tg_key_web", "/a/slow"])).toEqual([
    200, 200, 429,
  ]);
});

it("what a level can't count is refused with its place", async () => {
  await expect(gateway.reload(configuration("[{ per: route, requests: 1, window: 1m }]", "[]", "[]"))).rejects.toThrow(
    /policies\.limits\[0\]\.per: expected one of organisation, team, application, service, address/,
  );
  await expect(gateway.reload(configuration("[]", "[]", "[{ tokens: 1, window: 1m }]"))).rejects.toThrow(
    /uses no tokens: limit its requests/,
  );
  await expect(gateway.reload(configuration("[]", "[{ window: 1m }]", "[]"))).rejects.toThrow(
    /expected exactly one of requests, tokens, cost_usd; found none/,
  );
});
