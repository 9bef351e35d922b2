import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { AttemptClock } from "../../../src/data-plane/pipeline/ai/attempt-clock.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function clock(timeouts: { firstTokenMs?: number; betweenTokensMs?: number; totalMs?: number }, isStream = true) {
  const expired: string[] = [];
  const transport = { connectMs: 1, firstByteMs: 0, idleMs: 0 };
  const all = { ...transport, firstTokenMs: 0, betweenTokensMs: 0, totalMs: 0, ...timeouts };
  const made = new AttemptClock(all, ({ code }) => expired.push(code));
  made.start(isStream);
  return { clock: made, expired };
}

describe("the clock of an attempt", () => {
  it("first_token: until the first token of a stream", () => {
    const waiting = clock({ firstTokenMs: 100 });
    const served = clock({ firstTokenMs: 100 });
    const whole = clock({ firstTokenMs: 100 }, false);
    vi.advanceTimersByTime(99);
    served.clock.token();
    vi.advanceTimersByTime(10_000);
    expect(waiting.expired).toEqual(["upstream_first_token_timeout"]);
    expect([...served.expired, ...whole.expired]).toEqual([]);
  });

  it("between_tokens: from token to token, from the first one on", () => {
    const { clock: made, expired } = clock({ betweenTokensMs: 100 });
    vi.advanceTimersByTime(1000);
    for (let token = 0; token < 5; token++) {
      made.token();
      vi.advanceTimersByTime(99);
    }
    expect(expired).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(expired).toEqual(["upstream_idle_timeout"]);
  });

  it("between_tokens: rests while the caller takes nothing", () => {
    const { clock: made, expired } = clock({ betweenTokensMs: 100 });
    made.token();
    made.pause();
    vi.advanceTimersByTime(1000);
    made.resume();
    vi.advanceTimersByTime(99);
    expect(expired).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(expired).toEqual(["upstream_idle_timeout"]);
  });

  it("total: whatever comes, until it is stopped", () => {
    const running = clock({ totalMs: 100, betweenTokensMs: 50 });
    const stopped = clock({ totalMs: 100 });
    for (let token = 0; token < 3; token++) {
      running.clock.token();
      vi.advanceTimersByTime(30);
    }
    stopped.clock.stop();
    vi.advanceTimersByTime(10);
    expect(running.expired).toEqual(["upstream_attempt_timeout"]);
    running.clock.stop();
    vi.advanceTimersByTime(1000);
    expect(running.expired).toHaveLength(1);
    expect(stopped.expired).toEqual([]);
  });
});
