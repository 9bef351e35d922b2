import { createPublicKey, type JsonWebKey } from "node:crypto";
import { z } from "zod";
import type { JsonWebKeySnapshot } from "../../contracts/snapshot.ts";
import { secretBase64, secretText } from "./credential.ts";
import { fieldNotes, ScalarRefusal, scalar } from "./notes.ts";
import { duration, id, name, positiveDuration } from "./scalars.ts";

export const JWT_ALGORITHMS = [
  "HS256",
  "HS384",
  "HS512",
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES256",
  "ES384",
  "ES512",
  "EdDSA",
] as const;

const SHORTEST_RSA_BITS = 2048;

/** A public key in PEM, or the one in a certificate, as a JSON Web Key. Never repeated: people paste private keys. */
const publicKey = scalar<JsonWebKeySnapshot>({
  type: "PEM",
  expected: "a public key or certificate in PEM format",
  secret: true,
  parse: (value) => {
    if (typeof value !== "string") return undefined;
    if (/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(value)) {
      throw new ScalarRefusal("a private key: give the public one, and keep the private one where tokens are made");
    }
    return readPublicKey(value);
  },
});

function readPublicKey(pem: string): JsonWebKeySnapshot | undefined {
  let jwk: JsonWebKey;
  try {
    const key = createPublicKey(pem);
    const bits = key.asymmetricKeyDetails?.modulusLength;
    if (bits !== undefined && bits < SHORTEST_RSA_BITS) throw tooShort(bits);
    jwk = key.export({ format: "jwk" });
  } catch (error) {
    if (error instanceof ScalarRefusal) throw error;
    return undefined;
  }
  return jwk.kty === undefined ? undefined : { ...jwk, kty: jwk.kty };
}

function tooShort(bits: number): ScalarRefusal {
  return new ScalarRefusal(`an RSA key of ${bits} bits is too short: at least ${SHORTEST_RSA_BITS} are needed`);
}

/** RFC 7517 §5, as a mapping or as JSON text. May hold symmetric keys. */
const jwkSet = scalar<JsonWebKeySnapshot[]>({
  type: "JSON Web Key Set",
  expected: 'a JSON Web Key Set: {"keys": [ … ]}, each with kty and what belongs to it',
  secret: true,
  parse: (value) => {
    const set = typeof value === "string" ? parseJson(value) : value;
    const keys = isObject(set) ? set.keys : undefined;
    if (!Array.isArray(keys) || keys.length === 0) return undefined;
    const read = keys.map(readJwk);
    return read.every((key) => key !== undefined) ? read : undefined;
  },
});

function readJwk(value: unknown): JsonWebKeySnapshot | undefined {
  if (!isObject(value) || typeof value.kty !== "string") return undefined;
  if (value.kty === "oct") return typeof value.k === "string" ? { ...value, kty: "oct" } : undefined;
  if ("d" in value) throw new ScalarRefusal("the set holds a private key: give the public ones");
  let bits: number | undefined;
  try {
    bits = createPublicKey({ key: value, format: "jwk" }).asymmetricKeyDetails?.modulusLength;
  } catch {
    return undefined;
  }
  if (bits !== undefined && bits < SHORTEST_RSA_BITS) throw tooShort(bits);
  return { ...value, kty: value.kty };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const keySetUrl = scalar({
  type: "URL",
  expected: "an http:// or https:// URL",
  parse: (value) => {
    if (typeof value !== "string" || !/^https?:\/\//i.test(value) || !URL.canParse(value)) return undefined;
    const url = new URL(value);
    if (url.username !== "" || url.password !== "") throw new ScalarRefusal("the URL must not hold credentials");
    if (url.hash !== "") throw new ScalarRefusal("the URL must not have a fragment");
    return url.href;
  },
});

const key = z
  .strictObject({
    id: name
      .optional()
      .describe("The key's `kid`. Absent: it is tried for tokens of any `kid`.")
      .register(fieldNotes, { shownDefault: "any `kid`" }),
    secret: secretText
      .optional()
      .describe("Shared secret for HS256, HS384 and HS512. Exactly one of `secret`, `secret_base64` and `public_key`."),
    secret_base64: secretBase64.optional().describe("The same in base64."),
    public_key: publicKey.optional().describe("Public key, or a certificate with it, as PEM text."),
  })
  .describe("A key.");

export const jwtIssuer = z
  .strictObject({
    id: id.describe("Name used by `credentials[].jwt.issuer`."),
    issuer: name.describe("The claim `iss` of its tokens, letter by letter."),
    audiences: z
      .array(name)
      .prefault([])
      .describe(
        "A token's `aud` must name one of these. Empty: it is not looked at, and tokens made for others are taken.",
      ),
    algorithms: z.array(z.enum(JWT_ALGORITHMS)).min(1).describe("Signature algorithms that are accepted; no other is."),
    keys: z.array(key).min(1).optional().describe("Its keys. Exactly one of `keys`, `jwk_set` and `jwks_url`."),
    jwk_set: jwkSet.optional().describe("Its keys as a JSON Web Key Set (RFC 7517)."),
    jwks_url: keySetUrl
      .optional()
      .describe("Where to fetch its JSON Web Key Set, at most 256 KiB. Keys that were fetched go on while it is down."),
    jwks_refresh: positiveDuration
      .prefault("10m")
      .describe("How often the set is fetched; an unknown `kid` fetches it, too."),
    application_claim: name
      .nullable()
      .prefault(null)
      .describe(
        "Claim whose value is the id of an application: any token of the issuer that names one is that application's. null: only `credentials[].jwt` of applications count.",
      ),
    clock_tolerance: duration.prefault("30s").describe("By how much its clock and this one may differ."),
    require_expiry: z.boolean().prefault(true).describe("Refuses tokens without `exp`."),
    forward_token: z
      .boolean()
      .prefault(false)
      .describe("Lets the token go on to the service, which may read the user from it."),
  })
  .describe("An issuer of JSON Web Tokens.");

/** What one in the database has unless it is said; the same as in a file. */
export const TOKEN_ISSUER_DEFAULTS = {
  audiences: [],
  jwks_url: null,
  jwks_refresh: "10m",
  application_claim: null,
  clock_tolerance: "30s",
  require_expiry: true,
  forward_token: false,
};
