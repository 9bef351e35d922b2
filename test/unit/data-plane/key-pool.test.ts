import { beforeEach, describe, expect, test } from "vitest";
import type { LimitStore } from "../../../src/contracts/limits.ts";
import type { ProviderKeySnapshot } from "../../../src/contracts/provider-keys.ts";
import type { ProviderSnapshot } from "../../../src/contracts/snapshot.ts";
import { compileKeyPools, type KeyPool, type KeyPoolRuntime } from "../../../src/data-plane/provider-keys/key-pool.ts";
import { FIRST_REST_MS, LONGEST_REST_MS } from "../../../src/data-plane/provider-keys/key-state.ts";
import { TokenStore } from "../../../src/data-plane/provider-keys/token-store.ts";
import { TargetNumbers } from "../../../src/upstream/target-numbers.ts";
import { collectingLogger } from "../../helpers/gateway.ts";

const NOW = Date.UTC(2026, 10, 29);

/** Counts within one window that never ends. */
class Counters implements LimitStore {
  readonly used = new Map<string, number>();

  reserve(limit: Parameters<LimitStore["reserve"]>[0], key: string, amount: number) {
    const used = this.used.get(key) ?? 0;
    const allowed = limit.unit === "tokens" ? used < limit.amount : used + amount <= limit.amount;
    if (allowed) this.used.set(key, used + amount);
    return { allowed, remaining: 0, resetMs: 1000, retryAfterMs: allowed ? 0 : limit.windowMs };
  }

  settle(_limit: unknown, key: string, reserved: number, used: number): void {
    this.used.set(key, (this.used.get(key) ?? 0) + used - reserved);
  }
}

let runtime: KeyPoolRuntime;
let counters: Counters;
let log: { level: string; message: string; fields: object }[];

beforeEach(() => {
  counters = new Counters();
  log = [];
  const logger = collectingLogger(log);
  runtime = { logger, limits: counters, providerTokens: new TokenStore(logger), keyPools: new Map() };
});

function pool(...keys: Partial<ProviderKeySnapshot>[]): KeyPool {
  const all = keys.map((key, index) => ({ id: `key-${index + 1}`, value: `value-${index + 1}`, weight: 1, ...key }));
  const provider = { id: "openai", auth: { type: "bearer" }, keys: all } as ProviderSnapshot;
  return compileKeyPools([provider], runtime).get("openai") as KeyPool;
}

/** Ids of the keys that the next calls are made with. */
function turns(keys: KeyPool, calls: number, nowMs = NOW, model = "m"): (string | null)[] {
  return Array.from({ length: calls }, () => keys.take(model, 10, nowMs)?.id ?? null);
}

const keyOf = (keys: KeyPool, id: string) => keys.keys.find((key) => key.id === id) as KeyPool["keys"][number];

describe("whose turn it is", () => {
  test("by weight, evenly spread; a weight of 0 gets no turn", () => {
    expect(turns(pool({ weight: 2 }, { weight: 1 }, { weight: 0 }), 6)).toEqual([
      ...["key-1", "key-2", "key-1"],
      ...["key-1", "key-2", "key-1"],
    ]);
  });

  test("the lowest priority first, the next while those can't be used", () => {
    const keys = pool({ priority: 1 }, { priority: 0 }, { priority: 2 });
    expect(turns(keys, 2)).toEqual(["key-2", "key-2"]);
    keys.refused(keyOf(keys, "key-2"), null, 401, null, NOW);
    expect(turns(keys, 2)).toEqual(["key-1", "key-1"]);
    keys.refused(keyOf(keys, "key-1"), null, 401, null, NOW);
    expect(turns(keys, 1)).toEqual(["key-3"]);
  });

  test("never one that has expired", () => {
    const keys = pool({ expiresAtMs: NOW + 1000 }, { priority: 1, expiresAtMs: NOW + 5000 });
    expect(turns(keys, 1, NOW + 999)).toEqual(["key-1"]);
    expect(turns(keys, 1, NOW + 1000)).toEqual(["key-2"]);
    expect(turns(keys, 1, NOW + 5000)).toEqual([null]);
    expect(keys.isUsable("m", NOW + 5000)).toBe(false);
    expect(keys.retryAfterMs("m", NOW + 5000)).toBeNull();
  });

  test("the native side takes turns by itself only among plain keys", () => {
    expect(pool({}, { weight: 2 }).isPlain).toBe(true);
    expect(pool({}, { priority: 1 }).isPlain).toBe(false);
    expect(pool({ expiresAtMs: NOW }).isPlain).toBe(false);
    expect(pool({}, { weight: 0 }).isPlain).toBe(false);
    const limits = [{ per: "organisation", unit: "requests", amount: 1, windowMs: 1, algorithm: "window" }] as const;
    expect(pool({ limits: [...limits] }).isPlain).toBe(false);
  });
});

describe("a key that is refused", () => {
  test("is left alone, then tried by one call, and doubles its time with each refusal", () => {
    const keys = pool({}, {});
    const [first] = keys.keys as [KeyPool["keys"][number]];
    let atMs = NOW;
    for (const factor of [1, 2, 4]) {
      keys.refused(first, null, 401, null, atMs);
      expect(turns(keys, 3, atMs + factor * FIRST_REST_MS - 1)).toEqual(["key-2", "key-2", "key-2"]);
      atMs += factor * FIRST_REST_MS;
      // The probe, and nobody else while it is under way.
      expect(turns(keys, 4, atMs).filter((id) => id === "key-1")).toHaveLength(1);
    }
    for (let refusal = 0; refusal < 20; refusal++) {
      keys.refused(first, null, 401, null, atMs);
      atMs += LONGEST_REST_MS;
      expect(turns(keys, 4, atMs)).toContain("key-1");
    }
    expect(log.filter(({ level }) => level === "warn")).toHaveLength(1);
  });

  test("is good again when the probe is answered, and not by answers to earlier calls", () => {
    const keys = pool({}, {});
    const [first] = keys.keys as [KeyPool["keys"][number]];
    keys.refused(first, null, 401, null, NOW);
    keys.succeeded(first, "m", null);
    expect(first.state.isOut).toBe(true);
    turns(keys, 2, NOW + FIRST_REST_MS);
    keys.succeeded(first, "m", first.state.outageFor("m"));
    expect(first.state.isOut).toBe(false);
    expect(turns(keys, 4, NOW + FIRST_REST_MS).filter((id) => id === "key-1")).toHaveLength(2);
    expect(log.at(-1)).toMatchObject({ level: "info", fields: { provider: "openai", key: "key-1" } });
    expect(JSON.stringify(log)).not.toContain("value-1");
  });

  test("refusals of calls that were under way count once", () => {
    const keys = pool({}, {});
    const [first] = keys.keys as [KeyPool["keys"][number]];
    for (let call = 0; call < 10; call++) keys.refused(first, null, 401, null, NOW + call);
    expect(turns(keys, 2, NOW + FIRST_REST_MS)).toContain("key-1");
  });

  test("for one model is good for the others", () => {
    const keys = pool({}, {});
    keys.refused(keyOf(keys, "key-1"), "forbidden", 403, null, NOW);
    expect(turns(keys, 2, NOW, "forbidden")).toEqual(["key-2", "key-2"]);
    expect(new Set(turns(keys, 2, NOW, "other"))).toEqual(new Set(["key-1", "key-2"]));
  });

  test("is left alone for as long as the provider asks, up to ten minutes", () => {
    const keys = pool({}, {});
    keys.refused(keyOf(keys, "key-1"), "m", 429, 60_000, NOW);
    keys.refused(keyOf(keys, "key-2"), "m", 429, 24 * 3_600_000, NOW);
    expect(keys.isUsable("m", NOW + 59_999)).toBe(false);
    expect(keys.retryAfterMs("m", NOW)).toBe(60_000);
    expect(turns(keys, 1, NOW + 60_000)).toEqual(["key-1"]);
    expect(turns(keys, 1, NOW + LONGEST_REST_MS)).toEqual(["key-2"]);
  });

  test("is used nevertheless where all are out, the one that is due first", () => {
    const keys = pool({}, {});
    keys.refused(keyOf(keys, "key-1"), null, 429, 60_000, NOW);
    keys.refused(keyOf(keys, "key-2"), null, 401, null, NOW);
    expect(keys.isUsable("m", NOW)).toBe(false);
    expect(turns(keys, 2)).toEqual(["key-2", "key-2"]);
  });

  test("keeps the native side from its targets", () => {
    const keys = pool({}, {});
    const values = new Float64Array(4);
    const numbers = new TargetNumbers(values, 1);
    keys.watch(numbers);
    expect(values[2]).toBe(0);
    keys.refused(keyOf(keys, "key-1"), null, 401, null, NOW);
    expect(values[2]).not.toBe(0);
    // The circuit has its own say.
    numbers.blocked = true;
    numbers.blocked = false;
    expect(values[2]).not.toBe(0);
    turns(keys, 2, NOW + FIRST_REST_MS);
    keys.succeeded(keyOf(keys, "key-1"), "m", keyOf(keys, "key-1").state.outageFor("m"));
    expect(values[2]).toBe(0);
  });

  test("stays out over a reload, unless it is another one by then", () => {
    keysOut();
    expect(turns(pool({}, {}), 2)).toEqual(["key-2", "key-2"]);
    keysOut();
    expect(new Set(turns(pool({ value: "new" }, {}), 2))).toEqual(new Set(["key-1", "key-2"]));

    function keysOut() {
      const keys = pool({}, {});
      keys.refused(keyOf(keys, "key-1"), null, 401, null, NOW);
    }
  });
});

describe("limits of a key", () => {
  const requests = { per: "organisation", unit: "requests", amount: 2, windowMs: 60_000, algorithm: "window" } as const;
  const tokens = { per: "organisation", unit: "tokens", amount: 25, windowMs: 30_000, algorithm: "window" } as const;

  test("calls go to another key when one is used up, and to none when all are", () => {
    const keys = pool({ limits: [requests] }, { priority: 1, limits: [{ ...requests, amount: 1 }] });
    expect(turns(keys, 4)).toEqual(["key-1", "key-1", "key-2", null]);
    expect(keys.isUsable("m", NOW)).toBe(false);
    expect(keys.retryAfterMs("m", NOW)).toBe(60_000);
  });

  test("a call that one limit refuses takes nothing of the others", () => {
    const keys = pool({ limits: [requests, { ...tokens, amount: 5 }] });
    expect(turns(keys, 2)).toEqual(["key-1", null]);
    expect([...counters.used.values()]).toEqual([1, 10]);
  });

  test("tokens are corrected to what was used", () => {
    const keys = pool({ limits: [tokens] });
    const key = keys.take("m", 10, NOW) as KeyPool["keys"][number];
    key.settle(counters, 10, 3, NOW);
    expect([...counters.used.values()]).toEqual([3]);
  });
});
