import fc from "fast-check";
import { Packr } from "msgpackr";
import { describe, expect, it } from "vitest";
import { scanRecords } from "../../../native-bindings/journal.ts";
import { runs } from "../../helpers/property-runs.ts";
import { crc32c, scanRecordsPlainly } from "./journal-oracle.ts";

const FIELDS = 18;
const SHAPE = { fieldCount: FIELDS, bodiesAt: FIELDS - 3 };
const packr = new Packr({ useRecords: false, variableMapSize: true });

const value = fc.oneof(
  fc.constant(null),
  fc.boolean(),
  fc.integer(),
  fc.double({ noNaN: true }),
  fc.maxSafeInteger(),
  fc.string({ unit: "grapheme", maxLength: 300 }),
);
const body = fc.oneof({ weight: 3, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: fc.string() });
const row = fc
  .tuple(fc.array(value, { minLength: FIELDS - 4, maxLength: FIELDS - 2 }), body, body, value)
  .map(([values, request, response, release]) => packr.pack([...values, request, response, release]));
/** Rows, rows with a byte changed, other values, and noise: some of it with the two bytes at its end that rows have. */
const payload = fc.oneof(
  { weight: 4, arbitrary: row },
  {
    weight: 2,
    arbitrary: fc.tuple(row, fc.nat(), fc.nat(255)).map(([bytes, at, byte]) => {
      const changed = Buffer.from(bytes);
      changed[at % changed.length] = byte;
      return changed;
    }),
  },
  { weight: 1, arbitrary: fc.uint8Array({ minLength: 1, maxLength: 60 }).map((bytes) => Buffer.from(bytes)) },
  {
    weight: 1,
    arbitrary: fc
      .uint8Array({ maxLength: 60 })
      .map((bytes) => Buffer.from([0xdc, 0, FIELDS, ...bytes, 0xc0, 0xc0, 0xc0])),
  },
);

function recordOf(bytes: Buffer): Buffer {
  const record = Buffer.alloc(8 + Math.ceil(bytes.length / 8) * 8);
  record.writeUInt32LE(bytes.length, 0);
  record.writeUInt32LE(crc32c(bytes), 4);
  bytes.copy(record, 8);
  return record;
}

const segment = fc
  .record({
    payloads: fc.array(payload, { maxLength: 12 }),
    tail: fc.oneof(fc.constant(Buffer.alloc(16)), fc.constant(Buffer.alloc(8, 0xff)), fc.uint8Array().map(Buffer.from)),
    changes: fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 2 }),
  })
  .map(({ payloads, tail, changes }) => {
    const bytes = Buffer.concat([...payloads.map(recordOf), tail]);
    for (const [at, byte] of changes) if (bytes.length > 0) bytes[at % bytes.length] = byte;
    return bytes;
  });

describe("scanRecords", () => {
  it("finds what its twin in JavaScript finds, in any bytes", () => {
    fc.assert(
      fc.property(segment, fc.nat(), fc.nat(40), fc.integer({ min: 1, max: 14 }), (bytes, cut, behind, spanCount) => {
        const length = cut % (bytes.length + 1);
        const spans = new Uint32Array(spanCount * 3);
        const result = scanRecords(bytes, length, length + behind, SHAPE, spans);
        const { found, ...expected } = scanRecordsPlainly(bytes, length, length + behind, SHAPE, spanCount);
        expect(result).toEqual(expected);
        expect([...spans.subarray(0, result.spans * 3)]).toEqual(found);
      }),
      { numRuns: runs(2_000) },
    );
  });
});
