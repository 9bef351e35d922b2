import { z } from "zod";
import type { Check } from "../../snapshot/checks/check.ts";
import type { Cursor } from "../../snapshot/checks/cursor.ts";
import { exactlyOne } from "../../snapshot/checks/exactly-one.ts";
import * as file from "../../snapshot/schema/credential.ts";
import { jwtIssuer, TOKEN_ISSUER_DEFAULTS } from "../../snapshot/schema/jwt-issuer.ts";
import { fieldNotes, scalar } from "../../snapshot/schema/notes.ts";
import type { Credential } from "../admin/answers.ts";
import { id, name } from "./file-scalars.ts";
import type { DesiredCredential, DesiredTokenIssuer } from "./state.ts";

/** Empty as where it is absent, so that a variable that is not set (`${NAME:-}`) leaves the stored one alone. */
function orNothing(schema: z.ZodType, what: string) {
  const { expected = "a secret" } = fieldNotes.get(schema) ?? {};
  return scalar({
    type: "secret",
    expected: `${expected}, or nothing`,
    secret: true,
    parse: (value) =>
      typeof value === "string" && (value === "" || schema.safeParse(value).success) ? value : undefined,
  })
    .optional()
    .describe(`${what}; absent or empty: the one that is stored stays.`);
}

const { id: _id, ...terms } = file.credentialTerms;

export const declaredCredential = z
  .strictObject({
    name: name.optional().describe("What it is for; absent: what it is found by."),
    basic: file.basic
      .extend({
        password: orNothing(file.basic.shape.password.unwrap(), "Its password"),
        password_digest: orNothing(file.basic.shape.password_digest.unwrap(), "Or its salted digest"),
      })
      .optional()
      .describe("User name and password. Exactly one of `basic`, `hmac`, `jwt` and `mtls`."),
    hmac: file.hmac
      .extend({
        secret: orNothing(file.secretText, "Shared secret"),
        secret_base64: orNothing(file.secretBase64, "The same in base64"),
      })
      .optional()
      .describe("Requests signed with a shared secret."),
    jwt: file.jwt.optional().describe("JSON Web Tokens of a token issuer."),
    mtls: file.mtls.optional().describe("A client certificate that a trusted proxy has verified."),
    ...terms,
  })
  .describe("A credential other than an API key.");

const { keys, ...issuerShape } = jwtIssuer.shape;
const key = keys.unwrap().element;

export const declaredTokenIssuer = z
  .strictObject({
    ...issuerShape,
    id: id.describe("Name used by `credentials[].jwt.issuer`."),
    keys: z
      .array(
        key.extend({
          secret: orNothing(file.secretText, "Shared secret"),
          secret_base64: orNothing(file.secretBase64, "The same in base64"),
        }),
      )
      .min(1)
      .optional()
      .describe("Its keys. Exactly one of `keys`, `jwk_set` and `jwks_url`."),
  })
  .describe("An issuer of JSON Web Tokens.");

/** What of a document has secrets of which the server keeps digests, or seals them: they are read where it is applied. */
export const secretsReadHere = z.object({
  token_issuers: z.array(declaredTokenIssuer),
  applications: z.array(z.object({ credentials: z.array(declaredCredential) })),
});

const SECRETS = {
  basic: ["password", "password_digest"],
  hmac: ["secret", "secret_base64"],
  jwt: [],
  mtls: [],
} as const;

/** That each says one thing, and is there once. */
export const checkDeclaredCredentials: Check = (context) => {
  const { root, report } = context;
  const seen = new Set<string>();
  for (const application of root.at("applications").items()) {
    for (const credential of application.at("credentials").items()) {
      if (typeof credential.value !== "object") continue;
      exactlyOne(context, credential, file.CREDENTIAL_KINDS);
      for (const [kind, secrets] of Object.entries(SECRETS)) {
        const given = secrets.filter((one) => credential.at(kind, one).exists);
        if (given.length > 1) report(credential.at(kind).path, `${given.join(" and ")} exclude each other: choose one`);
      }
      const mtls = credential.at("mtls");
      if (mtls.exists) exactlyOne(context, mtls, ["subject", "san", "fingerprint"]);
      for (const place of namesIn(credential)) {
        const text = JSON.stringify([place.path.slice(4), credential.at("jwt", "issuer").text(), place.text()]);
        if (seen.has(text))
          report(place.path, "one before it is found by the same: a credential stands for one application");
        seen.add(text);
      }
    }
  }
};

function namesIn(credential: Cursor): Cursor[] {
  const mtls = ["subject", "san", "fingerprint"].map((one) => credential.at("mtls", one));
  const names = [credential.at("basic", "username"), credential.at("hmac", "key_id"), ...mtls];
  return names.filter(({ exists }) => exists);
}

type Declared = z.output<typeof declaredCredential>;

/** `written`: as it stands in the file, where the server is to have it so. */
export function credentialFrom(one: Declared, written: Record<string, unknown>): DesiredCredential {
  const { basic, hmac, jwt, mtls, expires_at } = one;
  const common = {
    name: one.name ?? "",
    expires_at: expires_at === null ? null : new Date(expires_at).toISOString(),
    addresses: Array.isArray(written.addresses) ? written.addresses.map(String) : [],
  };
  const made = (kind: DesiredCredential["kind"], fields: Record<string, unknown>, secrets: object = {}) => {
    const given = Object.entries(secrets).filter(([, value]) => value !== undefined && value !== "");
    const text = credentialText({ [kind]: fields });
    const secret = given.length === 0 ? null : Object.fromEntries(given);
    return { ...common, name: common.name || text.slice(0, 200), kind, text, fields, secret };
  };
  if (basic !== undefined) {
    const { username, ...secrets } = basic;
    return made("basic", { username }, secrets);
  }
  if (hmac !== undefined) {
    const { key_id, max_age: _ms, ...secrets } = hmac;
    const max_age = Object(written.hmac).max_age ?? "5m";
    return made("hmac", { key_id, max_age }, secrets);
  }
  if (jwt !== undefined) return made("jwt", { ...jwt });
  return made("mtls", Object.fromEntries(Object.entries(mtls ?? {}).filter(([, value]) => value !== undefined)));
}

/** What a credential other than an API key is found by. */
export function credentialText(one: Partial<Pick<Credential, "basic" | "hmac" | "jwt" | "mtls">> | object): string {
  const { basic, hmac, jwt, mtls } = one as Partial<Credential>;
  if (basic !== undefined) return `user ${basic.username}`;
  if (hmac !== undefined) return `key id ${hmac.key_id}`;
  if (jwt !== undefined) return `${jwt.issuer}: ${jwt.claim} = ${[...jwt.values].sort().join(", ")}`;
  return `certificate ${Object.entries(mtls ?? {})
    .join(" ")
    .replace(",", " ")}`;
}

/** `written`: likewise. */
export function tokenIssuerFrom(
  { id: own, issuer, algorithms, keys: parsed }: z.output<typeof declaredTokenIssuer>,
  written: Record<string, unknown>,
): DesiredTokenIssuer {
  const { keys: given, jwk_set: set } = written;
  const said = Object.keys(TOKEN_ISSUER_DEFAULTS).filter((one) => written[one] !== undefined && written[one] !== null);
  const fields = {
    ...TOKEN_ISSUER_DEFAULTS,
    algorithms,
    ...Object.fromEntries(
      said.map((one) => [one, typeof written[one] === "number" ? String(written[one]) : written[one]]),
    ),
  };
  const lacksSecret = (parsed ?? []).some((one) => {
    return one.public_key === undefined && !one.secret && !one.secret_base64;
  });
  const source = set === undefined ? { keys: given } : { jwk_set: typeof set === "string" ? JSON.parse(set) : set };
  const hasKeys = given !== undefined || set !== undefined;
  return { id: own, issuer, fields, keys: hasKeys && !lacksSecret ? source : null };
}
