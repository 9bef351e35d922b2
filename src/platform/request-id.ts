import { randomBytes } from "node:crypto";

const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";

function base32(value: number, length: number): string {
  let text = "";
  let rest = value;
  for (let i = 0; i < length; i++) {
    text = ALPHABET[rest % 32] + text;
    rest = Math.floor(rest / 32);
  }
  return text;
}

/** The 10 characters that name one source of ids. */
export function randomProcessPart(): string {
  return Array.from(randomBytes(10), (byte) => ALPHABET[byte % 32]).join("");
}

/**
 * Request ids in the shape of a ULID: 10 characters of time, 10 that name this process, 6 that count. They sort by time,
 * and no two processes share one.
 */
export function createRequestIds(): (nowMs: number) => string {
  const process = randomProcessPart();
  let count = 0;
  let lastMs = 0;
  let prefix = "";
  return (nowMs) => {
    if (nowMs !== lastMs) {
      lastMs = nowMs;
      prefix = base32(nowMs, 10) + process;
    }
    count = (count + 1) % 32 ** 6;
    return prefix + base32(count, 6);
  };
}

/** What is made of a call, such as a mirror's copy, has the call's id with a word behind it. */
const REQUEST_ID = /^[0-9a-hjkmnp-tv-z]{26}(?:-[a-z]{1,16})?$/;

/** Unix time at which a call of this id began; null: it is none of ours. */
export function requestTimeMs(id: string): number | null {
  if (!REQUEST_ID.test(id)) return null;
  let ms = 0;
  for (const digit of id.slice(0, 10)) ms = ms * 32 + ALPHABET.indexOf(digit);
  return ms;
}
