import type { KeyPool } from "./key-pool.ts";
import type { ProviderKey } from "./provider-key.ts";

const STATES = ["ready", "out", "limited", "expired"] as const;

/** What the keys of a worker's providers do, in prom-client's form: the control process adds the workers up. */
export function keyMetrics(pools: ReadonlyMap<string, KeyPool>, nowMs: number): object[] {
  const keys = [...pools.values()].flatMap(({ provider, keys: all }) => all.map((key) => ({ provider, key })));
  if (keys.length === 0) return [];
  return [
    {
      name: "tidegate_provider_keys",
      help: "In how many workers a key of a provider is in a state; out: refused by the provider, be it for one model",
      type: "gauge",
      aggregator: "sum",
      values: keys.flatMap(({ provider, key }) => {
        const now = stateOf(key, nowMs);
        return STATES.map((state) => ({ value: state === now ? 1 : 0, labels: { provider, key: key.id, state } }));
      }),
    },
    {
      name: "tidegate_provider_key_tried_again_seconds",
      help: "When a key that is out is tried again, for all that it is out for (Unix time); 0: it is not out",
      type: "gauge",
      aggregator: "max",
      values: keys.map(({ provider, key }) => ({
        value: key.state.triedAgainAtMs / 1_000,
        labels: { provider, key: key.id },
      })),
    },
    {
      name: "tidegate_provider_key_refusals_total",
      help: "Calls that a provider refused for their key, by status; 0: there was no token for it",
      type: "counter",
      aggregator: "sum",
      values: keys.flatMap(({ provider, key }) =>
        [...key.state.refusals].map(([status, value]) => ({
          value,
          labels: { provider, key: key.id, status: String(status) },
        })),
      ),
    },
  ];
}

function stateOf(key: ProviderKey, nowMs: number): (typeof STATES)[number] {
  if (key.expiresAtMs !== 0 && nowMs >= key.expiresAtMs) return "expired";
  if (key.state.isOut) return "out";
  return nowMs < key.state.limitedUntilMs ? "limited" : "ready";
}
