import { describe, expect, it } from "vitest";
import { CrashBackoff } from "../../../src/bootstrap/supervisor/crash-backoff.ts";

describe("the pause before a process is started again", () => {
  it("is nothing after a good while, and doubles up to ten seconds in a crash loop", () => {
    const backoff = new CrashBackoff();
    expect(backoff.nextDelayMs(5_000)).toBe(0);
    const delays = Array.from({ length: 9 }, () => backoff.nextDelayMs(10));
    expect(delays).toEqual([100, 200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000]);
  });

  it("starts afresh after half a minute without a crash", () => {
    const backoff = new CrashBackoff();
    backoff.nextDelayMs(10);
    backoff.nextDelayMs(10);
    expect(backoff.nextDelayMs(30_000)).toBe(0);
    expect(backoff.nextDelayMs(10)).toBe(100);
  });
});
