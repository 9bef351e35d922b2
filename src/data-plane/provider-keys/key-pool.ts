import type { LimitStore } from "../../contracts/limits.ts";
import type { Logger } from "../../contracts/logger.ts";
import type { ProviderSnapshot } from "../../contracts/snapshot.ts";
import type { TargetNumbers } from "../../upstream/target-numbers.ts";
import { KeyState, type Outage } from "./key-state.ts";
import { fingerprintOf, ProviderKey } from "./provider-key.ts";
import type { TokenStore } from "./token-store.ts";

/** What pools need besides the snapshot. */
export interface KeyPoolRuntime {
  logger: Pick<Logger, "info" | "warn">;
  limits: LimitStore;
  providerTokens: TokenStore;
  /** By provider: those of the newest snapshot. */
  keyPools: ReadonlyMap<string, KeyPool>;
}

/**
 * The keys of a provider, and whose turn it is. Of those that may be used, the ones of the lowest priority number take turns
 * by weight. One that the provider refuses is left alone for a while, then tried with a single call
 * (src/docs/providers.md, "Key pools").
 */
export class KeyPool {
  readonly provider: string;
  /** By priority, then in the order of the configuration. */
  readonly keys: readonly ProviderKey[];
  /** The native side may take turns by itself, while no key is out. */
  readonly isPlain: boolean;
  readonly #runtime: KeyPoolRuntime;
  /** Of targets that the native side shares. */
  readonly #numbers = new Set<TargetNumbers>();

  constructor(provider: string, keys: readonly ProviderKey[], runtime: KeyPoolRuntime) {
    this.provider = provider;
    this.keys = keys.slice().sort((a, b) => a.priority - b.priority);
    for (const [index, key] of this.keys.entries()) key.index = index;
    this.isPlain = keys.every((key) => key.isPlain && key.weight > 0 && key.priority === keys[0]?.priority);
    this.#runtime = runtime;
  }

  /** Targets at which calls have to be decided here while a key is out. */
  watch(numbers: TargetNumbers): void {
    this.#numbers.add(numbers);
    numbers.lacksKeys = this.#isAnyOut();
  }

  /** Whether a call of this model can be made with one of them, as far as is known; also where no keys are needed. */
  isUsable(model: string, nowMs: number): boolean {
    if (this.keys.length === 0) return true;
    for (const key of this.keys) if (isUsable(key, model, nowMs)) return true;
    return false;
  }

  /**
   * The key for the next call, with its limits reserved; null: all have expired or are at their limits. Where all others are
   * out, the one that is due first is used nevertheless: the provider's own answer says more than ours would.
   */
  take(model: string, tokens: number, nowMs: number): ProviderKey | null {
    for (let attempt = 0; attempt < this.keys.length; attempt++) {
      const key = this.#next(model, nowMs) ?? this.#dueFirst(model, nowMs);
      if (key === null) return null;
      if (this.#reserve(key, model, tokens, nowMs)) return key;
    }
    return null;
  }

  /**
   * The same of a call that can be made with one key only; null: that has expired or is at its limits. Where it is out it is used
   * nevertheless.
   */
  takeThis(key: ProviderKey, model: string, tokens: number, nowMs: number): ProviderKey | null {
    return key.isAllowed(nowMs) && this.#reserve(key, model, tokens, nowMs) ? key : null;
  }

  /** False: it is at its limits. */
  #reserve(key: ProviderKey, model: string, tokens: number, nowMs: number): boolean {
    if (key.limits.length > 0 && !key.reserve(this.#runtime.limits, tokens, nowMs)) return false;
    // From now on this call is the one that tries.
    const outage = key.state.outageFor(model);
    if (outage !== null) outage.isProbed = true;
    return true;
  }

  /** Milliseconds until a key may be used that may not be now; null: none will. */
  retryAfterMs(model: string, nowMs: number): number | null {
    const waits = this.keys
      .filter((key) => key.weight > 0 && (key.expiresAtMs === 0 || nowMs < key.expiresAtMs))
      .map(({ state }) => Math.max(state.limitedUntilMs, state.outageFor(model)?.untilMs ?? 0) - nowMs);
    return waits.length === 0 ? null : Math.max(0, Math.min(...waits));
  }

  /** Smooth weighted round-robin. */
  #next(model: string, nowMs: number): ProviderKey | null {
    let best: ProviderKey | null = null;
    let total = 0;
    for (const key of this.keys) {
      if (best !== null && key.priority !== best.priority) break;
      if (!isUsable(key, model, nowMs)) continue;
      total += key.weight;
      key.credit += key.weight;
      if (best === null || key.credit > best.credit) best = key;
    }
    if (best !== null) best.credit -= total;
    return best;
  }

  #dueFirst(model: string, nowMs: number): ProviderKey | null {
    let first: ProviderKey | null = null;
    let firstMs = Number.POSITIVE_INFINITY;
    for (const key of this.keys) {
      if (key.weight === 0 || !key.isAllowed(nowMs)) continue;
      const untilMs = key.state.outageFor(model)?.untilMs ?? 0;
      if (untilMs >= firstMs) continue;
      first = key;
      firstMs = untilMs;
    }
    return first;
  }

  /** `model` null: the provider takes the key for no model. */
  refused(key: ProviderKey, model: string | null, status: number, retryAfterMs: number | null, nowMs: number): void {
    if (key.tokens !== null && status === 401) key.tokens.forget();
    const isNew = key.state.refused(model, status, retryAfterMs, nowMs);
    this.#share();
    if (!isNew) return;
    const untilMs = key.state.outageFor(model ?? "")?.untilMs ?? nowMs;
    this.#runtime.logger.warn(
      { provider: this.provider, key: key.id, model, status, restMs: untilMs - nowMs },
      "a provider refuses a key: it is left alone for a while",
    );
  }

  /** A call made with it was answered. `outage`: what it was a probe for; null: it was none. */
  succeeded(key: ProviderKey, model: string, outage: Outage | null): void {
    if (outage === null || key.state.outageFor(model) !== outage) return;
    key.state.succeeded(model);
    this.#share();
    this.#runtime.logger.info({ provider: this.provider, key: key.id, model }, "a provider takes a key again");
  }

  #isAnyOut(): boolean {
    return this.keys.some(({ state }) => state.isOut);
  }

  #share(): void {
    const isAnyOut = this.#isAnyOut();
    for (const numbers of this.#numbers) numbers.lacksKeys = isAnyOut;
  }
}

function isUsable(key: ProviderKey, model: string, nowMs: number): boolean {
  return key.weight > 0 && key.isAllowed(nowMs) && key.state.permits(model, nowMs);
}

/** The pools of a snapshot's providers. A key that was there before keeps its state. */
export function compileKeyPools(
  providers: readonly ProviderSnapshot[],
  runtime: KeyPoolRuntime,
): ReadonlyMap<string, KeyPool> {
  const pools = new Map(providers.map((provider) => [provider.id, compilePool(provider, runtime)]));
  runtime.keyPools = pools;
  return pools;
}

function compilePool({ id, auth, keys }: ProviderSnapshot, runtime: KeyPoolRuntime): KeyPool {
  const before = runtime.keyPools.get(id);
  const compiled = keys.map((key) => {
    const fingerprint = fingerprintOf(key);
    const known = before?.keys.find((one) => one.id === key.id && one.fingerprint === fingerprint);
    const { credential } = key;
    const isToken = credential?.type === "service-account" || credential?.type === "entra";
    return new ProviderKey(id, auth, key, {
      state: known?.state ?? new KeyState(),
      tokens: isToken ? runtime.providerTokens.obtain(credential, id, key.id) : null,
    });
  });
  return new KeyPool(id, compiled, runtime);
}
