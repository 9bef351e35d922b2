import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { loadParsers } from "../../../native-bindings/parsers.ts";
import { runs } from "../../helpers/property-runs.ts";
import { CHUNKED_CASES } from "./chunked-decoder-cases.ts";
import { readChunked } from "./http-oracle.ts";
import { latin1, parseEveryWay } from "./parser-pieces.ts";

const { decodeChunked } = loadParsers();

describe("a chunked body, however its bytes are split", () => {
  it.each(CHUNKED_CASES)("$name", ({ bytes, expected }) => {
    const { result } = parseEveryWay(latin1(bytes), decodeChunked);
    if (typeof expected === "string") {
      expect(result.result).toBe(expected);
    } else {
      const { body, rest = "" } = expected;
      expect(result).toEqual({ result: "end", body, taken: bytes.length - rest.length });
    }
  });
});

describe("limits of a chunked body", () => {
  const decide = (text: string) => parseEveryWay(latin1(text), decodeChunked).result;
  const line = (length: number) => `5;${"a".repeat(length - 4)}\r\n`;

  it("lets a size line of just 4096 bytes through, for each chunk anew", () => {
    expect(decide(`${line(4096)}hello\r\n${line(4096)}world\r\n0\r\n\r\n`)).toMatchObject({ body: "helloworld" });
  });

  it("refuses a size line of one byte more", () => {
    expect(decide(`${line(4097)}hello\r\n0\r\n\r\n`).result).toBe("error");
    expect(decide(`5;a="${"b".repeat(4096)}`).result).toBe("error");
    expect(decide(`5${" ".repeat(4096)}`).result).toBe("error");
  });

  it("lets a trailer section of just 16 KiB through and refuses one byte more", () => {
    const field = "X: 0123456789\r\n";
    const fields = field.repeat(Math.floor(16_384 / field.length) - 1);
    const section = (length: number) => `${fields}Y:${"y".repeat(length - fields.length - 6)}\r\n\r\n`;
    const whole = (text: string) => decodeChunked(latin1(text)).result;
    const oneByOne = (text: string) => decodeChunked(latin1(text), Array<number>(text.length).fill(1)).result;
    for (const decode of [whole, oneByOne]) {
      expect(decode(`0\r\n${section(16_384)}`)).toBe("end");
      expect(decode(`0\r\n${section(16_385)}`)).toBe("error");
    }
  });
});

const pieces = fc.array(fc.integer({ min: 1, max: 20 }), { maxLength: 30 });

describe("any chunked body", () => {
  it("decodes to its data", () => {
    const extension = fc.stringMatching(
      /^(?:[ \t]{0,2};[ \t]?[a-z!]{1,4}(?:=(?:[a-z0-9]{1,4}|"[ a-z;\xe9]{0,6}"))?)?$/,
    );
    const chunk = fc.tuple(fc.string({ unit: "binary-ascii", minLength: 1, maxLength: 40 }), extension);
    const trailer = fc.stringMatching(/^(?:[a-z-]{1,8}:[ \t!-~]{0,20}\r\n){0,2}$/);
    fc.assert(
      fc.property(fc.array(chunk, { maxLength: 6 }), trailer, pieces, (chunks, trailers, split) => {
        const lines = chunks.map(([data, extension]) => `${data.length.toString(16)}${extension}\r\n${data}\r\n`);
        const text = `${lines.join("")}0\r\n${trailers}\r\n`;
        expect(decodeChunked(latin1(`${text}rest`), split)).toEqual({
          ...{ result: "end", body: chunks.map(([data]) => data).join(""), taken: text.length },
        });
      }),
      { numRuns: runs(1000) },
    );
  });

  it("is let through if and only if the grammar says so, however it is split", () => {
    const fragment = fc.constantFrom(
      ...["5\r\nhello\r\n", "5", "A", "0", "\r\n", "\r\n", "\n", "\r", "hello", "0\r\n\r\n", "0\r\n", " ", "\t"],
      ...[";a", ';a="b"', ";", "=", '"', "\\", "x", "X: y\r\n", ":", "\0", "\xe9"],
    );
    const text = fc.oneof(
      fc.array(fragment, { maxLength: 8 }).map((fragments) => fragments.join("")),
      fc.array(fragment, { maxLength: 4 }).map((fragments) => `5\r\nhello\r\n${fragments.join("")}0\r\n\r\n`),
      fc.array(fragment, { maxLength: 3 }).map((fragments) => `5${fragments.join("")}\r\nhello\r\n0\r\n\r\n`),
      fc
        .constantFrom(...CHUNKED_CASES)
        .chain(({ bytes }) =>
          fc
            .tuple(fc.nat({ max: bytes.length }), fc.nat({ max: 1 }), fc.nat({ max: 255 }))
            .map(([at, drop, byte]) => bytes.slice(0, at) + String.fromCharCode(byte) + bytes.slice(at + drop)),
        ),
    );
    fc.assert(
      fc.property(text, pieces, (text, split) => {
        const { result, body, taken } = decodeChunked(latin1(text), split);
        const oracle = readChunked(text);
        expect(result === "end").toBe(oracle !== null);
        if (oracle !== null) expect({ body, taken }).toEqual(oracle);
      }),
      { numRuns: runs(10_000) },
    );
  });
});
