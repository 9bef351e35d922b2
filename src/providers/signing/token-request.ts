import { createPrivateKey, sign } from "node:crypto";
import type { EntraCredential, ServiceAccountCredential } from "../../contracts/provider-keys.ts";

export type TokenCredential = ServiceAccountCredential | EntraCredential;

/** What Google allows at most, and gives anyway. */
const ASSERTION_LIFETIME_S = 3600;

/** The body with which a token is asked for, `application/x-www-form-urlencoded`. Throws when the private key is none. */
export function tokenRequestBody(credential: TokenCredential, nowMs: number): string {
  const parameters =
    credential.type === "entra"
      ? {
          grant_type: "client_credentials",
          client_id: credential.clientId,
          client_secret: credential.clientSecret,
          scope: credential.scope,
        }
      : {
          grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer",
          assertion: serviceAccountAssertion(credential, nowMs),
        };
  return new URLSearchParams(parameters).toString();
}

/** RFC 7523, as Google wants it ("Using OAuth 2.0 for server to server applications"). */
function serviceAccountAssertion(credential: ServiceAccountCredential, nowMs: number): string {
  const { clientEmail, privateKey, privateKeyId, tokenUrl, scope } = credential;
  const issuedAt = Math.floor(nowMs / 1000);
  const header = { alg: "RS256", typ: "JWT", ...(privateKeyId === null ? {} : { kid: privateKeyId }) };
  const claims = {
    iss: clientEmail,
    scope,
    aud: tokenUrl,
    iat: issuedAt,
    exp: issuedAt + ASSERTION_LIFETIME_S,
  };
  const text = `${base64url(header)}.${base64url(claims)}`;
  const signature = sign("RSA-SHA256", Buffer.from(text), createPrivateKey(privateKey));
  return `${text}.${signature.toString("base64url")}`;
}

function base64url(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}
