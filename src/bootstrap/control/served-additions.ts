import type { Logger } from "../../contracts/logger.ts";
import type { PoliciesSnapshot } from "../../contracts/policies.ts";
import { type SecretReference, secretKey } from "../../contracts/secret-reference.ts";
import type { ProviderSnapshot } from "../../contracts/snapshot.ts";
import type { Additions } from "../../control-plane/snapshot-source/additions.ts";
import type { SecretReader } from "../../platform/secrets/secret-store.ts";
import { missingSecrets, withSecrets } from "../../snapshot/secrets/stored-references.ts";

/** In place of policies without their secrets: what they demand of a call can't be done. */
const CLOSED: PoliciesSnapshot = { addresses: { allow: [], deny: [] } };

/** What the database adds, with secrets in the places of references to them. */
export class ServedAdditions {
  readonly #secrets: SecretReader;
  readonly #logger: Logger;
  /** By what was compiled: it is replaced, never changed. Most have none. */
  readonly #references = new WeakMap<object, readonly SecretReference[]>();
  #reported = "";

  constructor(secrets: SecretReader, logger: Logger) {
    this.#secrets = secrets;
    this.#logger = logger;
  }

  /** A service without a secret that it needs is not served; policies without theirs let nobody in. */
  async of(additions: Additions): Promise<Additions> {
    const { policies, teams, services, applications, providers = [] } = additions;
    const others = [...services, ...applications, ...providers];
    const parts = [...(policies === undefined ? [] : [policies]), ...teams, ...others];
    const references = parts.flatMap((part) => this.#missingIn(part));
    const resolved = await this.#secrets.resolve(references);
    if (references.length === 0) return additions;
    const values = new Map<string, string>();
    const failures = new Map<string, string>();
    for (const [index, reference] of references.entries()) {
      const resolution = resolved[index];
      if (resolution?.ok === true && isHeaderValue(resolution.value)) values.set(nameOf(reference), resolution.value);
      else failures.set(secretKey(reference), resolution?.ok === false ? resolution.message : "it is no header value");
    }
    this.#report(failures);
    const filled = <One extends object>(one: One): One | null => this.#filled(one, values);
    return {
      ...additions,
      ...(policies === undefined ? {} : { policies: filled(policies) ?? CLOSED }),
      teams: teams.map((team) => filled(team) ?? { ...team, policies: CLOSED }),
      services: services.flatMap((service) => filled(service) ?? []),
      ...(providers.length === 0
        ? {}
        : { providers: providers.flatMap((one) => this.#withSomeKeys(one, filled) ?? []) }),
      applications: applications.map((one) => filled(one) ?? { ...one, subscriptions: [], policies: CLOSED }),
    };
  }

  /** A provider goes without the keys that can't be had; null: it has no others, or its headers can't be had. */
  #withSomeKeys(provider: ProviderSnapshot, filled: <One extends object>(one: One) => One | null) {
    const keys = provider.keys.filter((key) => filled(key) !== null);
    if (keys.length === 0 && provider.keys.length > 0) return null;
    return filled(keys.length === provider.keys.length ? provider : { ...provider, keys });
  }

  /** Whether a part needs secrets. */
  refers(part: object | null): boolean {
    return part !== null && this.#missingIn(part).length > 0;
  }

  #filled<One extends object>(one: One, values: ReadonlyMap<string, string>): One | null {
    const references = this.#missingIn(one);
    if (references.length === 0) return one;
    if (references.some((reference) => !values.has(nameOf(reference)))) return null;
    return withSecrets(one, (reference) => values.get(nameOf(reference)) ?? "");
  }

  #missingIn(one: object): readonly SecretReference[] {
    const known = this.#references.get(one);
    if (known !== undefined) return known;
    const missing = missingSecrets(one);
    this.#references.set(one, missing);
    return missing;
  }

  /** Once, not with every change of anything. */
  #report(failures: ReadonlyMap<string, string>): void {
    const reasons = JSON.stringify([...failures]);
    if (failures.size > 0 && reasons !== this.#reported) {
      const fields = { secrets: Object.fromEntries(failures) };
      this.#logger.error(
        fields,
        "secrets can't be had: services and keys that need them are not served, policies let nobody in",
      );
    }
    this.#reported = reasons;
  }
}

/** With its prefix: several may put something else before the same secret. */
function nameOf(reference: SecretReference): string {
  return `${reference.prefix ?? ""}\n${secretKey(reference)}`;
}

/** RFC 9110 §5.5. */
function isHeaderValue(text: string): boolean {
  return /^[\t\x20-\x7e\x80-\xff]*$/.test(text);
}
