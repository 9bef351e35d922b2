import { z } from "zod";
import { upstreamUrl } from "./addresses.ts";
import { LIMIT_ALGORITHMS, weight } from "./common.ts";
import { fieldNotes, ScalarRefusal, scalar } from "./notes.ts";
import { id, instant, integer, positiveDuration, secret, text } from "./scalars.ts";

const plainId = text("text", "letters, digits, `.`, `_` and `-`", /^[A-Za-z0-9._-]{1,200}$/);

const aws = z
  .strictObject({
    access_key_id: secret.describe("Id of the access key."),
    secret_access_key: secret.describe("The secret access key."),
    session_token: secret.optional().describe("The session token, of temporary credentials."),
  })
  .optional()
  .describe("Credentials of AWS, with which calls are signed (Signature Version 4).");

/** What of a service account's key file matters. */
export interface ServiceAccountKey {
  clientEmail: string;
  privateKey: string;
  privateKeyId: string | null;
  tokenUrl: string;
}

const GOOGLE_TOKEN_URL = "https://oauth2.googleapis.com/token";

const serviceAccount = scalar<ServiceAccountKey>({
  type: "secret",
  expected: "the JSON of a service account's key file, best as `{ file: … }`",
  secret: true,
  parse: (value) => (typeof value === "string" ? parseServiceAccount(value) : undefined),
});

/** Says what is missing, and repeats nothing of it. */
function parseServiceAccount(json: string): ServiceAccountKey | undefined {
  let file: unknown;
  try {
    file = JSON.parse(json);
  } catch {
    return undefined;
  }
  if (typeof file !== "object" || file === null) return undefined;
  const { client_email, private_key, private_key_id, token_uri } = file as Record<string, unknown>;
  if (typeof client_email !== "string") throw new ScalarRefusal("the key file has no `client_email`");
  if (typeof private_key !== "string" || !private_key.includes("-----BEGIN PRIVATE KEY-----")) {
    throw new ScalarRefusal("the key file has no `private_key` in PEM (PKCS #8)");
  }
  const tokenUrl = typeof token_uri === "string" ? token_uri : GOOGLE_TOKEN_URL;
  if (!/^https?:\/\//.test(tokenUrl) || !URL.canParse(tokenUrl)) {
    throw new ScalarRefusal("the key file's `token_uri` is no http:// or https:// URL");
  }
  return {
    clientEmail: client_email,
    privateKey: private_key,
    privateKeyId: typeof private_key_id === "string" ? private_key_id : null,
    tokenUrl,
  };
}

const entra = z
  .strictObject({
    tenant_id: plainId.describe("Id of the tenant."),
    client_id: plainId.describe("Id of the application."),
    client_secret: secret.describe("A client secret of the application."),
    scope: text("text", "a scope without spaces", /^[\x21-\x7e]{1,200}$/)
      .prefault("https://cognitiveservices.azure.com/.default")
      .describe("What the token is for."),
    authority: upstreamUrl
      .prefault("https://login.microsoftonline.com")
      .describe("Where tokens are had: another one in national clouds."),
  })
  .optional()
  .describe("Client credentials of an application of Microsoft Entra ID, for which tokens are fetched.");

const keyLimit = z
  .strictObject({
    requests: integer(1)
      .optional()
      .describe("Calls that may be made with the key per window. Exactly one of `requests` and `tokens`."),
    tokens: integer(1).optional().describe("Tokens (input and output) per window."),
    window: positiveDuration.describe("Length of the window."),
    algorithm: z
      .enum(LIMIT_ALGORITHMS)
      .prefault("window")
      .describe("As in all limits: fixed windows, sliding ones, or a bucket that refills evenly."),
  })
  .describe("A limit of a key.");

export const providerKey = z
  .strictObject({
    id: id.optional().describe("Name of the key in logs and metrics.").register(fieldNotes, {
      shownDefault: "`key-1`, `key-2`, …",
    }),
    value: secret
      .optional()
      .describe(
        "The key itself, best from the environment. Exactly one of `value`, `aws`, `service_account`, `entra`.",
      ),
    aws,
    service_account: serviceAccount
      .optional()
      .describe("The key file (JSON) of a service account of Google Cloud, for which tokens are fetched."),
    entra,
    weight,
    priority: integer(0, 1000)
      .prefault(0)
      .describe("Keys of the lowest number are used while one of them can be; then those of the next."),
    expires_at: instant.nullable().prefault(null).describe("From when on it is not used; null: never."),
    limits: z
      .array(keyLimit)
      .prefault([])
      .describe(
        "What may be made of it: a call goes to another key when one is used up. Counted on each node by itself: divide them by the number of nodes.",
      ),
  })
  .describe("A key of the provider.");
