import { expect, it } from "vitest";
import { StreamUsageWatcher, textBytes } from "../../../native-bindings/scan.ts";
import { passthroughs } from "../../../src/dialects/index.ts";

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

it("leaves sound and pictures out of what a stream has not told, as the watcher without native code does", () => {
  const native = new StreamUsageWatcher("openai", true);
  const watcher = passthroughs.openai?.createUsageWatcher(true);
  for (const delta of [{ content: "tide" }, ...Array(10).fill({ audio: { data: media.toString("base64") } })]) {
    const data = JSON.stringify({ model: "m", choices: [{ index: 0, delta }] });
    native.push(Buffer.from(`data: ${data}\n\n`));
    watcher?.push({ event: "", data });
  }
  const { untoldTokens } = native.seen;
  expect(untoldTokens).toBe(watcher?.untoldTokens);
  expect(untoldTokens).toBeGreaterThanOrEqual(11);
  expect(untoldTokens).toBeLessThan(30);
});
