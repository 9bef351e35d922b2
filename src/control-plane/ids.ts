import { createHash, randomBytes, randomInt, timingSafeEqual } from "node:crypto";

const CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz";
const BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const TIME_CHARACTERS = 10;
const RANDOM_CHARACTERS = 16;
const SECRET_CHARACTERS = 40;
const PREFIX_CHARACTERS = 8;

/** ULID-like: sorts by time, 80 random bits. */
export function newId(nowMs: number): string {
  let time = "";
  for (let rest = nowMs, i = 0; i < TIME_CHARACTERS; i++, rest = Math.floor(rest / 32))
    time = CROCKFORD[rest % 32] + time;
  const random = [...randomBytes(RANDOM_CHARACTERS)].map((byte) => CROCKFORD[byte % 32]).join("");
  return time + random;
}

export interface Secret {
  /** Shown once, never stored. */
  value: string;
  digest: string;
  /** To tell it from others; tells nothing of the rest. */
  prefix: string;
}

/** `<kind>_` and 40 characters: 238 bits, so that a plain SHA-256 of it can't be turned back. */
export function newSecret(kind: string): Secret {
  let value = `${kind}_`;
  for (let index = 0; index < SECRET_CHARACTERS; index++) value += BASE62[randomInt(BASE62.length)];
  return { value, digest: sha256Hex(value), prefix: value.slice(0, kind.length + 1 + PREFIX_CHARACTERS) };
}

export function sha256Hex(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** Takes as long whatever is different. */
export function isSameSecret(expected: string, given: string): boolean {
  return timingSafeEqual(Buffer.from(sha256Hex(expected)), Buffer.from(sha256Hex(given)));
}
