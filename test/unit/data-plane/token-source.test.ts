import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type FetchedToken, TokenFailure } from "../../../src/data-plane/provider-keys/fetch-token.ts";
import { TokenSource } from "../../../src/data-plane/provider-keys/token-source.ts";

const HOUR_MS = 3_600_000;

let fetches: { resolve(token: FetchedToken): void; reject(error: Error): void }[];
let failures: TokenFailure[];
let source: TokenSource;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date", "setTimeout", "clearTimeout", "setImmediate"] });
  fetches = [];
  failures = [];
  source = new TokenSource(
    () => new Promise((resolve, reject) => fetches.push({ resolve, reject })),
    (failure) => failures.push(failure),
  );
});

afterEach(() => {
  source.stop();
  vi.useRealTimers();
});

/** What a call is told that waits. */
function waiting(): (string | TokenFailure)[] {
  const told: (string | TokenFailure)[] = [];
  source.wait(Date.now(), (outcome) => told.push(outcome));
  return told;
}

async function fetched(token: string, lifeMs = HOUR_MS): Promise<void> {
  fetches.at(-1)?.resolve({ token, expiresAtMs: Date.now() + lifeMs });
  await vi.advanceTimersByTimeAsync(0);
}

async function failed(): Promise<void> {
  fetches.at(-1)?.reject(new TokenFailure("no"));
  await vi.advanceTimersByTimeAsync(0);
}

describe("a token", () => {
  test("is fetched once for all that wait, and is there for those that come later", async () => {
    expect(source.current(Date.now())).toBeNull();
    const told = [waiting(), waiting()];
    await fetched("one");
    expect(told).toEqual([["one"], ["one"]]);
    expect(source.current(Date.now())).toBe("one");
    expect(fetches).toHaveLength(1);
  });

  test("is fetched again five minutes before it ends, while the old one is still sent", async () => {
    waiting();
    await fetched("one");
    await vi.advanceTimersByTimeAsync(HOUR_MS - 300_001);
    expect(fetches).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(fetches).toHaveLength(2);
    expect(source.current(Date.now())).toBe("one");
    await fetched("two");
    expect(source.current(Date.now())).toBe("two");
  });

  test("that can't be renewed is sent until it ends, and asked for every five seconds", async () => {
    waiting();
    await fetched("one");
    await vi.advanceTimersByTimeAsync(HOUR_MS - 300_000);
    await failed();
    expect(source.current(Date.now())).toBe("one");
    await vi.advanceTimersByTimeAsync(5_000);
    expect(fetches).toHaveLength(3);
    expect(failures).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(300_000 - 5_000 - 10_000);
    expect(source.current(Date.now())).toBeNull();
  });

  test("that can't be had is asked for by calls, not more often than every five seconds", async () => {
    const first = waiting();
    await failed();
    expect(first[0]).toBeInstanceOf(TokenFailure);
    const second = waiting();
    await vi.advanceTimersByTimeAsync(4_999);
    expect(second[0]).toBeInstanceOf(TokenFailure);
    expect(fetches).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    const third = waiting();
    await fetched("one");
    expect(third).toEqual(["one"]);
  });

  test("that the provider refuses is not sent again", async () => {
    waiting();
    await fetched("one");
    source.forget();
    expect(source.current(Date.now())).toBeNull();
    const told = waiting();
    await fetched("two");
    expect(told).toEqual(["two"]);
  });

  test("of a source that was stopped is not fetched again", async () => {
    waiting();
    await fetched("one");
    source.stop();
    await vi.advanceTimersByTimeAsync(2 * HOUR_MS);
    expect(fetches).toHaveLength(1);
  });
});
