import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { loadParsers, type ResponseHeadLimits } from "../../../native-bindings/parsers.ts";
import { runs } from "../../helpers/property-runs.ts";
import { readResponse } from "./http-oracle.ts";
import { latin1, parseEveryWay } from "./parser-pieces.ts";
import { RESPONSE_CASES } from "./response-parser-cases.ts";

const { parseResponseHead } = loadParsers();

describe("a response head, however its bytes are split", () => {
  it.each(RESPONSE_CASES)("$name", ({ bytes, expected }) => {
    const { result, decidedAfter } = parseEveryWay(latin1(bytes), parseResponseHead);
    if (typeof expected === "string") {
      expect(result).toEqual({ result: "refused", refusal: expected });
    } else {
      expect(result).toMatchObject({ result: "complete", refusal: "none", ...expected });
      expect(decidedAfter).toBe("headLength" in result ? result.headLength : undefined);
    }
  });

  it("is incomplete up to its last byte", () => {
    const bytes = latin1("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
    for (let length = 0; length < bytes.length; length++) {
      expect(parseResponseHead(bytes.subarray(0, length))).toEqual({
        ...{ result: "incomplete", refusal: "none", fed: length },
      });
    }
  });
});

describe("limits of a response head", () => {
  const decide = (text: string, limits: ResponseHeadLimits) =>
    parseEveryWay(latin1(text), (bytes, pieces) => parseResponseHead(bytes, pieces, limits));
  const text = "HTTP/1.1 200 OK\r\nA: 1\r\nB: 2\r\n\r\n";
  const tooLong = { result: "refused", refusal: "headTooLong" };

  it("lets a head of just the limit through, and a body after it", () => {
    expect(decide(text, { headBytes: text.length }).result).toMatchObject({ headLength: text.length });
    expect(decide(`${text}more`, { headBytes: text.length }).result).toMatchObject({ headLength: text.length });
  });

  it("refuses a head of one byte more as soon as it can't end within the limit", () => {
    const { result, decidedAfter } = decide(text, { headBytes: text.length - 1 });
    expect(result).toEqual(tooLong);
    expect(decidedAfter).toBe(text.length - 1);
  });

  it("refuses a status line without end", () => {
    expect(decide("x".repeat(50), { headBytes: 40 })).toEqual({ result: tooLong, decidedAfter: 40 });
  });

  it("refuses one field too many at its first byte", () => {
    expect(decide(text, { fields: 2 }).result).toMatchObject({ result: "complete" });
    expect(decide(text, { fields: 1 })).toEqual({ result: tooLong, decidedAfter: text.indexOf("B:") + 1 });
  });

  it("has limits by default", () => {
    const parse = (fields: string) => parseResponseHead(latin1(`HTTP/1.1 200 OK\r\n${fields}\r\n`)).refusal;
    expect(parse("X: 1\r\n".repeat(500))).toBe("none");
    expect(parse("X: 1\r\n".repeat(501))).toBe("headTooLong");
    expect(parse(`X: ${"x".repeat(65_000)}\r\n`)).toBe("none");
    expect(parse(`X: ${"x".repeat(65_536)}\r\n`)).toBe("headTooLong");
  });
});

const pieces = fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 20 });

describe("any well-formed response head", () => {
  it("parses back to its parts", () => {
    const name = fc
      .stringMatching(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,20}$/)
      .filter((name) => !["content-length", "transfer-encoding"].includes(name.toLowerCase()));
    const value = fc.stringMatching(/^(?:[!-~\x80-\xff](?:[\t\x20-\x7e\x80-\xff]{0,30}[!-~\x80-\xff])?)?$/);
    const parts = fc.record({
      status: fc.integer({ min: 100, max: 599 }),
      reason: fc.stringMatching(/^[\t\x20-\x7e\x80-\xff]{0,20}$/),
      minor: fc.constantFrom(0, 1),
      fields: fc.array(fc.tuple(name, fc.stringMatching(/^[ \t]{0,3}$/), value), { maxLength: 10 }),
      framing: fc.oneof(fc.nat(), fc.constantFrom("chunked", null)),
    });
    fc.assert(
      fc.property(parts, pieces, ({ status, reason, minor, fields, framing }, split) => {
        const lines = fields.map(([name, before, value]) => `${name}:${before}${value}\r\n`);
        const isChunked = framing === "chunked" && minor === 1;
        if (typeof framing === "number") lines.push(`Content-Length: ${framing}\r\n`);
        if (isChunked) lines.push("Transfer-Encoding: chunked\r\n");
        const text = `HTTP/1.${minor} ${status} ${reason}\r\n${lines.join("")}\r\n`;
        const head = parseResponseHead(latin1(text), split);
        expect(head).toMatchObject({
          ...{ result: "complete", headLength: text.length, status, reason, http10: minor === 0, chunked: isChunked },
          ...{
            hasContentLength: typeof framing === "number",
            contentLength: typeof framing === "number" ? framing : 0,
          },
        });
        expect("fields" in head && head.fields.slice(0, fields.length)).toMatchObject(
          fields.map(([name, , value]) => ({ name: name.toLowerCase(), value })),
        );
      }),
      { numRuns: runs(1000) },
    );
  });
});

describe("any bytes", () => {
  const fragment = fc.constantFrom(
    ...["HTTP/1.1 ", "HTTP/1.0 ", "HTTP/2 ", "200", "099", "600", " OK", " ", "\t", "\r\n", "\r\n", "\n", "\r", "\0"],
    ...[":", ",", "\xe9", "X: y\r\n", "X : y\r\n", "Content-Length: 5\r\n", "Content-Length: 05\r\n"],
    ...["Content-Length: 6\r\n", "Content-Length: 5, 5\r\n", "Transfer-Encoding: chunked\r\n", "Connection: close\r\n"],
  );
  const text = fc.oneof(
    fc
      .tuple(fc.constantFrom("HTTP/1.1 200 OK\r\n", "HTTP/1.0 200\r\n"), fc.array(fragment, { maxLength: 5 }))
      .map(([start, rest]) => `${start}${rest.join("")}\r\n`),
    fc.array(fragment, { maxLength: 10 }).map((fragments) => `${fragments.join("")}\r\n\r\n`),
    fc
      .constantFrom(...RESPONSE_CASES)
      .chain(({ bytes }) =>
        fc
          .tuple(fc.nat({ max: bytes.length }), fc.nat({ max: 1 }), fc.nat({ max: 255 }))
          .map(([at, drop, byte]) => bytes.slice(0, at) + String.fromCharCode(byte) + bytes.slice(at + drop)),
      ),
  );

  it("are let in if and only if the grammar says so, however they are split", () => {
    fc.assert(
      fc.property(text, pieces, (text, split) => {
        const head = parseResponseHead(latin1(text), split);
        const oracle = readResponse(text);
        expect(head.result === "complete").toBe(oracle !== null);
        if (oracle === null || head.result !== "complete") return;
        const { headLength, status, reason, chunked, hasContentLength, contentLength } = head;
        const length = hasContentLength ? contentLength : undefined;
        const fields = head.fields.map(({ name, value }) => [name, value]);
        expect({ headLength, status, reason, chunked, length, fields }).toEqual(oracle);
      }),
      { numRuns: runs(10_000) },
    );
  });
});
