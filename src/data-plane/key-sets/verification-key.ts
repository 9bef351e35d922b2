import { createPublicKey, createSecretKey, type KeyObject } from "node:crypto";
import type { JsonWebKeySnapshot, JwtAlgorithm } from "../../contracts/snapshot.ts";

/** A key with which signatures of tokens can be verified. */
export interface VerificationKey {
  readonly kid: string | null;
  /** `oct`, `RSA`, `EC` or `OKP`. */
  readonly kty: string;
  readonly crv: string | null;
  /** The one algorithm it is for; null: any of its type. */
  readonly alg: string | null;
  readonly key: KeyObject;
}

/** RFC 7518 §3.3. */
const SHORTEST_RSA_BITS = 2048;

/** Null: a key of another kind, for encryption, too short, or one that can't be read. */
export function readVerificationKey(jwk: JsonWebKeySnapshot): VerificationKey | null {
  const { kty, kid, alg, use, crv, k } = jwk;
  if (use !== undefined && use !== "sig") return null;
  const described = { kty, kid: kid ?? null, alg: alg ?? null, crv: typeof crv === "string" ? crv : null };
  try {
    if (kty !== "oct") {
      const key = createPublicKey({ key: { ...jwk }, format: "jwk" });
      const bits = key.asymmetricKeyDetails?.modulusLength ?? SHORTEST_RSA_BITS;
      return bits < SHORTEST_RSA_BITS ? null : { ...described, key };
    }
    return typeof k === "string" ? { ...described, key: createSecretKey(k, "base64url") } : null;
  } catch {
    return null;
  }
}

/** RFC 7518 §3.1 and RFC 8037: a key of another type must never meet a signature, whatever the token claims. */
const KEY_TYPES: Readonly<Record<JwtAlgorithm, { kty: string; crv?: string }>> = {
  HS256: { kty: "oct" },
  HS384: { kty: "oct" },
  HS512: { kty: "oct" },
  RS256: { kty: "RSA" },
  RS384: { kty: "RSA" },
  RS512: { kty: "RSA" },
  PS256: { kty: "RSA" },
  PS384: { kty: "RSA" },
  PS512: { kty: "RSA" },
  ES256: { kty: "EC", crv: "P-256" },
  ES384: { kty: "EC", crv: "P-384" },
  ES512: { kty: "EC", crv: "P-521" },
  EdDSA: { kty: "OKP", crv: "Ed25519" },
};

/** The keys that a token of this algorithm and key id may be signed with. A key without an id may be any. */
export function fittingKeys(
  keys: readonly VerificationKey[],
  algorithm: JwtAlgorithm,
  kid: string | undefined,
): VerificationKey[] {
  const type = KEY_TYPES[algorithm];
  return keys.filter(
    (key) =>
      key.kty === type.kty &&
      (type.crv === undefined || key.crv === type.crv) &&
      (key.alg === null || key.alg === algorithm) &&
      (kid === undefined || key.kid === null || key.kid === kid),
  );
}
