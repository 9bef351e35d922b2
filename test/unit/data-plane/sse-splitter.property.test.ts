import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { SseEvent } from "../../../src/contracts/dialect.ts";
import { parseRawEvent, SseSplitter } from "../../../src/data-plane/pipeline/ai/sse-splitter.ts";
import { createSseReader } from "../../../src/dialects/sse/reader.ts";
import { runs } from "../../helpers/property-runs.ts";

const content = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 12 }).map((text) => text.replace(/[\r\n]/g, "")),
  fc.constantFrom("[DONE]", '{"a":1}', "data: x", " two spaces", ""),
);
const line = fc.oneof(
  content.map((text) => `data: ${text}`),
  content.map((text) => `data:${text}`),
  fc.constantFrom("event: ping", ": comment", ":", "id: 7", "retry: 10", "unknown: x", "x"),
);
const end = fc.constantFrom("\n", "\r\n");
const stream = fc
  .array(fc.tuple(fc.array(fc.tuple(line, end), { minLength: 1, maxLength: 4 }), end), { maxLength: 6 })
  .map((events) => events.map(([lines, blank]) => lines.map(([text, eol]) => text + eol).join("") + blank).join(""));

/** Cuts bytes at these places, in any order and number. */
function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const sorted = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b);
  const edges = [0, ...sorted, bytes.length];
  return edges.slice(1).map((edge, i) => bytes.subarray(edges[i], edge));
}

function split(chunks: readonly Buffer[], maxEventBytes = 1 << 20): { events: string[]; rest: string; fits: boolean } {
  const splitter = new SseSplitter(maxEventBytes);
  const events: string[] = [];
  let fits = true;
  for (const chunk of chunks) fits = splitter.push(chunk, (raw) => events.push(raw.toString("latin1"))) && fits;
  return { events, rest: splitter.rest.toString("latin1"), fits };
}

describe("the SSE splitter", () => {
  it("gives the same events however the bytes are cut, and loses none", () => {
    fc.assert(
      fc.property(stream, fc.string({ maxLength: 5 }), fc.array(fc.nat(), { maxLength: 30 }), (text, tail, places) => {
        const bytes = Buffer.from(text + tail.replace(/[\r\n]/g, "x"));
        const whole = split([bytes]);
        expect(split(cut(bytes, places))).toEqual(whole);
        expect(split([...bytes].map((byte) => Buffer.of(byte)))).toEqual(whole);
        expect(whole.events.join("") + whole.rest).toBe(bytes.toString("latin1"));
      }),
      { numRuns: runs(500) },
    );
  });

  it("finds the events that the reader of the dialects finds", () => {
    fc.assert(
      fc.property(stream, (text) => {
        const expected: SseEvent[] = [];
        const reader = createSseReader({ maxEventBytes: 1 << 20 }, (event) => expected.push(event));
        reader.push(Buffer.from(text));
        const found: SseEvent[] = [];
        new SseSplitter(1 << 20).push(Buffer.from(text), (raw) => found.push(parseRawEvent(raw)));
        const meaningful = ({ data }: SseEvent) => data !== "";
        const plain = ({ event, data }: SseEvent) => [event === "message" ? "" : event, data];
        expect(found.filter(meaningful).map(plain)).toEqual(expected.filter(meaningful).map(plain));
      }),
      { numRuns: runs(500) },
    );
  });

  it("says when an event is too long, and not before", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 60 }), fc.array(fc.nat(), { maxLength: 10 }), (length, places) => {
        const bytes = Buffer.from(`data: ${"x".repeat(length)}`);
        expect(split(cut(bytes, places), 40).fits).toBe(bytes.length <= 40);
      }),
    );
  });
});
