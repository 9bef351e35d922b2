import { Agent } from "undici";
import type { ProviderSnapshot } from "../../contracts/snapshot.ts";
import { type KeyTest, testKey } from "./test-key.ts";

/** For all keys together: whoever asks, waits. */
const DEADLINE_MS = 15_000;
const CONNECT_TIMEOUT_MS = 5_000;
const AT_ONCE = 5;

/** One call for each key. Follows no redirect, and ends in time whatever answers. */
export async function testProviderKeys(
  provider: ProviderSnapshot,
  model: string | null,
  { deadlineMs = DEADLINE_MS } = {},
): Promise<KeyTest[]> {
  if (provider.transport === "simulated") {
    const message = "it is simulated in the gateway: there is nothing to reach";
    return [{ key: null, ok: true, result: "ok", message, status: null, elapsed_ms: 0 }];
  }
  const dispatcher = new Agent({ connect: { timeout: CONNECT_TIMEOUT_MS } });
  const signal = AbortSignal.timeout(deadlineMs);
  try {
    const keys = provider.keys.length === 0 ? [null] : provider.keys;
    const results: KeyTest[] = [];
    for (let at = 0; at < keys.length; at += AT_ONCE) {
      const part = keys.slice(at, at + AT_ONCE);
      const options = { dispatcher, signal, deadlineMs };
      results.push(...(await Promise.all(part.map((key) => testKey(provider, key, model, options)))));
    }
    return results;
  } finally {
    void dispatcher.destroy();
  }
}
