import { type Dispatcher, request } from "undici";
import type { JsonWebKeySnapshot } from "../../contracts/snapshot.ts";
import { readVerificationKey, type VerificationKey } from "./verification-key.ts";

export const KEY_SET_TIMEOUT_MS = 5_000;
export const KEY_SET_BYTES = 256 * 1024;
const MAX_REDIRECTS = 3;
const MAX_KEYS = 100;

/**
 * Fetches a JSON Web Key Set (RFC 7517 §5) and reads what of it can verify signatures. Rejects with a reason for the
 * log. Symmetric keys are left out: what anybody can fetch is no secret.
 */
export async function fetchKeySet(url: string, dispatcher: Dispatcher): Promise<VerificationKey[]> {
  const signal = AbortSignal.timeout(KEY_SET_TIMEOUT_MS);
  const keys = parseKeySet(await fetchText(url, dispatcher, signal))
    .filter(({ kty }) => kty !== "oct")
    .slice(0, MAX_KEYS)
    .map(readVerificationKey)
    .filter((key) => key !== null);
  if (keys.length === 0) throw new Error("the answer holds no key that can verify signatures");
  return keys;
}

/** Redirects within a host are its own business; to another one they would let it choose who is believed. */
async function fetchText(url: string, dispatcher: Dispatcher, signal: AbortSignal): Promise<string> {
  let at = new URL(url);
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
    const { statusCode, headers, body } = await request(at, {
      dispatcher,
      signal,
      headers: { accept: "application/jwk-set+json, application/json" },
    });
    if (statusCode === 200) return readText(body);
    await body.dump();
    const { location } = headers;
    if (statusCode < 300 || statusCode > 399 || typeof location !== "string") {
      throw new Error(`the answer has status ${statusCode}`);
    }
    const next = new URL(location, at);
    if (next.origin !== at.origin) throw new Error("the answer is a redirect to another host, which is not followed");
    at = next;
  }
  throw new Error(`the answer is a redirect for more than ${MAX_REDIRECTS} times`);
}

async function readText(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > KEY_SET_BYTES) throw new Error(`the answer is longer than ${KEY_SET_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function parseKeySet(text: string): JsonWebKeySnapshot[] {
  let set: unknown;
  try {
    set = JSON.parse(text);
  } catch {
    throw new Error("the answer is not JSON");
  }
  const keys = isObject(set) ? set.keys : undefined;
  if (!Array.isArray(keys)) throw new Error("the answer is no JSON Web Key Set: it has no list `keys`");
  return keys.filter(isJsonWebKey);
}

function isJsonWebKey(value: unknown): value is JsonWebKeySnapshot {
  if (!isObject(value) || typeof value.kty !== "string") return false;
  return [value.kid, value.alg, value.use].every((member) => member === undefined || typeof member === "string");
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
