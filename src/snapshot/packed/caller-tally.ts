import type { CallersSummary } from "../../contracts/packed-snapshot.ts";
import type { PoliciesSnapshot } from "../../contracts/policies.ts";
import type { ApplicationSnapshot, CredentialSnapshot } from "../../contracts/snapshot.ts";

/** How many applications have what a CallersSummary tells, so that it is known anew after each change without a look at all. */
export class CallerTally {
  readonly #kinds = new Map<CredentialSnapshot["kind"], number>();
  readonly #claims = new Map<string, number>();
  readonly #cachedServices = new Map<string, number>();
  #caching = 0;

  add(application: ApplicationSnapshot): void {
    this.#count(application, 1);
  }

  remove(application: ApplicationSnapshot): void {
    this.#count(application, -1);
  }

  /** In an order that depends on nothing but the content. */
  get summary(): CallersSummary {
    const claims: Record<string, string[]> = {};
    for (const key of [...this.#claims.keys()].sort()) {
      const [issuer, claim] = JSON.parse(key) as [string, string];
      claims[issuer] = [...(claims[issuer] ?? []), claim];
    }
    return {
      kinds: [...this.#kinds.keys()].sort(),
      claims,
      cachesAnything: this.#caching > 0,
      cachedServices: [...this.#cachedServices.keys()].sort(),
    };
  }

  #count({ credentials, subscriptions, policies }: ApplicationSnapshot, by: 1 | -1): void {
    for (const credential of credentials) {
      count(this.#kinds, credential.kind, by);
      if (credential.kind === "jwt") count(this.#claims, JSON.stringify([credential.issuer, credential.claim]), by);
    }
    for (const subscription of subscriptions) {
      if (caches(subscription.policies)) count(this.#cachedServices, subscription.service, by);
    }
    if (caches(policies)) this.#caching += by;
  }
}

function caches(policies: PoliciesSnapshot | undefined): boolean {
  return policies?.cache !== undefined && policies.cache !== null;
}

function count<Key>(counts: Map<Key, number>, key: Key, by: 1 | -1): void {
  const counted = (counts.get(key) ?? 0) + by;
  if (counted === 0) counts.delete(key);
  else counts.set(key, counted);
}
