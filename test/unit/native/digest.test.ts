import { createHash, randomBytes } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { crc32c, portable, sha256 } from "../../../native-bindings/digest.ts";
import { runs } from "../../helpers/property-runs.ts";

const ways = [
  { way: "with the processor's instructions", sha256, crc32c },
  { way: "on any processor", ...portable },
];

function expectedSha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

describe.each(ways)("digests $way", (digest) => {
  it("are node:crypto's SHA-256 for every length up to 300", () => {
    const bytes = randomBytes(300);
    for (let length = 0; length <= 300; length++) {
      const input = bytes.subarray(0, length);
      expect(digest.sha256(input).toString("hex")).toBe(expectedSha256(input));
    }
  });

  it("are node:crypto's SHA-256 for any bytes at any place in memory", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 5000, size: "max" }), fc.nat({ max: 20 }), (bytes, from) => {
        const input = bytes.subarray(from);
        expect(digest.sha256(input).toString("hex")).toBe(expectedSha256(input));
      }),
      { numRuns: runs(300) },
    );
  });

  // RFC 3720 B.4.
  it.each([
    ["32 bytes of zeros", Buffer.alloc(32), 0x8a9136aa],
    ["32 bytes of ones", Buffer.alloc(32, 0xff), 0x62a8ab43],
    ["32 incrementing bytes", Buffer.from(Array.from({ length: 32 }, (_, i) => i)), 0x46dd794e],
    ["32 decrementing bytes", Buffer.from(Array.from({ length: 32 }, (_, i) => 31 - i)), 0x113fdb5c],
    [
      "an iSCSI read command",
      Buffer.from(
        `01c000000000000000000000000000001400000000000400000000140000001828${"0".repeat(14)}02${"0".repeat(14)}`,
        "hex",
      ),
      0xd9963a56,
    ],
    ["nothing", Buffer.alloc(0), 0],
    ["the digits 1 to 9", Buffer.from("123456789"), 0xe3069283],
  ])("have the checksum that is known for %s", (_what, bytes, expected) => {
    expect(digest.crc32c(bytes)).toBe(expected);
  });

  it("give the same checksum however the bytes are cut", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat({ max: 200 }), (bytes, place) => {
        const whole = digest.crc32c(bytes);
        expect(digest.crc32c(bytes.subarray(place), digest.crc32c(bytes.subarray(0, place)))).toBe(whole);
        expect(portable.crc32c(bytes)).toBe(whole);
      }),
    );
  });
});

it("refuses what is no bytes", () => {
  expect(() => sha256("text" as unknown as Uint8Array)).toThrow("Buffer or Uint8Array");
  expect(() => crc32c(7 as unknown as Uint8Array)).toThrow("Buffer or Uint8Array");
});
