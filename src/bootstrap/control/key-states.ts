import {
  KEY_STATE_NAMES,
  type KeyStateName,
  type ProviderKeyState,
} from "../../control-plane/entities/provider-key-states.ts";

interface Metric {
  name: string;
  values: { value: number; labels: Record<string, string> }[];
}

/** Read from what each worker counts for `/metrics`: see src/data-plane/provider-keys/key-metrics.ts. */
export function keyStatesOf(workers: readonly (readonly unknown[])[]): ProviderKeyState[] {
  const states = new Map<string, ProviderKeyState>();
  for (const metric of workers.flat() as Metric[]) {
    const read = READERS[metric.name];
    if (read === undefined) continue;
    for (const { value, labels } of metric.values) {
      const { provider = "", key = "" } = labels;
      const id = JSON.stringify([provider, key]);
      const before = states.get(id) ?? { provider, key, workers: NOWHERE, triedAgainAtMs: 0, refusals: {} };
      states.set(id, { ...before, ...read(before, value, labels) });
    }
  }
  // Counts outlive the key, and the worker.
  return [...states.values()].filter(({ workers: own }) => KEY_STATE_NAMES.some((name) => own[name] > 0));
}

const NOWHERE: ProviderKeyState["workers"] = { ready: 0, out: 0, limited: 0, expired: 0 };

type Reader = (
  before: ProviderKeyState,
  value: number,
  labels: Readonly<Record<string, string>>,
) => Partial<ProviderKeyState>;

const READERS: Readonly<Record<string, Reader>> = {
  tidegate_provider_keys: ({ workers }, value, { state = "" }) =>
    isStateName(state) ? { workers: { ...workers, [state]: workers[state] + value } } : {},
  tidegate_provider_key_tried_again_seconds: ({ triedAgainAtMs }, value) => ({
    triedAgainAtMs: Math.max(triedAgainAtMs, Math.round(value * 1_000)),
  }),
  tidegate_provider_key_refusals_total: ({ refusals }, value, { status = "" }) => ({
    refusals: { ...refusals, [status]: (refusals[status] ?? 0) + value },
  }),
};

function isStateName(text: string): text is KeyStateName {
  return KEY_STATE_NAMES.some((name) => name === text);
}
