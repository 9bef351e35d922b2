import type { TargetModel } from "../../../contracts/dialect.ts";
import type { Dispatcher } from "../../../contracts/dispatcher.ts";
import type { DialectName } from "../../../contracts/ir.ts";
import type { CircuitBreakerSnapshot, OpenaiApi, ProviderSnapshot } from "../../../contracts/snapshot.ts";
import type { InboundName } from "../../../dialects/index.ts";
import type { Price } from "../../../providers/prices.ts";
import { CircuitBreaker } from "../../../upstream/circuit-breaker.ts";
import { SimulatedDispatcher } from "../../../upstream/simulated/simulated-dispatcher.ts";
import type { TargetNumbers } from "../../../upstream/target-numbers.ts";
import type { KeyPool } from "../../provider-keys/key-pool.ts";
import type { TargetRuntime } from "./ai-runtime.ts";
import type { AiOperation } from "./translation.ts";

/** One model at one provider, with all resolved that does not depend on a call. */
export interface AiTarget {
  readonly provider: ProviderSnapshot;
  readonly target: TargetModel;
  readonly weight: number;
  /** Of a provider that speaks OpenAI's dialect. */
  readonly api: OpenaiApi;
  /** Conversations may hold what answers of some provider have left in them, and others would refuse: see ForeignTraces. */
  readonly mayHoldForeign: boolean;
  readonly dispatcher: Dispatcher;
  readonly origin: string;
  readonly host: string;
  /** Path of the base URL, without a trailing slash. */
  readonly pathPrefix: string;
  readonly breaker: CircuitBreaker;
  readonly breakerSettings: CircuitBreakerSnapshot;
  readonly load: TargetLoad;
  readonly price: Price | null;
  readonly keys: KeyPool;
  /** By key, one where there are none: names and values, alternating. Host, content type, configured headers, credentials. */
  readonly heads: readonly (readonly string[])[];
  /** Parameters of every call; "": none. */
  readonly query: string;
}

/** What strategies `least-busy` and `latency` go by. Lives across snapshots. */
export class TargetLoad {
  readonly numbers: TargetNumbers;
  #inFlight = 0;
  /** Moving average of the time to the first byte; 0 until one is known, so that a new target is tried. */
  firstByteMs = 0;

  constructor(numbers: TargetNumbers) {
    this.numbers = numbers;
  }

  /** Calls under way, the native side's included. */
  get inFlight(): number {
    return this.#inFlight + this.numbers.inFlight;
  }

  began(): void {
    this.#inFlight++;
  }

  ended(): void {
    this.#inFlight--;
  }

  answered(firstByteMs: number): void {
    this.firstByteMs = this.firstByteMs === 0 ? firstByteMs : this.firstByteMs * 0.8 + firstByteMs * 0.2;
  }
}

/** The dialect in which a call is made at a target. */
export function dialectAt({ api, provider }: AiTarget, operation: AiOperation, inbound: InboundName): DialectName {
  if (api === "chat-completions" || operation !== "chat") return provider.dialect;
  return api === "responses" || inbound === "openai-responses" ? "openai-responses" : provider.dialect;
}

export function compileAiTarget(
  provider: ProviderSnapshot,
  keys: KeyPool,
  model: string,
  weight: number,
  api: OpenaiApi | undefined,
  mayHoldForeign: boolean,
  connectMs: number,
  breakerSettings: CircuitBreakerSnapshot,
  runtime: TargetRuntime,
): AiTarget {
  const key = `${provider.id} ${model}`;
  const url = provider.transport === "simulated" ? null : new URL(provider.baseUrl);
  const { quirks } = provider;
  const load = kept(runtime.loads, key, () => new TargetLoad(runtime.targetNumbers.of(`model ${key}`)));
  if (load.numbers.index !== 0) keys.watch(load.numbers);
  return {
    provider,
    target: {
      model,
      defaultMaxOutputTokens: provider.defaultMaxOutputTokens,
      ...(quirks === undefined ? {} : { quirks }),
    },
    weight,
    api: api ?? provider.api ?? "chat-completions",
    mayHoldForeign,
    dispatcher:
      url === null
        ? simulated(provider)
        : runtime.dispatchers.get({ origin: url.origin, connectTimeoutMs: connectMs, caFile: null }),
    origin: url === null ? "" : url.origin,
    host: url === null ? "simulated" : url.host,
    pathPrefix: url === null ? "" : url.pathname.replace(/\/+$/, ""),
    breaker: kept(runtime.breakers, key, () => new CircuitBreaker(runtime.targetNumbers.of(`model ${key}`))),
    breakerSettings,
    load,
    price: provider.priceProvider === null ? null : runtime.prices.priceOf(provider.priceProvider, model),
    keys,
    heads: compileHeads(provider, keys, url === null ? "simulated" : url.host),
    query: provider.query ?? "",
  };
}

function simulated(provider: ProviderSnapshot): Dispatcher {
  return new SimulatedDispatcher(provider.simulated ?? { firstTokenMs: 0, tokenMs: 0 });
}

function kept<Value>(map: Map<string, Value>, key: string, create: () => Value): Value {
  let value = map.get(key);
  if (value === undefined) {
    value = create();
    map.set(key, value);
  }
  return value;
}

function compileHeads({ headers }: ProviderSnapshot, { keys }: KeyPool, host: string): AiTarget["heads"] {
  const fixed = ["host", host, "content-type", "application/json", ...Object.entries(headers).flat()];
  return keys.length === 0 ? [fixed] : keys.map((key) => [...fixed, ...key.headers]);
}
