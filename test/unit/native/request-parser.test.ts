import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { loadParsers, type RequestHeadLimits } from "../../../native-bindings/parsers.ts";
import { runs } from "../../helpers/property-runs.ts";
import { readRequest } from "./http-oracle.ts";
import { latin1, parseEveryWay } from "./parser-pieces.ts";
import { REQUEST_CASES } from "./request-parser-cases.ts";

const { parseRequestHead } = loadParsers();

describe("a request head, however its bytes are split", () => {
  it.each(REQUEST_CASES)("$name", ({ bytes, expected }) => {
    const { result, decidedAfter } = parseEveryWay(latin1(bytes), parseRequestHead);
    if (typeof expected === "string") {
      expect(result).toEqual({ result: "refused", refusal: expected });
    } else {
      expect(result).toMatchObject({ result: "complete", refusal: "none", ...expected });
      expect(decidedAfter).toBe("headLength" in result ? result.headLength : undefined);
    }
  });

  it("is incomplete up to its last byte", () => {
    const bytes = latin1("\r\nPOST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n");
    for (let length = 0; length < bytes.length; length++) {
      expect(parseRequestHead(bytes.subarray(0, length))).toEqual({
        result: "incomplete",
        refusal: "none",
        fed: length,
      });
    }
  });
});

describe("names that the gateway looks at", () => {
  // In the order of FieldName in src/http/fields.h.
  const NAMES = (
    "api-key authorization connection content-length content-type date expect forwarded host keep-alive " +
    "proxy-authenticate proxy-authorization proxy-connection te trailer transfer-encoding upgrade x-api-key " +
    "x-forwarded-for x-forwarded-host x-forwarded-proto x-goog-api-key x-request-id"
  ).split(" ");
  const VALUES: Record<string, string> = { host: "a", "content-length": "1", expect: "100-continue" };

  it.each(NAMES.map((name, index) => ({ name, id: index + 1 })))("$name", ({ name, id }) => {
    const value = name === "transfer-encoding" ? "chunked" : (VALUES[name] ?? "x");
    const other = name === "host" ? "" : "Host: a\r\n";
    const head = parseRequestHead(latin1(`GET / HTTP/1.1\r\n${other}${name.toUpperCase()}: ${value}\r\n\r\n`));
    expect(head).toMatchObject({ result: "complete" });
    expect("fields" in head && head.fields.at(-1)).toEqual({ name, value, id });
  });

  it("are told from others of the same length", () => {
    const others = NAMES.map((name) => `${name.slice(0, -1)}_`);
    const lines = others.map((name) => `${name}: x\r\n`).join("");
    const head = parseRequestHead(latin1(`GET / HTTP/1.1\r\nHost: a\r\n${lines}\r\n`));
    expect("fields" in head && head.fields.slice(1).map(({ id }) => id)).toEqual(others.map(() => 0));
  });
});

describe("limits of a request head", () => {
  const decide = (text: string, limits: RequestHeadLimits) =>
    parseEveryWay(latin1(text), (bytes, pieces) => parseRequestHead(bytes, pieces, limits));
  const refused = (refusal: string) => ({ result: "refused", refusal });
  const head = (target: string, fields = "") => `GET ${target} HTTP/1.1\r\nHost: a\r\n${fields}\r\n`;

  it("lets a head of just the limit through, and a body after it", () => {
    const text = head("/", "X: 1234567890\r\n");
    const limits = { headBytes: text.length };
    expect(decide(text, limits).result).toMatchObject({ result: "complete", headLength: text.length });
    expect(decide(`${text}more`, limits).result).toMatchObject({ result: "complete", headLength: text.length });
  });

  it("refuses a head of one byte more as soon as it can't end within the limit", () => {
    const text = head("/", "X: 1234567890\r\n");
    const { result, decidedAfter } = decide(text, { headBytes: text.length - 1 });
    expect(result).toEqual(refused("headTooLong"));
    expect(decidedAfter).toBe(text.length - 1);
  });

  it("counts leading CRLFs", () => {
    const text = head("/");
    expect(decide(`\r\n${text}`, { headBytes: text.length }).result).toEqual(refused("headTooLong"));
  });

  it("names what is wrong before the limit is reached", () => {
    expect(decide(head("/", `X : 1\r\nY: ${"y".repeat(99)}\r\n`), { headBytes: 40 }).result).toEqual(
      refused("badFieldLine"),
    );
  });

  it("refuses a target of one byte more than its limit at that byte", () => {
    expect(decide(head("/234567890"), { targetBytes: 10 }).result).toMatchObject({ target: "/234567890" });
    const { result, decidedAfter } = decide(head("/2345678901"), { targetBytes: 10 });
    expect(result).toEqual(refused("targetTooLong"));
    expect(decidedAfter).toBe("GET /2345678901".length);
  });

  it("refuses a long target whatever else is wrong with the line", () => {
    expect(decide(`G(T ${"a".repeat(11)}\r\n\r\n`, { targetBytes: 10 }).result).toEqual(refused("targetTooLong"));
    expect(decide(`GET /${"a".repeat(10)}\n`, { targetBytes: 10 }).result).toEqual(refused("targetTooLong"));
  });

  it("calls a request line that passes the limit of the head too long a target", () => {
    const { result, decidedAfter } = decide(head(`/${"a".repeat(50)}`), { headBytes: 40 });
    expect(result).toEqual(refused("targetTooLong"));
    expect(decidedAfter).toBe(40);
  });

  it("refuses one field too many at its first byte", () => {
    const text = head("/", "A: 1\r\nB: 2\r\n");
    expect(decide(text, { fields: 3 }).result).toMatchObject({ result: "complete" });
    const { result, decidedAfter } = decide(text, { fields: 2 });
    expect(result).toEqual(refused("headTooLong"));
    expect(decidedAfter).toBe(text.indexOf("B:") + 1);
  });

  it("has limits by default", () => {
    const parse = (text: string) => parseRequestHead(latin1(text)).refusal;
    expect(parse(head(`/${"a".repeat(16 * 1024 - 1)}`))).toBe("none");
    expect(parse(head(`/${"a".repeat(16 * 1024)}`))).toBe("targetTooLong");
    expect(parse(head("/", "X: 1\r\n".repeat(199)))).toBe("none");
    expect(parse(head("/", "X: 1\r\n".repeat(200)))).toBe("headTooLong");
    expect(parse(head("/", `X: ${"x".repeat(60 * 1024)}\r\n`))).toBe("none");
    expect(parse(head("/", `X: ${"x".repeat(64 * 1024)}\r\n`))).toBe("headTooLong");
  });
});

const FRAMING_NAMES = new Set(["host", "content-length", "transfer-encoding", "expect", "connection"]);
const token = fc.stringMatching(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,20}$/);
const value = fc.stringMatching(/^(?:[!-~\x80-\xff](?:[\t\x20-\x7e\x80-\xff]{0,30}[!-~\x80-\xff])?)?$/);
const blanks = fc.stringMatching(/^[ \t]{0,3}$/);
const segment = fc.stringMatching(/^[a-zA-Z0-9_~%:@!$&'()*+,;=-]{0,8}$/);
const pieces = fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 20 });

describe("any well-formed request head", () => {
  it("parses back to its parts", () => {
    const field = fc.tuple(
      token.filter((name) => !FRAMING_NAMES.has(name.toLowerCase())),
      blanks,
      value,
      blanks,
    );
    const parts = fc.record({
      method: token.filter((method) => method.toUpperCase() !== "CONNECT"),
      path: fc
        .array(segment, { minLength: 1, maxLength: 5 })
        .map((segments) => `/${segments.join("/")}`)
        .filter((path) => !/%2e/i.test(path)),
      query: fc.option(fc.stringMatching(/^[a-z0-9=&?/%.]{0,20}$/)),
      host: fc.stringMatching(/^[A-Za-z0-9-]{1,8}(?:\.[A-Za-z]{2,4})?$/),
      fields: fc.array(field, { maxLength: 10 }),
      length: fc.option(fc.nat()),
    });
    fc.assert(
      fc.property(parts, pieces, ({ method, path, query, host, fields, length }, split) => {
        const target = query === null ? path : `${path}?${query}`;
        const lines = fields.map(([name, before, text, after]) => `${name}:${before}${text}${after}\r\n`);
        const text = `${method} ${target} HTTP/1.1\r\nHost: ${host}\r\n${lines.join("")}${length === null ? "" : `Content-Length: ${length}\r\n`}\r\n`;
        const head = parseRequestHead(latin1(text), split);
        expect(head).toMatchObject({
          ...{ result: "complete", headLength: text.length, method, target, path, query: query ?? "" },
          ...{ hostName: host.toLowerCase(), hasContentLength: length !== null, contentLength: length ?? 0 },
          fields: [
            { name: "host", value: host.toLowerCase() },
            ...fields.map(([name, , text]) => ({ name: name.toLowerCase(), value: text })),
            ...(length === null ? [] : [{ name: "content-length", value: String(length) }]),
          ],
        });
      }),
      { numRuns: runs(1000) },
    );
  });
});

describe("any bytes", () => {
  // Heads put together from pieces that are nearly right: most of what goes wrong between two parsers is a byte away.
  const fragment = fc.constantFrom(
    ...["GET ", "OPTIONS ", "/", "/a", "/..", "?b", "*", "http://a", "#", "\\", " HTTP/1.1", " HTTP/1.0", " HTTP/1.2"],
    ...["\r\n", "\r\n", "\r\n", "\n", "\r", " ", "\t", ":", "\0", "\x7f", "\xe9", ",", ";"],
    ...["Host: a\r\n", "Host: A.:80\r\n", "Content-Length: 5\r\n", "Content-Length: 6\r\n", "Content-Length: +1\r\n"],
    ...["Transfer-Encoding: chunked\r\n", "transfer-encoding:\tCHUNKED\r\n", "Expect: 100-continue\r\n", "X: y\r\n"],
    ...["GET / HTTP/1.1\r\n", "GET http://a/b HTTP/1.0\r\n", "POST /p?q HTTP/1.1\r\nHost: a\r\n"],
  );
  const usual = fc
    .tuple(
      fc.constantFrom("GET / HTTP/1.1\r\nHost: a\r\n", "GET http://a?b HTTP/1.1\r\n", "OPTIONS * HTTP/1.0\r\n"),
      fc.array(fragment, { maxLength: 4 }),
    )
    .map(([start, rest]) => `${start}${rest.join("")}\r\n`);
  const text = fc.oneof(
    usual,
    fc.array(fragment, { maxLength: 10 }).map((fragments) => `${fragments.join("")}\r\n\r\n`),
    fc
      .constantFrom(...REQUEST_CASES)
      .chain(({ bytes }) =>
        fc
          .tuple(fc.nat({ max: bytes.length }), fc.nat({ max: 1 }), fc.nat({ max: 255 }))
          .map(([at, drop, byte]) => bytes.slice(0, at) + String.fromCharCode(byte) + bytes.slice(at + drop)),
      ),
  );

  it("are let in if and only if the grammar says so, however they are split", () => {
    fc.assert(
      fc.property(text, pieces, (text, split) => {
        const head = parseRequestHead(latin1(text), split);
        const oracle = readRequest(text);
        expect(head.result === "complete").toBe(oracle !== null);
        if (oracle === null || head.result !== "complete") return;
        const { headLength, method, path, query, hostName, chunked, hasContentLength, contentLength } = head;
        const length = hasContentLength ? contentLength : undefined;
        const fields = head.fields.map(({ name, value }) => [name, name === "host" ? value.toLowerCase() : value]);
        expect({ headLength, method, path, query, hostName, chunked, length, fields }).toEqual({
          ...oracle,
          fields: oracle.fields.map(([name, value]) => [name, name === "host" ? value.toLowerCase() : value]),
        });
      }),
      { numRuns: runs(10_000) },
    );
  });
});
