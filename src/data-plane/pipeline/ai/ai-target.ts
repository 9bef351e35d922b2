import type { TargetModel } from "../../../contracts/dialect.ts";
import type { DialectName } from "../../../contracts/ir.ts";
import type { ModelTargetSnapshot } from "../../../contracts/model-routing.ts";
import type { ModelPrices } from "../../../contracts/prices.ts";
import type {
  CircuitBreakerSnapshot,
  ModelTimeoutsSnapshot,
  OpenaiApi,
  PrefillSnapshot,
  ProviderSnapshot,
} from "../../../contracts/snapshot.ts";
import type { InboundName } from "../../../dialects/index.ts";
import { endpointFor } from "../../../dialects/operations/index.ts";
import { endpointsOf } from "../../../providers/endpoints.ts";
import { type Price, priceFrom } from "../../../providers/prices.ts";
import { CircuitBreaker } from "../../../upstream/circuit-breaker.ts";
import type { TargetNumbers } from "../../../upstream/target-numbers.ts";
import type { KeyPool } from "../../provider-keys/key-pool.ts";
import type { TargetRuntime } from "./ai-runtime.ts";
import { RecentTimes } from "./hedging/recent-times.ts";
import { compileProviderAddress, type ProviderAddress } from "./provider-address.ts";
import type { AiOperation } from "./translation.ts";

/** One model at one provider, with all resolved that does not depend on a call. */
export interface AiTarget extends ProviderAddress {
  readonly provider: ProviderSnapshot;
  readonly target: TargetModel;
  readonly weight: number;
  /** Of a provider that speaks OpenAI's dialect. */
  readonly api: OpenaiApi;
  /** Conversations may hold what answers of some provider have left in them, and others would refuse: see ForeignTraces. */
  readonly mayHoldForeign: boolean;
  readonly breaker: CircuitBreaker;
  readonly breakerSettings: CircuitBreakerSnapshot;
  readonly load: TargetLoad;
  readonly price: Price | null;
  readonly keys: KeyPool;
  /** Of attempts. */
  readonly timeouts: ModelTimeoutsSnapshot;
  /** An attempt needs a clock: its own timeouts say more than what transports look after. */
  readonly isTimed: boolean;
  /** How the model is asked to go on from the beginning of an answer; null: it does not. */
  readonly prefill: PrefillSnapshot | null;
}

/** What strategies `least-busy` and `latency` go by. Lives across snapshots. */
export class TargetLoad {
  readonly numbers: TargetNumbers;
  #inFlight = 0;
  #firstTokens: RecentTimes | null = null;
  #wholeAnswers: RecentTimes | null = null;
  /** Moving average of the time to the first byte; 0 until one is known, so that a new target is tried. */
  firstByteMs = 0;

  constructor(numbers: TargetNumbers) {
    this.numbers = numbers;
  }

  /** Calls under way, the native side's included. */
  get inFlight(): number {
    return this.#inFlight + this.numbers.inFlight;
  }

  /** Of late; kept of targets whose calls are hedged. */
  times(isStream: boolean): RecentTimes {
    if (isStream) {
      this.#firstTokens ??= new RecentTimes();
      return this.#firstTokens;
    }
    this.#wholeAnswers ??= new RecentTimes();
    return this.#wholeAnswers;
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
export function dialectAt(
  { api, provider, target }: AiTarget,
  operation: AiOperation,
  inbound: InboundName,
): DialectName {
  // A text completion without an endpoint of its own is asked as a chat.
  const isChat = operation === "chat" || (operation === "completions" && !hasCompletions(target));
  if (api === "chat-completions" || !isChat) return provider.dialect;
  return api === "responses" || inbound === "openai-responses" ? "openai-responses" : provider.dialect;
}

function hasCompletions({ endpoints, model }: TargetModel): boolean {
  return endpointFor(endpoints, "completions", model) !== undefined;
}

export function compileAiTarget(
  provider: ProviderSnapshot,
  keys: KeyPool,
  { model, weight, api, price, timeouts: own, prefill }: ModelTargetSnapshot,
  mayHoldForeign: boolean,
  /** The route's. */
  routeTimeouts: ModelTimeoutsSnapshot,
  breakerSettings: CircuitBreakerSnapshot,
  runtime: TargetRuntime,
): AiTarget {
  const timeouts = { ...routeTimeouts, totalMs: 0, ...own };
  const key = `${provider.id} ${model}`;
  const { quirks } = provider;
  const endpoints = endpointsOf(provider.kind);
  const load = kept(runtime.loads, key, () => new TargetLoad(runtime.targetNumbers.of(`model ${key}`)));
  if (load.numbers.index !== 0) keys.watch(load.numbers);
  return {
    provider,
    target: {
      model,
      defaultMaxOutputTokens: provider.defaultMaxOutputTokens,
      ...(quirks === undefined ? {} : { quirks }),
      ...(endpoints === undefined ? {} : { endpoints }),
    },
    weight,
    api: api ?? provider.api ?? "chat-completions",
    mayHoldForeign,
    ...compileProviderAddress(provider, keys, timeouts.connectMs, runtime),
    breaker: kept(runtime.breakers, key, () => new CircuitBreaker(runtime.targetNumbers.of(`model ${key}`))),
    breakerSettings,
    load,
    price: priceOf(provider, model, price, runtime),
    keys,
    timeouts,
    isTimed: timeouts.firstTokenMs > 0 || timeouts.betweenTokensMs > 0 || timeouts.totalMs > 0,
    prefill: prefillOf(provider, model, prefill),
  };
}

/** `isWanted`: what the configuration says of the target. */
function prefillOf(
  { prefill: known }: ProviderSnapshot,
  model: string,
  isWanted: boolean | undefined,
): PrefillSnapshot | null {
  const isKnown = known !== undefined && new RegExp(known.models).test(model);
  return (isWanted ?? isKnown) ? (known ?? { models: "" }) : null;
}

/** The route's, else the provider's own, else the list's. */
function priceOf(
  { prices, priceProvider }: ProviderSnapshot,
  model: string,
  ofRoute: ModelPrices | undefined,
  runtime: TargetRuntime,
): Price | null {
  const own = ofRoute ?? (prices !== undefined && Object.hasOwn(prices, model) ? prices[model] : undefined);
  return own === undefined ? runtime.prices.priceOf(priceProvider, model) : priceFrom(own);
}

function kept<Value>(map: Map<string, Value>, key: string, create: () => Value): Value {
  let value = map.get(key);
  if (value === undefined) {
    value = create();
    map.set(key, value);
  }
  return value;
}
