import { z } from "@hono/zod-openapi";
import { JWT_ALGORITHMS } from "../../snapshot/schema/jwt-issuer.ts";
import { id, revision, time } from "./schemas.ts";

const MAX_ADDRESSES = 1_000;
const MAX_VALUES = 100;
const MAX_KEYS = 100;

/** What they have to be is said by the rules of `tidegate.yaml`. */
const text = z.string().max(1_000);
export const credentialAddresses = z
  .array(text)
  .max(MAX_ADDRESSES)
  .openapi({
    description: "Addresses or CIDR ranges of callers that may use it; none: any.",
    example: ["192.0.2.0/24"],
  });

export const passwords = {
  password: text
    .optional()
    .openapi({ description: "At least 20 characters, generated; absent: it is made, and shown once." }),
  password_digest: text.optional().openapi({ description: "`sha256$<salt>$<digest>`, in place of the password." }),
};
export const hmacSecrets = {
  secret: text.optional().openapi({ description: "At least 32 characters; absent: it is made, and shown once." }),
  secret_base64: text.optional().openapi({ description: "The same in base64." }),
};

const tokens = { issuer: id, claim: text, values: z.array(text).min(1).max(MAX_VALUES) };
const certificate = { subject: text.optional(), san: text.optional(), fingerprint: text.optional() };
export const credentialKinds = {
  basic: z.strictObject({ username: text, ...passwords }).optional(),
  hmac: z.strictObject({ key_id: text, ...hmacSecrets, max_age: text.optional() }).optional(),
  jwt: z.strictObject(tokens).optional(),
  mtls: z.strictObject(certificate).optional(),
};

const credentialFields = {
  id: z.string(),
  application: z.string(),
  kind: z.enum(["api-key", "basic", "hmac", "jwt", "mtls"]),
  name: z.string(),
  prefix: z.string().nullable().openapi({ description: "The first characters of an API key." }),
  basic: z.object({ username: z.string() }).optional(),
  hmac: z.object({ key_id: z.string(), max_age: z.string() }).optional(),
  jwt: z.object(tokens).optional(),
  mtls: z.object(certificate).optional(),
  state: z.enum(["active", "expired", "revoked"]),
  addresses: z.array(z.string()),
  created_by: z.string(),
  created_at: time,
  expires_at: time.nullable(),
  revoked_at: time.nullable(),
  revision,
};
export const credential = z.object(credentialFields).openapi("Credential");

const once = z.string().optional();
export const createdCredential = z
  .object({
    ...credentialFields,
    key: once.openapi({ description: "Of an API key. Shown this once." }),
    password: once.openapi({ description: "Of `basic`, where it was made here. Shown this once." }),
    secret: once.openapi({ description: "Of `hmac`, likewise." }),
  })
  .openapi("CreatedCredential");

const keyText = z.string().max(20_000);
const jwkSet = z.object({ keys: z.array(z.record(z.string(), z.unknown())).max(MAX_KEYS) });
const tokenIssuerOptions = {
  audiences: z.array(text).max(MAX_VALUES),
  algorithms: z.array(z.enum(JWT_ALGORITHMS)).max(JWT_ALGORITHMS.length),
  jwks_url: z.string().max(2_000).nullable().openapi({ description: "HTTPS, or HTTP on this machine." }),
  jwks_refresh: text.openapi({ example: "10m" }),
  application_claim: text.nullable(),
  clock_tolerance: text.openapi({ example: "30s" }),
  require_expiry: z.boolean(),
  forward_token: z.boolean(),
};
export const tokenIssuerName = z
  .string()
  .min(1)
  .max(200)
  .openapi({ description: "`iss` of its tokens, letter by letter.", example: "https://login.example.org/" });
/** As `jwt_issuers` of `tidegate.yaml`. Exactly one of `keys`, `jwk_set` and `jwks_url`. */
export const tokenIssuerFields = {
  ...z.object(tokenIssuerOptions).partial().shape,
  keys: z
    .array(
      z.strictObject({
        id: text.optional(),
        secret: keyText.optional(),
        secret_base64: keyText.optional(),
        public_key: keyText.optional(),
      }),
    )
    .max(MAX_KEYS)
    .optional()
    .openapi({ description: "Secrets are kept sealed, and never shown." }),
  jwk_set: jwkSet.optional(),
};

export const tokenIssuer = z
  .object({
    id,
    issuer: z.string(),
    ...tokenIssuerOptions,
    keys: z
      .array(z.object({ id: z.string().nullable(), public_key: z.string().nullable(), has_secret: z.boolean() }))
      .nullable(),
    jwk_set: jwkSet.nullable().openapi({ description: "Without the secrets of symmetric keys." }),
    created_by: z.string(),
    created_at: time,
    revision,
  })
  .openapi("TokenIssuer");
