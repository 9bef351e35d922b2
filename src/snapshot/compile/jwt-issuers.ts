import type { JsonWebKeySnapshot, JwtIssuerSnapshot } from "../../contracts/snapshot.ts";
import type { Configuration } from "../schema/configuration.ts";

type IssuerConfiguration = Configuration["jwt_issuers"][number];
type KeyConfiguration = NonNullable<IssuerConfiguration["keys"]>[number];

export function compileJwtIssuer(issuer: IssuerConfiguration): JwtIssuerSnapshot {
  return {
    id: issuer.id,
    issuer: issuer.issuer,
    audiences: issuer.audiences,
    algorithms: [...new Set(issuer.algorithms)],
    keys:
      issuer.jwks_url === undefined
        ? { source: "inline", keys: issuer.jwk_set ?? (issuer.keys ?? []).map(compileKey) }
        : { source: "url", url: issuer.jwks_url, refreshMs: issuer.jwks_refresh },
    applicationClaim: issuer.application_claim,
    clockToleranceMs: issuer.clock_tolerance,
    requiresExpiry: issuer.require_expiry,
    forwardsToken: issuer.forward_token,
  };
}

/** However a key was given, as a JSON Web Key. */
function compileKey(key: KeyConfiguration): JsonWebKeySnapshot {
  const secret = key.secret ?? key.secret_base64;
  const jwk: JsonWebKeySnapshot = key.public_key ?? {
    kty: "oct",
    k: Buffer.from(secret ?? "", "base64").toString("base64url"),
  };
  return key.id === undefined ? jwk : { ...jwk, kid: key.id };
}
