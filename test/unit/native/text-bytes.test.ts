import { expect, it } from "vitest";
import { textBytes } from "../../../native-bindings/scan.ts";

const count = (text: string) => textBytes(Buffer.from(text));
const media = Buffer.from(Array.from({ length: 3_000 }, (_, index) => index % 251));

it("counts the bytes of a body, without what is in base64", () => {
  expect(count("")).toBe(0);
  expect(count('{"content":"Wie spät ist es?"}')).toBe(31);
  const around = count('{"url":"data:image/png;base64,","text":"x"}');
  for (const encoding of ["base64", "base64url"] as const) {
    expect(count(`{"url":"data:image/png;base64,${media.toString(encoding)}","text":"x"}`)).toBeLessThanOrEqual(around);
  }
  expect(count(media.toString("base64").replaceAll("/", "\\/"))).toBe(0);
});

it("counts long texts whole, whatever the language, and names, keys and digests", () => {
  const texts = [
    "The tide goes out at noon. ".repeat(200),
    "潮は正午に引きます。".repeat(500),
    "a".repeat(1_023),
    `${"0".repeat(1_000)}.${"1".repeat(1_000)}`,
  ];
  for (const text of texts) expect(count(text)).toBe(Buffer.byteLength(text));
});
