import { z } from "zod";
import { addressRange } from "./addresses.ts";
import { fieldNotes, mappingOr, scalar } from "./notes.ts";
import { id, name, positiveDuration, secret, text, timestamp } from "./scalars.ts";

const SHA256_HEX = /^[0-9a-f]{64}$/;
/** RFC 2104 §3: a key shorter than the hash's output weakens the code. */
const SHORTEST_SECRET_BYTES = 32;
const SHORTEST_PASSWORD = 20;

export const credentialTerms = {
  id: id
    .optional()
    .describe("Name of the credential, unique within the application.")
    .register(fieldNotes, { shownDefault: "its kind and number, e.g. `key-1`" }),
  expires_at: timestamp.nullable().prefault(null).describe("From when on it is refused; null: never."),
  addresses: z
    .array(addressRange)
    .prefault([])
    .describe("Addresses or CIDR ranges of callers that may use it; empty: any."),
};

/** As `printf %s "$KEY" | sha256sum` gives it. Marked as a secret, for it is where people put the key itself. */
const keyDigest = scalar({
  type: "SHA-256",
  expected: "the key's SHA-256: 64 hexadecimal digits",
  secret: true,
  parse: (value) => {
    const lower = typeof value === "string" ? value.toLowerCase() : "";
    return SHA256_HEX.test(lower) ? lower : undefined;
  },
});

export const applicationKey = mappingOr(
  "value",
  z.strictObject({
    value: secret.optional().describe("The key. Exactly one of `value` and `digest`."),
    digest: keyDigest.optional().describe("The key's SHA-256, hexadecimal: the key itself need not be here."),
    ...credentialTerms,
  }),
  {
    type: "secret or mapping",
    expected: "a non-empty key without spaces (put quotes around it), or a mapping with value or digest",
  },
);

export interface PasswordDigest {
  salt: string;
  digest: string;
}

const passwordDigest = scalar<PasswordDigest>({
  type: "digest",
  expected: "sha256$<salt>$<digest>, both hexadecimal, the salt of at least 16 bytes",
  secret: true,
  parse: (value) => {
    const [, salt, digest] = /^sha256\$((?:[0-9a-f]{2}){16,64})\$([0-9a-f]{64})$/i.exec(String(value)) ?? [];
    return salt === undefined || digest === undefined
      ? undefined
      : { salt: salt.toLowerCase(), digest: digest.toLowerCase() };
  },
});

export const basic = z.strictObject({
  username: text(
    "text",
    "a user name of 1 to 200 characters without colons and spaces",
    /^[\x21-\x39\x3b-\x7e]{1,200}$/,
  ).describe("User name."),
  password: scalar({
    type: "secret",
    expected: `a generated password of at least ${SHORTEST_PASSWORD} characters without spaces (put quotes around it)`,
    secret: true,
    parse: (value) =>
      typeof value === "string" && /^[\x21-\x7e]+$/.test(value) && value.length >= SHORTEST_PASSWORD
        ? value
        : undefined,
  })
    .optional()
    .describe(
      "Password: generated, for only its salted SHA-256 is kept, which does not protect one that people can remember. Exactly one of `password` and `password_digest`.",
    ),
  password_digest: passwordDigest
    .optional()
    .describe("`sha256$<salt>$<SHA-256 of the salt and the password>`, hexadecimal, in place of the password."),
});

/** Bytes of a shared secret, base64. */
export const secretText = scalar({
  type: "secret",
  expected: `a secret of at least ${SHORTEST_SECRET_BYTES} characters without spaces (put quotes around it)`,
  secret: true,
  parse: (value) =>
    typeof value === "string" && /^[\x21-\x7e]+$/.test(value) && value.length >= SHORTEST_SECRET_BYTES
      ? Buffer.from(value).toString("base64")
      : undefined,
});

export const secretBase64 = scalar({
  type: "secret",
  expected: `at least ${SHORTEST_SECRET_BYTES} bytes in base64 (put quotes around it)`,
  secret: true,
  parse: (value) => {
    if (typeof value !== "string" || !/^[A-Za-z0-9+/_-]+={0,2}$/.test(value)) return undefined;
    const bytes = Buffer.from(value, "base64");
    return bytes.length >= SHORTEST_SECRET_BYTES ? bytes.toString("base64") : undefined;
  },
});

export const hmac = z.strictObject({
  key_id: text(
    "text",
    'a key id of 1 to 200 characters, visible ASCII without `"` and `\\`',
    /^[\x21\x23-\x5b\x5d-\x7e]{1,200}$/,
  ).describe("What signatures name as `keyid`; unique over all applications."),
  secret: secretText.optional().describe("Shared secret, taken as it is. Exactly one of `secret` and `secret_base64`."),
  secret_base64: secretBase64.optional().describe("Shared secret in base64."),
  max_age: positiveDuration
    .prefault("5m")
    .describe("How old a signature may be, by its `created`; a counter is kept for each one that long."),
});

export const jwt = z.strictObject({
  issuer: id.describe("Id of an entry of `jwt_issuers`."),
  claim: name.describe("Claim that tells the application, e.g. `azp`, `client_id` or `sub`."),
  values: z
    .array(name)
    .min(1)
    .describe("Values of the claim that stand for this application. Of a claim that is a list, one element is enough."),
});

export const mtls = z.strictObject({
  subject: text("text", "a subject such as CN=web,O=Example", /^[^\p{Cc}]{1,1000}$/u)
    .optional()
    .describe("Subject of the certificate, as the proxy writes it. Exactly one of `subject`, `san` and `fingerprint`."),
  san: text("text", "an alternative name such as spiffe://example.org/web", /^[^\p{Cc}\s]{1,1000}$/u)
    .optional()
    .describe("A subject alternative name (URI or DNS)."),
  fingerprint: scalar({
    type: "SHA-256",
    expected: "the certificate's SHA-256: 64 hexadecimal digits, with or without colons",
    parse: (value) => {
      const digits = typeof value === "string" ? value.replaceAll(":", "").toLowerCase() : "";
      return SHA256_HEX.test(digits) ? digits : undefined;
    },
  })
    .optional()
    .describe("SHA-256 of the certificate, hexadecimal."),
});

export const CREDENTIAL_KINDS = ["basic", "hmac", "jwt", "mtls"] as const;

export const credential = z
  .strictObject({
    basic: basic
      .optional()
      .describe("User name and password (RFC 7617). Exactly one of `basic`, `hmac`, `jwt` and `mtls`."),
    hmac: hmac.optional().describe("Requests signed with a shared secret (RFC 9421)."),
    jwt: jwt.optional().describe("JSON Web Tokens of an issuer (RFC 7519)."),
    mtls: mtls.optional().describe("A client certificate that a trusted proxy has verified."),
    ...credentialTerms,
  })
  .describe("A credential.");
