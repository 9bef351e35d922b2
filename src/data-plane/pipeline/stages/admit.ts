import { type ErrorCode, GatewayError } from "../../../contracts/errors.ts";
import type { LimitDecision } from "../../../contracts/limits.ts";
import type { LimitSnapshot } from "../../../contracts/snapshot.ts";
import type { CompiledLimit } from "../compiled.ts";
import type { Context } from "../context.ts";
import type { Stage } from "../pipeline.ts";
import type { Runtime } from "../runtime.ts";
import { subscriptionLimits } from "../subscriptions.ts";

const BYTES_PER_TOKEN = 4;

const EXCEEDED: Record<LimitSnapshot["unit"], { code: ErrorCode; noun: string }> = {
  requests: { code: "rate_limited", noun: "requests" },
  tokens: { code: "token_limit_exceeded", noun: "tokens" },
  cost_usd: { code: "cost_limit_exceeded", noun: "US dollars" },
};

/** Stage 5. Reserves from every limit that holds for the call, or from none. */
export function compile(runtime: Runtime): Stage {
  return (context) => {
    const all = limitsOf(context);
    if (all.every((limits) => limits.length === 0)) return "next";
    const tightest: Tightest = {};
    const reservations: Context["reservations"] = [];
    context.reservations = reservations;
    for (const limits of all) {
      for (const compiled of limits) reserve(compiled, context, runtime, reservations, tightest);
    }
    context.rateLimitHeaders = rateLimitHeaders(tightest);
    return "next";
  };
}

/**
 * The limits that hold for a call, in the order in which it is counted: the application's and its team's, the subscription's, and
 * those of what is called, the organisation's and the route's among them.
 */
export function limitsOf({
  target,
  application,
  subscription,
}: Pick<Context, "target" | "application" | "subscription">): readonly (readonly CompiledLimit[])[] {
  if (target === null || target.kind === "health") return NONE;
  if (application === null) return [NO_LIMITS, NO_LIMITS, target.service.limits];
  const ofSubscription = subscription === null ? NO_LIMITS : subscriptionLimits(application, subscription);
  return [application.limits, ofSubscription, target.service.limits];
}

const NO_LIMITS: readonly CompiledLimit[] = [];
const NONE: readonly (readonly CompiledLimit[])[] = [];

/** Only calls of models use tokens and cost money. */
export function isCounted({ limit }: CompiledLimit, { target }: Pick<Context, "target">): boolean {
  return limit.unit === "requests" || target?.kind === "ai";
}

/** The name of the counter that the limit has for this call. */
export function counterKey({ limit, key, keyPrefix }: CompiledLimit, context: Context): string {
  return key ?? keyPrefix + subjectOf(limit, context);
}

type Tightest = Partial<Record<LimitSnapshot["unit"], { limit: LimitSnapshot; decision: LimitDecision }>>;

function reserve(
  compiled: CompiledLimit,
  context: Context,
  runtime: Runtime,
  reservations: Context["reservations"],
  tightest: Tightest,
): void {
  const { limit } = compiled;
  if (!isCounted(compiled, context)) return;
  const key = counterKey(compiled, context);
  const amount = estimate(limit, context);
  const decision = runtime.limits.reserve(limit, key, amount, context.startedAtMs);
  const known = tightest[limit.unit];
  if (known === undefined || decision.remaining < known.decision.remaining) tightest[limit.unit] = { limit, decision };
  if (decision.allowed) {
    reservations.push({ limit, key, amount });
    return;
  }
  // What was reserved from other limits goes back: a refused call costs nothing.
  const atMs = context.startedAtMs;
  for (const taken of reservations) runtime.limits.settle(taken.limit, taken.key, taken.amount, 0, atMs, atMs);
  context.reservations = [];
  tightest[limit.unit] = { limit, decision };
  context.rateLimitHeaders = rateLimitHeaders(tightest);
  const { code, noun } = EXCEEDED[limit.unit];
  throw new GatewayError(
    code,
    `the limit of ${limit.amount} ${noun} per ${windowText(limit.windowMs)} is used up: try again in ${Math.max(1, Math.ceil(decision.retryAfterMs / 1000))} s`,
    { retryAfterMs: decision.retryAfterMs },
  );
}

function subjectOf(limit: LimitSnapshot, context: Context): string {
  // Of an application's limit: for each service apart.
  if (limit.per === "service") return context.target?.kind === "health" ? "" : (context.target?.service.id ?? "");
  if (limit.per === "application" && context.application !== null) return context.application.id;
  return context.exchange.clientAddress;
}

/**
 * What a call will use, before anything is known but the size of its body (and not even that, when it comes in chunks);
 * settled with the truth afterwards.
 */
function estimate(limit: LimitSnapshot, context: Context): number {
  if (limit.unit === "requests") return 1;
  return limit.unit === "tokens" ? Math.ceil(context.requestBytes / BYTES_PER_TOKEN) : 0;
}

function rateLimitHeaders(tightest: Tightest): string[] {
  const headers: string[] = [];
  for (const unit of ["requests", "tokens"] as const) {
    const found = tightest[unit];
    if (found === undefined) continue;
    headers.push(`x-ratelimit-limit-${unit}`, String(found.limit.amount));
    headers.push(`x-ratelimit-remaining-${unit}`, String(Math.floor(found.decision.remaining)));
    headers.push(`x-ratelimit-reset-${unit}`, String(Math.ceil(found.decision.resetMs / 1000)));
  }
  return headers;
}

function windowText(windowMs: number): string {
  for (const [unit, ms] of [
    ["d", 86_400_000],
    ["h", 3_600_000],
    ["m", 60_000],
    ["s", 1000],
  ] as const) {
    if (windowMs % ms === 0) return `${windowMs / ms}${unit}`;
  }
  return `${windowMs}ms`;
}
