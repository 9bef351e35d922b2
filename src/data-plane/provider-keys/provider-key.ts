import type { LimitStore } from "../../contracts/limits.ts";
import type { LimitSnapshot } from "../../contracts/policies.ts";
import type { AwsCredential, ProviderKeySnapshot } from "../../contracts/provider-keys.ts";
import type { ProviderAuth } from "../../contracts/snapshot.ts";
import type { KeyState } from "./key-state.ts";
import type { TokenSource } from "./token-source.ts";

interface KeyLimit {
  limit: LimitSnapshot;
  /** The counter's name: one for the key, whoever calls with it. */
  counter: string;
}

/** One key of a provider, with all resolved that does not depend on a call. */
export class ProviderKey {
  readonly id: string;
  readonly weight: number;
  readonly priority: number;
  /** Unix time; 0: never. */
  readonly expiresAtMs: number;
  readonly limits: readonly KeyLimit[];
  /** Names and values that are sent with each call; none for a key that signs, or that a token is fetched for. */
  readonly headers: readonly string[];
  /** A parameter of the query, as it stands in a URL; "": none. */
  readonly query: string;
  readonly aws: AwsCredential | null;
  readonly tokens: TokenSource | null;
  readonly state: KeyState;
  /** By which it is told, over snapshots, from another key of the same id. */
  readonly fingerprint: string;
  readonly #snapshot: ProviderKeySnapshot;
  /** Place in its pool. */
  index = 0;
  /** What smooth weighted round-robin owes it. */
  credit = 0;

  constructor(
    provider: string,
    auth: ProviderAuth,
    snapshot: ProviderKeySnapshot,
    parts: { state: KeyState; tokens: TokenSource | null },
  ) {
    const { id, value, weight, credential, priority = 0, expiresAtMs = 0, limits = [] } = snapshot;
    this.#snapshot = snapshot;
    this.id = id;
    this.weight = weight;
    this.priority = priority;
    this.expiresAtMs = expiresAtMs;
    this.limits = limits.map((limit) => ({
      limit,
      counter: `key|${provider}/${id}|${limit.unit}|${limit.algorithm}|${limit.amount}/${limit.windowMs}|`,
    }));
    this.headers = credential === undefined ? headersOf(auth, value) : [];
    this.query = credential === undefined && auth.type === "query" ? `${auth.name}=${encodeURIComponent(value)}` : "";
    this.aws = credential?.type === "aws" ? credential : null;
    this.tokens = parts.tokens;
    this.state = parts.state;
    this.fingerprint = fingerprintOf(snapshot);
  }

  /** The same headers with every call, and nothing to look at before: the native side may send them. */
  get isPlain(): boolean {
    return (
      this.query === "" &&
      this.aws === null &&
      this.tokens === null &&
      this.limits.length === 0 &&
      this.expiresAtMs === 0
    );
  }

  /** Neither expired nor, as far as is known, at a limit of its own. */
  isAllowed(nowMs: number): boolean {
    return (this.expiresAtMs === 0 || nowMs < this.expiresAtMs) && nowMs >= this.state.limitedUntilMs;
  }

  /** Takes one request and `tokens` of each limit, or nothing: then it is at its limit for a while. */
  reserve(store: LimitStore, tokens: number, nowMs: number): boolean {
    for (const [index, { limit, counter }] of this.limits.entries()) {
      const { allowed, retryAfterMs } = store.reserve(limit, counter, limit.unit === "tokens" ? tokens : 1, nowMs);
      if (allowed) continue;
      this.state.limitedUntilMs = nowMs + Math.max(1, retryAfterMs);
      this.#giveBack(store, this.limits.slice(0, index), tokens, nowMs);
      return false;
    }
    return true;
  }

  #giveBack(store: LimitStore, limits: readonly KeyLimit[], tokens: number, nowMs: number): void {
    for (const { limit, counter } of limits) {
      store.settle(limit, counter, limit.unit === "tokens" ? tokens : 1, 0, nowMs, nowMs);
    }
  }

  /** What the call really used, in the place of what was reserved. */
  settle(store: LimitStore, reservedTokens: number, usedTokens: number, reservedAtMs: number): void {
    for (const { limit, counter } of this.limits) {
      if (limit.unit === "tokens") store.settle(limit, counter, reservedTokens, usedTokens, reservedAtMs, Date.now());
    }
  }

  /** What must be in no message. */
  secrets(): string[] {
    const { value, credential } = this.#snapshot;
    const token = this.tokens?.current(0) ?? "";
    const parts = [value, token];
    if (credential?.type === "aws") parts.push(credential.secretAccessKey, credential.sessionToken ?? "");
    if (credential?.type === "entra") parts.push(credential.clientSecret);
    return parts.filter((part) => part !== "");
  }
}

export function fingerprintOf({ value, credential }: ProviderKeySnapshot): string {
  return JSON.stringify([value, credential]);
}

function headersOf(auth: ProviderAuth, value: string): string[] {
  if (auth.type === "bearer") return ["authorization", `Bearer ${value}`];
  return auth.type === "header" ? [auth.name, value] : [];
}
