import type { NativeEngine, NativeLimit } from "../../../native-bindings/engine.ts";
import type { LimitSnapshot, SubscriptionSnapshot } from "../../contracts/snapshot.ts";
import {
  type CompiledApplication,
  type CompiledLimit,
  type CompiledService,
  compileLimits,
} from "../pipeline/compiled.ts";
import type { CompiledCredential } from "../pipeline/credentials/compiled-credential.ts";
import { hasCallPolicies } from "../pipeline/policies/call-policies.ts";
import type { ModelAccessRules } from "../pipeline/policies/model-access.ts";
import { subscriptionTo } from "../pipeline/subscriptions.ts";

const ALGORITHMS = { window: 0, "sliding-window": 1, "token-bucket": 2 } as const;
const UNITS = { requests: 0, tokens: 1, cost_usd: 2 } as const;
const SHARING = { shared: 1, per_node: 2 } as const;
/** Looked at where the counter's name depends on the call, which it never does for the last three. */
const SUBJECTS = { application: 0, service: 1, address: 2, organisation: 2, team: 2, route: 2 } as const;
const ACCESS = { open: 0, key: 1, subscription: 2 } as const;

/** Bytes of one subscription: service and set of limits, 32 bits each, then its end as a 64-bit float. */
const SUBSCRIPTION_BYTES = 16;
/** Sets of limits, and lists of addresses, that differ from one application to the next are JavaScript's beyond this. */
const MOST_SETS = 65_536;

/**
 * What the governor knows of services and callers over one generation. It is told of each when the stages have let it
 * through for the first time: of very many applications a worker is called by few.
 */
export class NativeCallers {
  readonly #engine: NativeEngine;
  readonly #models: ModelAccessRules;
  readonly #generation: number;
  readonly #services = new Map<CompiledService, number>();
  /** By service id: all its releases are subscribed to under one number. */
  readonly #numbers = new Map<string, number>();
  readonly #addressLists = new Map<string, number>([["", 0]]);
  /** Sets of limits are told apart by what they say, for most subscriptions have one of a few. */
  readonly #limitSets = new Map<string, number>([["[]", 0]]);
  readonly #told = new WeakSet<CompiledCredential>();

  constructor(engine: NativeEngine, generation: number, models: ModelAccessRules) {
    this.#models = models;
    this.#engine = engine;
    this.#generation = generation;
  }

  /** -1: another snapshot holds by now. */
  service(service: CompiledService): number {
    let index = this.#services.get(service);
    if (index === undefined) {
      const { id, team, access, limits, release } = service;
      index = this.#engine.addon.learnService(this.#engine.handle, this.#generation, {
        id,
        team,
        access: ACCESS[access],
        limits: limits.map(nativeLimit),
        subscribedAs: this.#numberOf(id),
        release: release ?? -1,
      });
      this.#services.set(service, index);
    }
    return index;
  }

  learnKey(digest: string, credential: CompiledCredential): void {
    if (this.#told.has(credential)) return;
    // Whatever becomes of it: it is not tried with each call.
    this.#told.add(credential);
    this.#learn(digest, credential, credential.expiresAtMs, false);
  }

  learnToken(digest: string, credential: CompiledCredential, expiresAtMs: number): void {
    this.#learn(digest, credential, expiresAtMs, true);
  }

  /** Those of applications with policies of their own are left out: what the governor does not know is JavaScript's. */
  #learn(digest: string, credential: CompiledCredential, expiresAtMs: number, isToken: boolean): void {
    const { application, addresses } = credential;
    if (hasCallPolicies(application.snapshot)) return;
    const list = this.#addressList(addresses);
    if (list === null || !this.#learnApplication(application)) return;
    const { addon, handle } = this.#engine;
    const bytes = Buffer.from(digest, "hex");
    addon.learnCredential(handle, this.#generation, bytes, application.number, expiresAtMs, list, isToken);
  }

  #learnApplication(application: CompiledApplication): boolean {
    const { number, id, team, limits } = application;
    const subscriptions = this.#subscriptionsOf(application);
    if (subscriptions === null) return false;
    const { addon, handle } = this.#engine;
    const native = {
      number,
      id,
      team,
      limits: limits.map(nativeLimit),
      subscriptions,
      modelAccess: this.#models.callerNumber(application),
    };
    return addon.learnApplication(handle, this.#generation, native);
  }

  /** The approved ones, by ascending number of the service, each once. Null: their limits can't be told. */
  #subscriptionsOf(application: CompiledApplication): Buffer | null {
    const approved = application.subscriptions
      .filter((subscription) => isNative(subscription, application))
      .map((subscription): [number, SubscriptionSnapshot] => [this.#numberOf(subscription.service), subscription])
      .sort(([a], [b]) => a - b);
    const bytes = Buffer.alloc(approved.length * SUBSCRIPTION_BYTES);
    let at = 0;
    for (const [service, { limits, expiresAtMs }] of approved) {
      const set = this.#limitSet(limits);
      if (set === null) return null;
      at = bytes.writeUInt32LE(service, at);
      at = bytes.writeUInt32LE(set, at);
      at = bytes.writeDoubleLE(expiresAtMs ?? Number.POSITIVE_INFINITY, at);
    }
    return bytes;
  }

  #numberOf(serviceId: string): number {
    let number = this.#numbers.get(serviceId);
    if (number === undefined) {
      number = this.#numbers.size;
      this.#numbers.set(serviceId, number);
    }
    return number;
  }

  #limitSet(limits: readonly LimitSnapshot[]): number | null {
    const { addon, handle } = this.#engine;
    return numbered(this.#limitSets, JSON.stringify(limits), () => {
      // Without a scope: the native side puts that of the subscription before it.
      const native = compileLimits(limits, "subscription", "").map(nativeLimit);
      return addon.learnSubscriptionLimits(handle, this.#generation, native);
    });
  }

  #addressList(addresses: readonly string[]): number | null {
    const { addon, handle } = this.#engine;
    return numbered(this.#addressLists, addresses.join(" "), () =>
      addon.learnAddresses(handle, this.#generation, addresses),
    );
  }
}

function numbered(known: Map<string, number>, key: string, learn: () => number): number | null {
  const number = known.get(key);
  if (number !== undefined) return number;
  if (known.size >= MOST_SETS) return null;
  const learned = learn();
  if (learned < 0) return null;
  known.set(key, learned);
  return learned;
}

/** What has policies of its own is JavaScript's, which does as they say. */
function isNative(subscription: SubscriptionSnapshot, application: CompiledApplication): boolean {
  if (subscription.state !== "approved" || hasCallPolicies(subscription)) return false;
  return subscriptionTo(application, subscription.service) === subscription;
}

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
