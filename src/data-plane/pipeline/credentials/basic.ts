import { createHash, timingSafeEqual } from "node:crypto";
import { nameDigest } from "../../../snapshot/packed/digests.ts";
import type { CallerDirectory, FoundCredential } from "./caller-directory.ts";
import type { CompiledCredential } from "./compiled-credential.ts";

const BASIC = /^basic +([A-Za-z0-9+/]+={0,2})$/i;
const NO_SALT = "00".repeat(16);
const NO_DIGEST = "00".repeat(32);

export function isBasic(authorization: string): boolean {
  return /^basic /i.test(authorization);
}

/** User names and passwords (RFC 7617). */
export class BasicCredentials {
  readonly #callers: CallerDirectory;

  constructor(callers: CallerDirectory) {
    this.#callers = callers;
  }

  /** By the value of `Authorization`; null: no such user, or another password. Takes as long for the one as for the other. */
  find(authorization: string): CompiledCredential | null {
    const [, encoded] = BASIC.exec(authorization) ?? [];
    if (encoded === undefined) return null;
    const text = Buffer.from(encoded, "base64").toString("utf8");
    const colon = text.indexOf(":");
    if (colon < 0) return null;
    const name = nameDigest("basic", text.slice(0, colon));
    const password = text.slice(colon + 1);
    const found = this.#callers.find(name);
    if (matches(found, password)) return found?.credential ?? null;
    const others = found === null ? [] : this.#callers.others(found, name);
    return others.find((other) => matches(other, password))?.credential ?? null;
  }
}

function matches(found: FoundCredential | null, password: string): boolean {
  const entry = found?.snapshot.kind === "basic" ? found.snapshot : null;
  const digest = createHash("sha256")
    .update(Buffer.from(entry?.salt ?? NO_SALT, "hex"))
    .update(password)
    .digest();
  return timingSafeEqual(digest, Buffer.from(entry?.digest ?? NO_DIGEST, "hex")) && entry !== null;
}
