import fc from "fast-check";
import { expect, it } from "vitest";
import { SseScanner } from "../../../native-bindings/scan.ts";
import { SseSplitter } from "../../../src/data-plane/pipeline/ai/sse-splitter.ts";
import { runs } from "../../helpers/property-runs.ts";

/** Where events end, counted from the begin of the stream. */
function endsOf(scanner: SseScanner, chunks: readonly Uint8Array[]): number[] {
  const ends: number[] = [];
  let begin = 0;
  for (const chunk of chunks) {
    let from = 0;
    for (;;) {
      const length = scanner.next(chunk.subarray(from));
      if (length === 0) break;
      from += length;
      ends.push(begin + from);
    }
    begin += chunk.length;
  }
  return ends;
}

function expectedEnds(bytes: Buffer): number[] {
  const ends: number[] = [];
  let end = 0;
  new SseSplitter(1 << 20).push(bytes, (raw) => {
    end += raw.length;
    ends.push(end);
  });
  return ends;
}

function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const sorted = places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b);
  const edges = [0, ...sorted, bytes.length];
  return edges.slice(1).map((edge, i) => bytes.subarray(edges[i], edge));
}

const stream = fc.oneof(
  fc
    .array(
      fc.constantFrom("\n", "\n", "\r", "\r\n", "\n\n", "\r\n\r\n", "data: x", ":", "\ufeff", "é", "y".repeat(40)),
      {
        maxLength: 40,
      },
    )
    .map((pieces) => Buffer.from(pieces.join(""))),
  fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
  fc.array(fc.constantFrom(0x0a, 0x0d, 0x41), { maxLength: 30 }).map((bytes) => Buffer.from(bytes)),
);

it("finds the ends that the JavaScript splitter finds, however the bytes are cut", () => {
  fc.assert(
    fc.property(stream, fc.array(fc.nat(), { maxLength: 20 }), (bytes, places) => {
      const expected = expectedEnds(bytes);
      expect(endsOf(new SseScanner(), [bytes])).toEqual(expected);
      expect(endsOf(new SseScanner(), cut(bytes, places))).toEqual(expected);
      expect(
        endsOf(
          new SseScanner(),
          [...bytes].map((byte) => Uint8Array.of(byte)),
        ),
      ).toEqual(expected);
    }),
    { numRuns: runs(3000) },
  );
});

it("begins anew after a reset", () => {
  const scanner = new SseScanner();
  expect(scanner.next(Buffer.from("data: x\n"))).toBe(0);
  scanner.reset();
  expect(scanner.next(Buffer.from("\ndata: y\n\n"))).toBe(10);
});
