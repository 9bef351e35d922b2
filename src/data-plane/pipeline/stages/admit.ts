import { type ErrorCode, GatewayError } from "../../../contracts/errors.ts";
import type { LimitDecision } from "../../../contracts/limits.ts";
import type { LimitSnapshot } from "../../../contracts/snapshot.ts";
import { estimateTokens } from "../../../contracts/token-estimate.ts";
import type { CompiledLimit } from "../compiled.ts";
import type { Context, Reservation } from "../context.ts";
import type { Stage } from "../pipeline.ts";
import type { Runtime } from "../runtime.ts";
import { subscriptionLimits } from "../subscriptions.ts";

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
    const short = admit(all, context, runtime, null);
    if (short === null) return "next";
    waitFor(short, all, context, runtime);
    return "wait";
  };
}

type AllLimits = readonly (readonly CompiledLimit[])[];

/** A call waits for all its limits together no longer than this, and for one of them less: see `LimitLeases`. */
const LONGEST_WAIT_MS = 2_000;

/**
 * null: the call is admitted. Else the limits that this node has no more of, though the cluster may. Throws when it is refused.
 * `exhausted`: the limit that is not waited for any longer.
 */
function admit(all: AllLimits, context: Context, runtime: Runtime, exhausted: string | null): Reservation[] | null {
  const tightest: Tightest = {};
  const reservations: Reservation[] = [];
  context.reservations = reservations;
  for (const limits of all) {
    for (const compiled of limits) {
      const short = reserve(compiled, context, runtime, tightest, exhausted);
      if (short === null) continue;
      // What follows is asked for along with it.
      const flat = all.flat();
      return [short, ...shortOf(flat.slice(flat.indexOf(compiled) + 1), context, runtime)];
    }
  }
  context.rateLimitHeaders = rateLimitHeaders(tightest);
  return null;
}

/** Goes on when the cluster has answered. */
function waitFor(short: readonly Reservation[], all: AllLimits, context: Context, runtime: Runtime): void {
  for (const [index, { limit, key, amount }] of short.entries()) {
    const retry = (isLast: boolean): boolean => {
      if (index > 0 || context.finished) return true;
      try {
        const next = admit(all, context, runtime, isLast ? key : null);
        if (next?.[0]?.key === key) return false;
        if (next === null) context.pipeline.resume(context);
        else waitFor(next, all, context, runtime);
      } catch (error) {
        context.pipeline.fail(context, error);
      }
      return true;
    };
    runtime.leases?.wait(limit, key, amount, retry);
  }
}

/** Of these limits, those that this node has no more of. Nothing is taken. */
function shortOf(limits: readonly CompiledLimit[], context: Context, runtime: Runtime): Reservation[] {
  return limits.flatMap((compiled) => {
    if (!isCounted(compiled, context)) return [];
    const reservation = reservationOf(compiled, context);
    const { limit, key, amount } = reservation;
    const { allowed, isShort } = runtime.limits.reserve(limit, key, amount, context.startedAtMs);
    if (allowed) giveBack([reservation], context, runtime);
    return isShort ? [reservation] : [];
  });
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

/** null: it is reserved. Else what is short, and nothing is reserved any more. Throws when the call is refused. */
function reserve(
  compiled: CompiledLimit,
  context: Context,
  runtime: Runtime,
  tightest: Tightest,
  exhausted: string | null,
): Reservation | null {
  if (!isCounted(compiled, context)) return null;
  const reservation = reservationOf(compiled, context);
  const { limit, key, amount } = reservation;
  const decision = runtime.limits.reserve(limit, key, amount, context.startedAtMs);
  const known = tightest[limit.unit];
  if (known === undefined || decision.remaining < known.decision.remaining) tightest[limit.unit] = { limit, decision };
  if (decision.allowed) {
    context.reservations.push(reservation);
    return null;
  }
  // What was reserved from other limits goes back: a refused call costs nothing.
  giveBack(context.reservations, context, runtime);
  context.reservations = [];
  if (decision.isShort === true && key !== exhausted && mayWait(context)) return reservation;
  runtime.leases?.refused(limit);
  tightest[limit.unit] = { limit, decision };
  context.rateLimitHeaders = rateLimitHeaders(tightest);
  const { code, noun } = EXCEEDED[limit.unit];
  throw new GatewayError(
    code,
    `the limit of ${limit.amount} ${noun} per ${windowText(limit.windowMs)} is used up: try again in ${Math.max(1, Math.ceil(decision.retryAfterMs / 1000))} s`,
    { retryAfterMs: decision.retryAfterMs },
  );
}

function mayWait({ startedAt }: Context): boolean {
  return performance.now() - startedAt < LONGEST_WAIT_MS;
}

function reservationOf(compiled: CompiledLimit, context: Context): Reservation {
  const { limit } = compiled;
  return { limit, key: counterKey(compiled, context), amount: estimate(limit, context) };
}

function giveBack(reservations: readonly Reservation[], { startedAtMs }: Context, runtime: Runtime): void {
  for (const { limit, key, amount } of reservations) {
    runtime.limits.settle(limit, key, amount, 0, startedAtMs, startedAtMs);
  }
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
  return limit.unit === "tokens" && !isMedia(context) ? estimateTokens(context.requestBytes) : 0;
}

/** A file that goes to a provider as it is: its length tells nothing. */
function isMedia({ target, exchange }: Context): boolean {
  if (target?.kind !== "ai" || target.endpoint !== "pass-through") return false;
  return exchange.header("content-type")?.startsWith("application/json") !== true;
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
