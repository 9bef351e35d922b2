import type { NativeGeneration } from "../../../native-bindings/engine.ts";
import type { CompiledApplication } from "../pipeline/compiled.ts";
import type { CompiledCredential } from "../pipeline/credentials/compiled-credential.ts";

const DIGEST_BYTES = 32;

/** Lists of addresses that credentials are bound to, each one once. The first one is empty, and stands for any address. */
export class AddressLists {
  readonly lists: (readonly string[])[] = [[]];
  readonly #indices = new Map<string, number>([["", 0]]);

  add(addresses: readonly string[]): number {
    const key = addresses.join(" ");
    let index = this.#indices.get(key);
    if (index === undefined) {
      index = this.lists.push(addresses) - 1;
      this.#indices.set(key, index);
    }
    return index;
  }

  /** Null: it was not added. */
  indexOf(addresses: readonly string[]): number | null {
    return this.#indices.get(addresses.join(" ")) ?? null;
  }
}

/**
 * API keys as the governor looks them up, in columns: there may be a hundred thousand. Adds to `addressLists`. Those of
 * applications with policies of their own are left out: what the governor does not know is JavaScript's.
 */
export function nativeKeys(
  apiKeys: ReadonlyMap<string, CompiledCredential>,
  applications: ReadonlyMap<CompiledApplication, number>,
  addressLists: AddressLists,
): Pick<NativeGeneration, "digests" | "owners" | "expiries" | "addresses" | "addressLists"> {
  let count = 0;
  for (const { application } of apiKeys.values()) if (application.snapshot.policies === undefined) count++;
  const digests = Buffer.alloc(count * DIGEST_BYTES);
  const owners = new Uint32Array(count);
  const expiries = new Float64Array(count);
  const addresses = new Uint32Array(count);
  let at = 0;
  for (const [digest, credential] of apiKeys) {
    if (credential.application.snapshot.policies !== undefined) continue;
    digests.write(digest, at * DIGEST_BYTES, "hex");
    owners[at] = applications.get(credential.application) ?? 0;
    expiries[at] = credential.expiresAtMs;
    addresses[at] = addressLists.add(credential.addresses);
    at++;
  }
  return {
    digests,
    owners: Buffer.from(owners.buffer),
    expiries: Buffer.from(expiries.buffer),
    addresses: Buffer.from(addresses.buffer),
    addressLists: addressLists.lists,
  };
}
