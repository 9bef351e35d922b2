import type { Dispatcher } from "../../../contracts/dispatcher.ts";
import type { ProviderSnapshot } from "../../../contracts/snapshot.ts";
import { SimulatedDispatcher } from "../../../upstream/simulated/simulated-dispatcher.ts";
import type { KeyPool } from "../../provider-keys/key-pool.ts";
import type { TargetRuntime } from "./ai-runtime.ts";

/** Where a provider is, and what every call to it has. */
export interface ProviderAddress {
  readonly dispatcher: Dispatcher;
  readonly origin: string;
  readonly host: string;
  /** Path of the base URL, without a trailing slash. */
  readonly pathPrefix: string;
  /** By key, one where there are none: names and values, alternating. Host, content type, configured headers, credentials. */
  readonly heads: readonly (readonly string[])[];
  /** Parameters of every call; "": none. */
  readonly query: string;
}

export function compileProviderAddress(
  provider: ProviderSnapshot,
  keys: KeyPool,
  connectMs: number,
  runtime: Pick<TargetRuntime, "dispatchers">,
): ProviderAddress {
  const url = provider.transport === "simulated" ? null : new URL(provider.baseUrl);
  const host = url === null ? "simulated" : url.host;
  return {
    dispatcher:
      url === null
        ? simulated(provider)
        : runtime.dispatchers.get({ origin: url.origin, connectTimeoutMs: connectMs, caFile: null }),
    origin: url === null ? "" : url.origin,
    host,
    pathPrefix: basePathOf(provider.baseUrl),
    heads: compileHeads(provider, keys, host),
    query: provider.query ?? "",
  };
}

/** Path of a base URL without a trailing slash; "" for none. */
export function basePathOf(baseUrl: string): string {
  return baseUrl === "" ? "" : new URL(baseUrl).pathname.replace(/\/+$/, "");
}

function simulated(provider: ProviderSnapshot): Dispatcher {
  return new SimulatedDispatcher(provider.simulated ?? { firstTokenMs: 0, tokenMs: 0 });
}

function compileHeads({ headers }: ProviderSnapshot, { keys }: KeyPool, host: string): ProviderAddress["heads"] {
  const fixed = ["host", host, "content-type", "application/json", ...Object.entries(headers).flat()];
  return keys.length === 0 ? [fixed] : keys.map((key) => [...fixed, ...key.headers]);
}
