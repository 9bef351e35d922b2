import type { Check, CheckContext } from "./check.ts";
import type { Cursor } from "./cursor.ts";
import { exactlyOne } from "./exactly-one.ts";

/** RFC 7518 §3.2: a key at least as long as the hash. */
const SHORTEST_SECRET_BYTES: Readonly<Record<string, number>> = { HS256: 32, HS384: 48, HS512: 64 };

export const checkJwtIssuers: Check = checkIssuersIn("jwt_issuers");

/** The same in a document that has them under another name. */
export function checkIssuersIn(section: string): Check {
  return (context) => {
    for (const issuer of context.root.at(section).items()) checkIssuer(context, issuer);
  };
}

function checkIssuer(context: CheckContext, issuer: Cursor): void {
  const { warn } = context;
  if (typeof issuer.value !== "object") return;
  exactlyOne(context, issuer, ["keys", "jwk_set", "jwks_url"]);
  checkAlgorithms(context, issuer);
  for (const key of issuer.at("keys").items()) {
    exactlyOne(context, key, ["secret", "secret_base64", "public_key"]);
    checkLength(context, issuer, key);
  }
  if (!issuer.at("audiences").exists || issuer.at("audiences").items().length === 0) {
    warn(issuer.path, "without `audiences`, tokens that the issuer made for others are taken as well");
  }
  if (/^http:/i.test(issuer.at("jwks_url").text() ?? "")) {
    warn(issuer.at("jwks_url").path, "who can change what http: carries can make tokens: use https:");
  }
}

/** A secret for the one kind of signature must never be looked at as a key for the other. */
function checkAlgorithms({ report }: CheckContext, issuer: Cursor): void {
  const algorithms = algorithmsOf(issuer);
  const symmetric = algorithms.filter((name) => name.startsWith("HS"));
  if (symmetric.length > 0 && symmetric.length < algorithms.length) {
    report(
      issuer.at("algorithms").path,
      "shared secrets (HS…) and key pairs can't be mixed: make two issuers, or leave one kind out",
    );
  }
  if (symmetric.length > 0 && issuer.at("jwks_url").exists) {
    report(issuer.at("algorithms").path, "a key set that is fetched holds public keys: HS… can't be verified with it");
  }
  for (const key of issuer.at("keys").items()) {
    const isSecret = key.at("secret").exists || key.at("secret_base64").exists;
    if (isSecret && symmetric.length === 0 && algorithms.length > 0) {
      report(key.path, `a secret can't verify ${algorithms.join(", ")}: give a public_key`);
    }
    if (key.at("public_key").exists && symmetric.length > 0) {
      report(key.path, `a public key can't verify ${symmetric.join(", ")}: give a secret`);
    }
  }
}

function checkLength({ report }: CheckContext, issuer: Cursor, key: Cursor): void {
  const text = key.at("secret").text();
  const base64 = key.at("secret_base64").text();
  if (text === undefined && base64 === undefined) return;
  const bytes = text?.length ?? Buffer.from(base64 ?? "", "base64").length;
  for (const name of algorithmsOf(issuer)) {
    const shortest = SHORTEST_SECRET_BYTES[name] ?? 0;
    if (bytes < shortest && bytes >= 32) report(key.path, `the secret has ${bytes} bytes: ${name} needs ${shortest}`);
  }
}

function algorithmsOf(issuer: Cursor): string[] {
  return issuer
    .at("algorithms")
    .items()
    .map((name) => name.text() ?? "");
}
