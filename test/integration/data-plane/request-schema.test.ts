import { createHash } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startGateway, type TestGateway } from "../../helpers/gateway.ts";
import { RawConnection, type RawResponse, rawRequest } from "../../helpers/raw-client.ts";
import { startUpstream, type TestUpstream } from "../../helpers/upstream.ts";

let upstream: TestUpstream;
let gateway: TestGateway;
beforeAll(async () => {
  upstream = await startUpstream();
  const to = `upstream: { targets: [{ url: "${upstream.url}" }] }`;
  gateway = await startGateway(`
version: 1
listeners: [{ address: "127.0.0.1:0" }, { address: "127.0.0.1:0", engine: native }]
services:
  - id: orders
    access: open
    ${to}
    policies:
      request_schema:
        max_size: 300KiB
        schema:
          type: object
          additionalProperties: false
          required: [items]
          properties:
            items: { type: array, items: { $ref: "#/$defs/item" } }
            code: { type: string, pattern: "^([a-z]+)+$" }
            a/b~c: { type: integer }
            toString: { type: string }
            note: { type: string }
          $defs: { item: { type: object, required: [quantity], properties: { quantity: { type: integer, minimum: 1 } } } }
    routes:
      - { path: /orders }
      - { path: /orders/free, policies: { request_schema: null } }
      - { path: /orders/mock, policies: { mock: { status: 202 } } }
      - path: /orders/old
        policies:
          request_schema:
            schema: { $schema: "http://json-schema.org/draft-07/schema#", items: [{ type: number }], additionalItems: false }
      - path: /orders/unique
        policies: { request_schema: { schema: { uniqueItems: true, maxItems: 10 } } }
      - path: /orders/tree
        policies: { request_schema: { schema: { type: array, items: { $ref: "#" } } } }
`);
});
afterAll(() => Promise.all([gateway.close(), upstream.close()]));
beforeEach(() => {
  upstream.requests.length = 0;
});

const GOOD = '{"items": [{"quantity": 2}]}';

interface Call {
  method?: string;
  path?: string;
  headers?: string;
}

function send(
  body: string | Buffer,
  { method = "POST", path = "/orders", headers = "" }: Call = {},
): Promise<RawResponse> {
  const bytes = Buffer.from(body);
  const length = bytes.length === 0 ? "" : `content-length: ${bytes.length}\r\n`;
  return rawRequest(
    gateway.port,
    Buffer.concat([Buffer.from(`${method} ${path} HTTP/1.1\r\nhost: a.test\r\n${headers}${length}\r\n`), bytes]),
  );
}

const errorOf = ({ status, body }: RawResponse) => {
  const { code, message, param } = JSON.parse(body.toString()).error;
  return { status, code, message, param };
};

describe("a body that fits", () => {
  it.each([
    ["as application/json", "content-type: application/json; charset=utf-8\r\n"],
    ["as something of JSON", "content-type: application/merge-patch+json\r\n"],
    ["without a type", ""],
    ["coded as it is", "content-encoding: identity\r\n"],
  ])("goes on as it came, %s", async (_name, headers) => {
    for (let i = 0; i < 3; i++) expect((await send(GOOD, { headers })).status).toBe(200);
    expect(upstream.requests.map(({ body }) => body.toString())).toEqual([GOOD, GOOD, GOOD]);
  });

  it("may be larger than what is held otherwise", async () => {
    const body = JSON.stringify({ items: [], note: "x".repeat(200 * 1024) });
    expect((await send(body)).status).toBe(200);
    const [request] = upstream.requests;
    expect(
      createHash("sha1")
        .update(request?.body ?? "")
        .digest(),
    ).toEqual(createHash("sha1").update(body).digest());
  });

  it("may come in chunks, and is checked all the same", async () => {
    const chunked = async (body: string) => {
      const connection = await RawConnection.open(Number(new URL(gateway.urls.at(-1) ?? "").port));
      connection.write("POST /orders HTTP/1.1\r\nhost: a.test\r\ntransfer-encoding: chunked\r\n\r\n");
      for (const half of [body.slice(0, 9), body.slice(9)])
        connection.write(`${half.length.toString(16)}\r\n${half}\r\n`);
      connection.write("0\r\n\r\n");
      const answer = await connection.response();
      connection.close();
      return answer;
    };
    expect((await chunked(GOOD)).status).toBe(200);
    expect(upstream.requests[0]?.headers["content-length"]).toBe(String(GOOD.length));
    expect(errorOf(await chunked('{"items": [{"quantity": 0}]}')).code).toBe("schema_violation");
    expect(errorOf(await chunked(`{"items": [], "note": "${"x".repeat(310 * 1024)}"}`)).code).toBe("body_too_large");
    expect(upstream.requests).toHaveLength(1);
  });
});

describe("a body that does not fit", () => {
  it.each([
    ['{"items": [{"quantity": 2}, {"quantity": 0}]}', "/items/1/quantity", "must be >= 1"],
    ["{}", "", "must have required property 'items'"],
    ['{"items": [], "a/b~c": "x"}', "/a~1b~0c", "must be integer"],
    ['{"items": [], "more": 1}', "", 'must NOT have additional properties: "more"'],
    ['{"items": [], "__proto__": {}}', "", 'must NOT have additional properties: "__proto__"'],
    ['{"items": [{"quantity": "2"}]}', "/items/0/quantity", "must be integer"],
    ["[]", "", "must be object"],
    ['{"items": [{"quantity": 0}], "items": [{"quantity": 2}]}', "/items", "is there twice"],
    ['{"items": [{"quantity": 0, "\\u0071uantity": 2}]}', "/items/0/quantity", "is there twice"],
  ])("gets 400 with a pointer to what is wrong: %s", async (body, param, message) => {
    const answer = await send(body);
    expect(errorOf(answer)).toMatchObject({ status: 400, code: "schema_violation", param });
    expect(errorOf(answer).message).toContain(`${param === "" ? "the whole" : param} ${message}`);
    expect(upstream.requests).toEqual([]);
    const record = await gateway.record(answer.header("x-request-id"));
    expect(record).toMatchObject({ status: 400, errorCode: "schema_violation", requestBytes: body.length });
  });

  it.each([
    ["no JSON", '{"items": [', "", 400, "invalid_json"],
    ["no UTF-8", Buffer.from([0x7b, 0xff, 0x7d]), "", 400, "invalid_json"],
    ["nothing", "", "", 400, "schema_violation"],
    ["a form", "items=1", "content-type: application/x-www-form-urlencoded\r\n", 415, "unsupported_media_type"],
    ["something like JSON", GOOD, "content-type: application/jsonx\r\n", 415, "unsupported_media_type"],
    ["compressed", GOOD, "content-encoding: gzip\r\n", 415, "unsupported_media_type"],
    ["too long", `{"items": [], "note": "${"x".repeat(310 * 1024)}"}`, "", 413, "body_too_large"],
  ])("is refused when it is %s", async (_name, body, headers, status, code) => {
    expect(errorOf(await send(body, { headers }))).toMatchObject({ status, code });
    expect(upstream.requests).toEqual([]);
  });

  it("is none where there is no body and none is asked for", async () => {
    for (const method of ["GET", "DELETE"]) expect((await send("", { method })).status).toBe(200);
    expect(errorOf(await send("{}", { method: "DELETE" })).code).toBe("schema_violation");
  });

  it("costs no more than others, whatever its author wanted", async () => {
    const catastrophic = JSON.stringify({ items: [], code: `${"a".repeat(250_000)}!` });
    expect(errorOf(await send(catastrophic))).toMatchObject({ code: "schema_violation", param: "/code" });
    const deep = "[".repeat(120_000) + "]".repeat(120_000);
    expect(errorOf(await send(deep, { path: "/orders/tree" })).message).toContain("nested too deeply");
    const many = await send(`[${"{},".repeat(90_000)}{}]`, { path: "/orders/unique" });
    expect(errorOf(many).message).toContain("must NOT have more than 10 items");
    expect((await send("[[[]], []]", { path: "/orders/tree" })).status).toBe(200);
  });
});

describe("the most specific schema", () => {
  it("holds: the route's, or none", async () => {
    expect((await send("anything", { path: "/orders/free" })).status).toBe(200);
    expect((await send("[1]", { path: "/orders/old" })).status).toBe(200);
    expect(errorOf(await send("[1, 2]", { path: "/orders/old" }))).toMatchObject({ code: "schema_violation" });
  });

  it("holds before a mock answer is given", async () => {
    expect((await send(GOOD, { path: "/orders/mock" })).status).toBe(202);
    expect((await send("{}", { path: "/orders/mock" })).status).toBe(400);
  });
});
