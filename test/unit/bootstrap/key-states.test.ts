import { describe, expect, it } from "vitest";
import { keyStatesOf } from "../../../src/bootstrap/control/key-states.ts";
import { keyMetrics } from "../../../src/data-plane/provider-keys/key-metrics.ts";
import type { KeyPool } from "../../../src/data-plane/provider-keys/key-pool.ts";
import { KeyState } from "../../../src/data-plane/provider-keys/key-state.ts";

const NOW_MS = 1_800_000_000_000;

/** What a worker says of one key. */
function worker(state: KeyState): object[] {
  const key = { id: "key-1", expiresAtMs: 0, state };
  return keyMetrics(new Map([["openai", { provider: "openai", keys: [key] } as unknown as KeyPool]]), NOW_MS);
}

describe("the states of providers' keys", () => {
  it("are counted over workers, each of which knows its own", () => {
    const refused = new KeyState();
    refused.refused("gpt-4o", 429, 60_000, NOW_MS);
    refused.countRefusal(429);
    const again = new KeyState();
    again.refused(null, 401, null, NOW_MS);
    again.countRefusal(401);
    again.countRefusal(429);
    expect(keyStatesOf([worker(new KeyState()), worker(refused), worker(again)])).toEqual([
      {
        provider: "openai",
        key: "key-1",
        workers: { ready: 1, out: 2, limited: 0, expired: 0 },
        triedAgainAtMs: NOW_MS + 60_000,
        refusals: { "401": 1, "429": 2 },
      },
    ]);
  });

  it("are not told of keys that are gone, though their counts are kept", () => {
    const kept = { name: "tidegate_provider_key_refusals_total", type: "counter", aggregator: "sum" };
    const labels = { provider: "openai", key: "gone", status: "401" };
    expect(keyStatesOf([[{ ...kept, values: [{ value: 3, labels }] }]])).toEqual([]);
  });
});
