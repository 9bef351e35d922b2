import { createParser } from "eventsource-parser";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { SseEvent } from "../../../src/contracts/dialect.ts";
import { GatewayError } from "../../../src/contracts/errors.ts";
import { formatSse } from "../../../src/dialects/sse/format.ts";
import { createSseReader } from "../../../src/dialects/sse/reader.ts";
import { runs } from "../../helpers/property-runs.ts";

const LIMIT = { maxEventBytes: 1 << 20 };

function read(chunks: Buffer[]): SseEvent[] {
  const events: SseEvent[] = [];
  const reader = createSseReader(LIMIT, (event) => events.push(event));
  for (const chunk of chunks) reader.push(chunk);
  reader.end();
  return events;
}

function readText(text: string): SseEvent[] {
  return read([Buffer.from(text)]);
}

function oracle(bytes: Buffer): SseEvent[] {
  const events: SseEvent[] = [];
  const parser = createParser({ onEvent: ({ event, data }) => events.push({ event: event ?? "", data }) });
  parser.feed(new TextDecoder().decode(bytes));
  return events;
}

function cut(bytes: Buffer, cuts: number[]): Buffer[] {
  const places = [...new Set(cuts.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b);
  return [0, ...places].map((start, index) => bytes.subarray(start, places[index] ?? bytes.length));
}

// Pieces that make every rule of the standard meet every other one; the comment at the end makes the oracle look at a
// final CR.
const streams = fc
  .array(
    fc.constantFrom(
      ...["data", "data:", "data: ", "data:x", "data:  two", "data: é€😀", "event: e", "event:", "event", "id: 1"],
      ...["retry: 5", ": comment", ":", "dat: a", "datax: a", "other", "eventx:1", " data: a", "\ufeffdata: a"],
      ...["\n", "\r", "\r\n", "\n\n", "\r\r", "\r\n\r\n", "a:b"],
    ),
    { maxLength: 30 },
  )
  .map((pieces) => Buffer.from(`${pieces.join("")}\n:\n`));

describe("SSE reader", () => {
  it("agrees with eventsource-parser, whatever the chunks", () => {
    fc.assert(
      fc.property(streams, fc.array(fc.nat(), { maxLength: 8 }), (bytes, cuts) => {
        expect(read(cut(bytes, cuts))).toEqual(oracle(bytes));
      }),
      { numRuns: runs(3000) },
    );
  });

  it("gives the same events split at every byte, and byte by byte", () => {
    const bytes = Buffer.from(
      "\ufeff: hello\r\ndata: é\rdata: 😀\r\n\r\nevent: done\ndata:{}\n\nid: 4\nretry: 10\ndata\n\ndata: lost",
    );
    const expected = [
      { event: "", data: "é\n😀" },
      { event: "done", data: "{}" },
      { event: "", data: "" },
    ];
    expect(read([bytes])).toEqual(expected);
    for (let place = 0; place <= bytes.length; place += 1) {
      expect(read([bytes.subarray(0, place), bytes.subarray(place)])).toEqual(expected);
    }
    expect(read([...bytes].map((byte) => Buffer.from([byte])))).toEqual(expected);
  });

  it("strips a byte order mark at the very beginning only", () => {
    expect(readText("\ufeffdata: a\n\n\ufeffdata: b\n\ndata: \ufeffc\n\n")).toEqual([
      { event: "", data: "a" },
      { event: "", data: "\ufeffc" },
    ]);
  });

  it("forgets the event name of an event without data", () => {
    expect(readText("event: a\n\ndata: b\n\n")).toEqual([{ event: "", data: "b" }]);
  });

  it("replaces bytes that are not UTF-8", () => {
    expect(read([Buffer.from([...Buffer.from("data: "), 0xff, 0x61, 0x0a, 0x0a])])).toEqual([
      { event: "", data: "\ufffda" },
    ]);
  });

  it("says whether the body ended within an event", () => {
    const ended = (text: string): boolean => {
      const reader = createSseReader(LIMIT, () => {});
      reader.push(Buffer.from(text));
      return reader.end();
    };
    expect(ended("data: a\n\n")).toBe(false);
    expect(ended("data: a\n")).toBe(true);
    expect(ended("data: a")).toBe(true);
  });

  it.each([
    ["one long line", ["data: ", "x".repeat(2000)]],
    ["many lines", Array.from({ length: 50 }, () => `data: ${"x".repeat(50)}\n`)],
    ["one whole line", [`data: ${"x".repeat(2000)}\n\n`]],
    ["a line without end that is no field", Array.from({ length: 3000 }, () => "x")],
  ])("refuses an event over the limit: %s", (_name, chunks) => {
    const reader = createSseReader({ maxEventBytes: 1000 }, () => {});
    expect(() => {
      for (const chunk of chunks) reader.push(Buffer.from(chunk));
    }).toThrow(GatewayError);
  });

  it("counts the limit per event, not per stream", () => {
    let events = 0;
    const reader = createSseReader({ maxEventBytes: 100 }, () => {
      events += 1;
    });
    for (let index = 0; index < 1000; index += 1)
      reader.push(Buffer.from(`: keep-alive\nevent: e\ndata: ${"x".repeat(80)}\n\n`));
    expect(events).toBe(1000);
  });
});

describe("formatSse", () => {
  it("is read back as it was", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (data) => {
        const lines = data.replaceAll(/\r\n|\r/g, "\n");
        expect(readText(formatSse("message_delta", data))).toEqual([{ event: "message_delta", data: lines }]);
        expect(readText(formatSse("", data))).toEqual([{ event: "", data: lines }]);
      }),
    );
  });
});
