import { z } from "@hono/zod-openapi";
import { revision, time } from "./schemas.ts";

const MAX_ADDRESSES = 1_000;

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

const certificate = { subject: text.optional(), san: text.optional(), fingerprint: text.optional() };
export const credentialKinds = {
  basic: z.strictObject({ username: text, ...passwords }).optional(),
  hmac: z.strictObject({ key_id: text, ...hmacSecrets, max_age: text.optional() }).optional(),
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
