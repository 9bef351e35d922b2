import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { GatewayError } from "../../../src/contracts/errors.ts";
import { writeHeaders } from "../../../src/dialects/event-stream/headers.ts";
import { EventStreamReader } from "../../../src/dialects/event-stream/reader.ts";
import { writeMessage } from "../../../src/dialects/event-stream/writer.ts";
import { runs } from "../../helpers/property-runs.ts";
import { EventStreamCodec } from "../../sdk-clients/index.ts";

/** The codec of AWS's own clients is the oracle. */
const oracle = new EventStreamCodec(
  (bytes) => Buffer.from(bytes).toString("utf8"),
  (text) => Buffer.from(text),
);

interface Read {
  headers: Record<string, string>;
  payload: string;
}

function read(chunks: readonly Buffer[], maxBytes = 1 << 20): Read[] {
  const messages: Read[] = [];
  const reader = new EventStreamReader(maxBytes, ({ headers, payload }) =>
    messages.push({ headers: Object.fromEntries(headers), payload: payload.toString() }),
  );
  for (const chunk of chunks) reader.push(chunk);
  reader.end();
  return messages;
}

function failure(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error instanceof GatewayError ? error.code : error;
  }
  return null;
}

const message = (payload: string) =>
  writeMessage(writeHeaders([":event-type", "e", ":message-type", "event"]), payload);
const names = fc.string({ minLength: 1, maxLength: 12 });

describe("the event stream encoding", () => {
  it("is read as AWS's codec writes it, headers of all types among it, and cut anywhere", () => {
    const types = {
      yes: { type: "boolean", value: true },
      no: { type: "boolean", value: false },
      byte: { type: "byte", value: 1 },
      short: { type: "short", value: 2 },
      integer: { type: "integer", value: 3 },
      bytes: { type: "binary", value: Buffer.from([1, 2, 3]) },
      text: { type: "string", value: "é€" },
      time: { type: "timestamp", value: new Date(0) },
      uuid: { type: "uuid", value: "01234567-89ab-cdef-0123-456789abcdef" },
      last: { type: "string", value: "z" },
    } as const;
    const bytes = Buffer.concat(
      ["", "{}", "größer"].map((text) => Buffer.from(oracle.encode({ headers: types, body: Buffer.from(text) }))),
    );
    const expected = ["", "{}", "größer"].map((payload) => ({ headers: { text: "é€", last: "z" }, payload }));
    expect(read([bytes])).toEqual(expected);
    for (let place = 1; place < bytes.length; place += 1) {
      expect(read([bytes.subarray(0, place), bytes.subarray(place)])).toEqual(expected);
    }
    expect(read([...bytes].map((byte) => Buffer.from([byte])))).toEqual(expected);
  });

  it("is written as AWS's codec reads it", () => {
    fc.assert(
      fc.property(fc.uniqueArray(names, { maxLength: 4 }), fc.string(), fc.string(), (headerNames, value, payload) => {
        const written = writeMessage(writeHeaders(headerNames.flatMap((name) => [name, value])), payload);
        const { headers, body } = oracle.decode(written);
        expect(Buffer.from(body).toString()).toBe(payload);
        expect(headers).toEqual(Object.fromEntries(headerNames.map((name) => [name, { type: "string", value }])));
      }),
      { numRuns: runs(200) },
    );
  });

  it("is refused with any one byte changed, and never read as something else", () => {
    const bytes = Buffer.concat([message('{"a":1}'), message("{}")]);
    for (let place = 0; place < bytes.length; place += 1) {
      const spoiled = Buffer.from(bytes);
      spoiled.writeUInt8(bytes.readUInt8(place) ^ 0x41, place);
      expect(
        failure(() => read([spoiled])),
        `byte ${place}`,
      ).toBe("upstream_protocol_error");
    }
  });

  it("is refused where it ends within a message", () => {
    const bytes = message("{}");
    for (let length = 1; length < bytes.length; length += 1) {
      expect(failure(() => read([bytes.subarray(0, length)]))).toBe("upstream_reset");
    }
  });

  it("is refused by the prelude, when a message is longer than allowed", () => {
    const bytes = message("x".repeat(100));
    expect(read([bytes], bytes.length)).toHaveLength(1);
    const reader = new EventStreamReader(bytes.length - 1, () => {});
    expect(failure(() => reader.push(bytes.subarray(0, 12)))).toBe("upstream_response_too_large");
  });

  it("is refused where headers reach beyond their place, although all checksums are right", () => {
    const beyond = [
      Buffer.from([200, 65]),
      Buffer.from([1, 65, 7, 0, 9, 66]),
      Buffer.from([1, 65, 5]),
      Buffer.from([1, 65, 99]),
    ];
    for (const headers of beyond) {
      expect(failure(() => read([writeMessage(headers, "{}")]))).toBe("upstream_protocol_error");
    }
  });
});
