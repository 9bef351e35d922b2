import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { GatewayError } from "../../../contracts/errors.ts";
import type { Exchange } from "../../../contracts/exchange.ts";
import type { LimitStore } from "../../../contracts/limits.ts";
import type { LimitSnapshot } from "../../../contracts/snapshot.ts";
import { nameDigest } from "../../../snapshot/packed/digests.ts";
import type { CallerDirectory, FoundCredential } from "./caller-directory.ts";
import type { CompiledCredential } from "./compiled-credential.ts";
import { contentDigestProblem } from "./content-digest.ts";
import {
  type MessageSignature,
  parseSignatures,
  type SignableRequest,
  SignatureError,
  signatureBase,
} from "./message-signature.ts";

export const SIGNATURE_HEADERS = ["signature-input", "signature"] as const;

const ALGORITHM = "hmac-sha256";
/** By how much a caller's clock may be ahead. */
const CLOCK_TOLERANCE_MS = 30_000;
/** Other requests could be made of one whose signature does not cover these. */
const TARGET_URI = "@target-uri";

interface Key {
  credential: CompiledCredential;
  secret: Buffer;
  maxAgeMs: number;
}

/** A signature by one of our keys; nothing of it is verified yet. */
export interface KnownSignature {
  /** Once it is verified: the one that it was made with. */
  key: Key;
  /** Others with the same id: one of them was rotated, and works on for a while. */
  others: () => Key[];
  signature: MessageSignature;
}

/** Requests signed with shared secrets: HTTP Message Signatures (RFC 9421) with `hmac-sha256`. */
export class HmacSignatures {
  readonly #callers: CallerDirectory;

  constructor(callers: CallerDirectory) {
    this.#callers = callers;
  }

  /** The first signature by a key that is known; null: there is none, and upstreams may have keys of their own. Throws SignatureError. */
  find(exchange: Exchange): KnownSignature | null {
    const [input, signature] = SIGNATURE_HEADERS.map((name) => valuesOf(exchange, name).join(", "));
    if (input === undefined || input === "" || signature === undefined) return null;
    for (const one of parseSignatures(input, signature)) {
      if (one.keyId === null) continue;
      const name = nameDigest("hmac", one.keyId);
      const found = this.#callers.find(name);
      const [key] = found === null ? [] : keyOf(found);
      if (found === null || key === undefined) continue;
      return { key, others: () => this.#callers.others(found, name).flatMap(keyOf), signature: one };
    }
    return null;
  }
}

function keyOf({ snapshot, credential }: FoundCredential): Key[] {
  if (snapshot.kind !== "hmac") return [];
  return [{ credential, secret: Buffer.from(snapshot.secret, "base64"), maxAgeMs: snapshot.maxAgeMs }];
}

/** Checks all but the body. Throws GatewayError. */
export function verifySignature(known: KnownSignature, exchange: Exchange, nowMs: number): void {
  const { key, signature } = known;
  checkCoverage(signature, exchange);
  checkTimes(signature, key.maxAgeMs, nowMs);
  let base: string;
  try {
    base = signatureBase(signature.covered, signableOf(exchange));
  } catch (error) {
    if (error instanceof SignatureError) throw refused(error.message);
    throw error;
  }
  if (isMadeWith(key, base, signature)) return;
  const other = known.others().find((one) => isMadeWith(one, base, signature));
  if (other === undefined) {
    throw refused("the signature does not fit the request as it arrived here: sign it as it is sent, with this key");
  }
  known.key = other;
}

function isMadeWith({ secret }: Key, base: string, { signature }: MessageSignature): boolean {
  const expected = createHmac("sha256", secret).update(base).digest();
  return signature.length === expected.length && timingSafeEqual(expected, signature);
}

/** Throws GatewayError. `body`: whole. */
export function verifyBody(exchange: Exchange, body: Uint8Array): void {
  const values = valuesOf(exchange, "content-digest");
  if (values.length === 0) return;
  const problem = contentDigestProblem(values.join(", "), body);
  if (problem !== null) throw refused(problem);
}

/**
 * Takes the signature out of use, over all workers of the machine: a bucket of one, named by the signature, that is
 * full again when the signature is too old anyway. Throws GatewayError when it was used before.
 */
export function spendSignature({ key, signature }: KnownSignature, limits: LimitStore, nowMs: number): void {
  const digest = createHash("sha256").update(signature.signature).digest("base64url");
  const lifeMs = lastMs(signature, key.maxAgeMs) - createdMs(signature);
  const limit: LimitSnapshot = {
    per: "application",
    algorithm: "token-bucket",
    unit: "requests",
    amount: 1,
    // A lease of one would have to be waited for.
    cluster: "per_node",
    // From the earliest time at which it may be accepted to the last, and a second beyond.
    windowMs: CLOCK_TOLERANCE_MS + lifeMs + 1000,
  };
  const name = `signature|${key.credential.application.id}|${key.credential.id}|${digest}`;
  if (limits.reserve(limit, name, 1, nowMs).allowed) return;
  throw new GatewayError(
    "signature_replayed",
    "a request with this signature was accepted before: sign each request anew, with a `nonce` of its own",
  );
}

function refused(message: string): GatewayError {
  return new GatewayError("invalid_signature", message);
}

function checkCoverage({ components, algorithm }: MessageSignature, exchange: Exchange): void {
  if (algorithm !== null && algorithm !== ALGORITHM) throw refused(`\`alg\` must be ${ALGORITHM}, or be left out`);
  const missing: string[] = [];
  const need = (isCovered: boolean, name: string) => {
    if (!isCovered) missing.push(`"${name}"`);
  };
  const whole = components.has(TARGET_URI);
  const target = whole || components.has("@request-target");
  need(components.has("@method"), "@method");
  need(whole || components.has("@authority"), "@authority");
  need(target || components.has("@path"), "@path");
  need(target || components.has("@query") || exchange.query === "", "@query");
  need(components.has("content-digest") || exchange.contentLength === 0, "content-digest");
  if (missing.length > 0) throw refused(`the signature must cover ${missing.join(", ")} as well`);
}

function checkTimes(signature: MessageSignature, maxAgeMs: number, nowMs: number): void {
  if (signature.created === null) throw refused("the signature has no `created`: the time of signing in Unix seconds");
  if (createdMs(signature) > nowMs + CLOCK_TOLERANCE_MS) {
    throw refused("the signature's `created` is in the future: set the clock");
  }
  if (nowMs > lastMs(signature, maxAgeMs)) {
    throw refused(`the signature is too old: it is accepted until its \`expires\`, at most ${maxAgeMs / 1000} s`);
  }
}

function createdMs({ created }: MessageSignature): number {
  return (created ?? 0) * 1000;
}

/** When it is accepted for the last time. */
function lastMs(signature: MessageSignature, maxAgeMs: number): number {
  const oldest = createdMs(signature) + maxAgeMs;
  return signature.expires === null ? oldest : Math.min(oldest, signature.expires * 1000);
}

function signableOf(exchange: Exchange): SignableRequest {
  return {
    method: exchange.method,
    scheme: exchange.scheme,
    authority: exchange.header("host") ?? exchange.host,
    path: exchange.path,
    query: exchange.query,
    fieldValues: (name) => valuesOf(exchange, name),
  };
}

function valuesOf({ rawHeaders }: Exchange, name: string): string[] {
  const values: string[] = [];
  for (let i = 0; i < rawHeaders.length; i += 2) if (rawHeaders[i] === name) values.push(rawHeaders[i + 1] as string);
  return values;
}
