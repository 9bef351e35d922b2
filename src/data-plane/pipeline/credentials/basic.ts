import { createHash, timingSafeEqual } from "node:crypto";
import type { BasicCredentialSnapshot } from "../../../contracts/snapshot.ts";
import type { CompiledCredential } from "./compiled-credential.ts";

interface Entry {
  credential: CompiledCredential;
  salt: Buffer;
  digest: Buffer;
}

const BASIC = /^basic +([A-Za-z0-9+/]+={0,2})$/i;
const NO_SALT = Buffer.alloc(16);
const NO_DIGEST = Buffer.alloc(32);

export function isBasic(authorization: string): boolean {
  return /^basic /i.test(authorization);
}

/** User names and passwords (RFC 7617). */
export class BasicCredentials {
  readonly #entries = new Map<string, Entry>();

  add({ username, salt, digest }: BasicCredentialSnapshot, credential: CompiledCredential): void {
    this.#entries.set(username, { credential, salt: Buffer.from(salt, "hex"), digest: Buffer.from(digest, "hex") });
  }

  get isEmpty(): boolean {
    return this.#entries.size === 0;
  }

  /** By the value of `Authorization`; null: no such user, or another password. Takes as long for the one as for the other. */
  find(authorization: string): CompiledCredential | null {
    const [, encoded] = BASIC.exec(authorization) ?? [];
    if (encoded === undefined) return null;
    const text = Buffer.from(encoded, "base64").toString("utf8");
    const colon = text.indexOf(":");
    if (colon < 0) return null;
    const entry = this.#entries.get(text.slice(0, colon));
    const digest = createHash("sha256")
      .update(entry?.salt ?? NO_SALT)
      .update(text.slice(colon + 1))
      .digest();
    const matches = timingSafeEqual(digest, entry?.digest ?? NO_DIGEST);
    return matches && entry !== undefined ? entry.credential : null;
  }
}
