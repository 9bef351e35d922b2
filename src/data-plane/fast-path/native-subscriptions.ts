import type { NativeGeneration, NativeLimit } from "../../../native-bindings/engine.ts";
import type { LimitSnapshot, SubscriptionSnapshot } from "../../contracts/snapshot.ts";
import { type CompiledApplication, type CompiledLimit, compileLimits } from "../pipeline/compiled.ts";
import { subscriptionTo } from "../pipeline/subscriptions.ts";

const ALGORITHMS = { window: 0, "token-bucket": 2 } as const;
const UNITS = { requests: 0, tokens: 1, cost_usd: 2 } as const;
const SHARING = { shared: 1, per_node: 2 } as const;
/** Looked at where the counter's name depends on the call, which it never does for the last three. */
const SUBJECTS = { application: 0, service: 1, address: 2, organisation: 2, team: 2, route: 2 } as const;

export function nativeLimit({ limit, keyPrefix, key }: CompiledLimit): NativeLimit {
  return {
    algorithm: ALGORITHMS[limit.algorithm],
    unit: UNITS[limit.unit],
    sharing: limit.cluster === undefined ? 0 : SHARING[limit.cluster],
    amount: limit.amount,
    windowMs: limit.windowMs,
    subject: SUBJECTS[limit.per],
    keyPrefix,
    key,
  };
}

/** The number under which all releases of a service are subscribed to. */
export function numberById(services: readonly { id: string }[]): ReadonlyMap<string, number> {
  const numbers = new Map<string, number>();
  for (const [index, { id }] of services.entries()) if (!numbers.has(id)) numbers.set(id, index);
  return numbers;
}

/** Bytes of one subscription: service and set of limits, 32 bits each, then its end as a 64-bit float. */
const SUBSCRIPTION_BYTES = 16;

/**
 * The approved subscriptions of all applications, one after the other, as bytes: there may be very many. Sets of limits
 * are told apart by what they say, for most subscriptions have one of a few; the counters' names are put together from
 * both where they are used.
 */
export function nativeSubscriptions(
  applications: readonly CompiledApplication[],
  numbers: ReadonlyMap<string, number>,
): Pick<NativeGeneration, "subscriptions" | "subscriptionEnds" | "subscriptionLimits"> {
  const limitSets = new LimitSets();
  const count = applications.reduce((sum, { subscriptions }) => sum + subscriptions.length, 0);
  const subscriptions = Buffer.alloc(count * SUBSCRIPTION_BYTES);
  const subscriptionEnds = Buffer.alloc(applications.length * 4);
  let at = 0;
  for (const [index, application] of applications.entries()) {
    for (const [service, subscription] of approvedByNumber(application, numbers)) {
      at = subscriptions.writeUInt32LE(service, at);
      at = subscriptions.writeUInt32LE(limitSets.numberOf(subscription), at);
      at = subscriptions.writeDoubleLE(subscription.expiresAtMs ?? Number.POSITIVE_INFINITY, at);
    }
    subscriptionEnds.writeUInt32LE(at / SUBSCRIPTION_BYTES, index * 4);
  }
  return {
    subscriptions: subscriptions.subarray(0, at),
    subscriptionEnds,
    subscriptionLimits: limitSets.all,
  };
}

/** In the order of the services' numbers, each once. */
function approvedByNumber(
  application: CompiledApplication,
  numbers: ReadonlyMap<string, number>,
): [number, SubscriptionSnapshot][] {
  const approved: [number, SubscriptionSnapshot][] = [];
  for (const subscription of application.subscriptions) {
    const service = numbers.get(subscription.service);
    if (service === undefined || subscription.state !== "approved") continue;
    // What the governor does not know is JavaScript's, which does as the policies say.
    if (subscription.policies !== undefined) continue;
    if (subscriptionTo(application, subscription.service) === subscription) approved.push([service, subscription]);
  }
  return approved.length < 2 ? approved : approved.sort(([a], [b]) => a - b);
}

class LimitSets {
  readonly all: NativeLimit[][] = [[]];
  /** By the list itself, for decoded snapshots share equal ones, and by what it says. */
  readonly #byList = new Map<readonly LimitSnapshot[], number>();
  readonly #byText = new Map<string, number>();

  numberOf({ limits }: SubscriptionSnapshot): number {
    if (limits.length === 0) return 0;
    let number = this.#byList.get(limits);
    if (number === undefined) {
      number = this.#numberByText(limits);
      this.#byList.set(limits, number);
    }
    return number;
  }

  #numberByText(limits: readonly LimitSnapshot[]): number {
    const text = JSON.stringify(limits);
    const known = this.#byText.get(text);
    if (known !== undefined) return known;
    const number = this.all.length;
    this.#byText.set(text, number);
    // Without a scope: the native side puts that of the subscription before it.
    this.all.push(compileLimits(limits, "subscription", "").map(nativeLimit));
    return number;
  }
}
