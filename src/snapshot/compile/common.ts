import type {
  CircuitBreakerSnapshot,
  HeaderEditsSnapshot,
  LimitSnapshot,
  ModelTimeoutsSnapshot,
  RetriesSnapshot,
  TimeoutsSnapshot,
} from "../../contracts/snapshot.ts";
import type { Configuration } from "../schema/configuration.ts";

type ProviderConfiguration = Configuration["providers"][number];
type LimitConfiguration = Configuration["ai"]["limits"][number];
type HeaderEditsConfiguration = Configuration["services"][number]["request_headers"];

export function compileTimeouts(
  timeouts: Pick<ProviderConfiguration["timeouts"], "connect" | "first_byte" | "idle" | "total">,
): TimeoutsSnapshot {
  return {
    connectMs: timeouts.connect,
    firstByteMs: timeouts.first_byte,
    idleMs: timeouts.idle,
    totalMs: timeouts.total,
  };
}

export function compileModelTimeouts(timeouts: ProviderConfiguration["timeouts"]): ModelTimeoutsSnapshot {
  return {
    ...compileTimeouts(timeouts),
    firstTokenMs: timeouts.first_token,
    betweenTokensMs: timeouts.between_tokens,
  };
}

export function compileRetries(retries: ProviderConfiguration["retries"]): RetriesSnapshot {
  return {
    attempts: retries.attempts,
    on: [...new Set(retries.on)],
    backoffMs: retries.backoff,
    maxBackoffMs: Math.max(retries.max_backoff, retries.backoff),
  };
}

export function compileCircuitBreaker(breaker: ProviderConfiguration["circuit_breaker"]): CircuitBreakerSnapshot {
  return { failures: breaker.failures, openMs: breaker.open };
}

export function compileLimits(limits: readonly LimitConfiguration[]): LimitSnapshot[] {
  return limits.map((limit) => {
    const common = {
      per: limit.per,
      algorithm: limit.algorithm,
      windowMs: limit.window,
      ...(limit.cluster === undefined ? {} : { cluster: limit.cluster }),
    };
    if (limit.tokens !== undefined) return { ...common, unit: "tokens", amount: limit.tokens };
    if (limit.cost_usd !== undefined) return { ...common, unit: "cost_usd", amount: limit.cost_usd };
    return { ...common, unit: "requests", amount: limit.requests ?? 0 };
  });
}

export function compileHeaderEdits(edits: HeaderEditsConfiguration): HeaderEditsSnapshot {
  return { add: Object.entries(edits.add), set: Object.entries(edits.set), remove: edits.remove };
}
