import type { SubscriptionSnapshot, SubscriptionState } from "../../contracts/snapshot.ts";
import { type CompiledApplication, type CompiledLimit, compileLimits } from "./compiled.ts";

/** Up to so many are looked at one by one: most applications have few, and there may be very many applications. */
const MAX_SCANNED = 16;

export function indexSubscriptions(
  subscriptions: readonly SubscriptionSnapshot[],
): ReadonlyMap<string, SubscriptionSnapshot> | null {
  if (subscriptions.length <= MAX_SCANNED) return null;
  const index = new Map<string, SubscriptionSnapshot>();
  for (const subscription of subscriptions) {
    const known = index.get(subscription.service);
    if (known === undefined || !outranks(known, subscription)) index.set(subscription.service, subscription);
  }
  return index;
}

/** The application's subscription to the service, in whatever state; null: there is none. */
export function subscriptionTo(
  { subscriptions, subscriptionIndex }: Pick<CompiledApplication, "subscriptions" | "subscriptionIndex">,
  serviceId: string,
): SubscriptionSnapshot | null {
  if (subscriptionIndex !== null) return subscriptionIndex.get(serviceId) ?? null;
  let found: SubscriptionSnapshot | null = null;
  for (const subscription of subscriptions) {
    if (subscription.service !== serviceId) continue;
    if (found === null || !outranks(found, subscription)) found = subscription;
  }
  return found;
}

/** Of two to one service: an approved one counts, of two approved ones the one that lasts longer, else the later. */
function outranks(earlier: SubscriptionSnapshot, later: SubscriptionSnapshot): boolean {
  if (earlier.state !== "approved") return false;
  return later.state !== "approved" || endOf(earlier) > endOf(later);
}

function endOf({ expiresAtMs }: SubscriptionSnapshot): number {
  return expiresAtMs ?? Number.POSITIVE_INFINITY;
}

/** An approved one ends when its time is over, whether or not anybody has noted that. */
export function stateAt(subscription: SubscriptionSnapshot, nowMs: number): SubscriptionState {
  return subscription.state === "approved" && nowMs >= endOf(subscription) ? "expired" : subscription.state;
}

/** Its counters have its name: each subscription has counters of its own. */
export function subscriptionScope(applicationId: string, serviceId: string): string {
  return `subscription ${applicationId} ${serviceId}`;
}

const compiledLimits = new WeakMap<CompiledApplication, Map<SubscriptionSnapshot, readonly CompiledLimit[]>>();
const NONE: readonly CompiledLimit[] = [];

/** Compiled when first used: of very many subscriptions few are used by one worker, and fewer by the stages. */
export function subscriptionLimits(
  application: CompiledApplication,
  subscription: SubscriptionSnapshot,
): readonly CompiledLimit[] {
  if (subscription.limits.length === 0) return NONE;
  let known = compiledLimits.get(application);
  if (known === undefined) {
    known = new Map();
    compiledLimits.set(application, known);
  }
  let limits = known.get(subscription);
  if (limits === undefined) {
    const scope = subscriptionScope(application.id, subscription.service);
    limits = compileLimits(subscription.limits, "subscription", scope, { application: application.id });
    known.set(subscription, limits);
  }
  return limits;
}
