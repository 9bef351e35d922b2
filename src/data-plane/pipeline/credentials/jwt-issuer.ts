import { errors, type JWTPayload, type JWTVerifyOptions, jwtVerify, type ProtectedHeaderParameters } from "jose";
import { GatewayError } from "../../../contracts/errors.ts";
import type { JwtAlgorithm, JwtIssuerSnapshot } from "../../../contracts/snapshot.ts";
import type { KeySet } from "../../key-sets/key-set.ts";
import { fittingKeys, readVerificationKey, type VerificationKey } from "../../key-sets/verification-key.ts";

/** Of keys that fit a token without a `kid`. */
const MOST_KEYS_TRIED = 8;
const RETRY_AFTER_MS = 5_000;

/** Verifies the tokens of one issuer (RFC 7519, with the advice of RFC 8725). */
export class JwtIssuer {
  readonly snapshot: JwtIssuerSnapshot;
  readonly #inlineKeys: readonly VerificationKey[];
  readonly #keySet: KeySet | undefined;
  readonly #options: JWTVerifyOptions;

  /** `keySet`: where the keys come from, when they are not in the snapshot. */
  constructor(snapshot: JwtIssuerSnapshot, keySet: KeySet | undefined) {
    const { keys, algorithms, issuer, audiences, clockToleranceMs, requiresExpiry } = snapshot;
    this.snapshot = snapshot;
    this.#keySet = keySet;
    this.#inlineKeys = keys.source === "inline" ? keys.keys.map(readVerificationKey).filter((key) => key !== null) : [];
    this.#options = {
      algorithms,
      issuer,
      clockTolerance: clockToleranceMs / 1000,
      ...(audiences.length === 0 ? {} : { audience: audiences }),
      ...(requiresExpiry ? { requiredClaims: ["exp"] } : {}),
    };
  }

  /** Rejects with a GatewayError that says what is wrong, and repeats nothing of the token. */
  async verify(token: string, header: ProtectedHeaderParameters, nowMs: number): Promise<JWTPayload> {
    const { algorithms, id } = this.snapshot;
    const algorithm = algorithms.find((one) => one === header.alg);
    if (algorithm === undefined) {
      throw invalid(`the token's \`alg\` is not one that issuer ${id} uses: ${algorithms.join(", ")}`);
    }
    const keys = await this.#keysFor(algorithm, header.kid, nowMs);
    for (const { key } of keys.slice(0, MOST_KEYS_TRIED)) {
      try {
        return (await jwtVerify(token, key, { ...this.#options, currentDate: new Date(nowMs) })).payload;
      } catch (error) {
        if (!(error instanceof errors.JWSSignatureVerificationFailed)) throw refusalOf(error);
      }
    }
    throw invalid(`the token's signature does not fit the keys of issuer ${id}`);
  }

  async #keysFor(algorithm: JwtAlgorithm, kid: string | undefined, nowMs: number): Promise<VerificationKey[]> {
    const known = () => fittingKeys(this.#keySet?.keys ?? this.#inlineKeys, algorithm, kid);
    const set = this.#keySet;
    if (set !== undefined) {
      if (set.keys === null) await set.settled();
      else if (known().length === 0) await set.lookAgain(nowMs);
      if (set.keys === null) {
        throw new GatewayError(
          "token_keys_unavailable",
          `the keys of issuer ${this.snapshot.id} could not be fetched yet: try again`,
          { retryAfterMs: RETRY_AFTER_MS },
        );
      }
    }
    const keys = known();
    if (keys.length > 0) return keys;
    throw invalid(
      kid === undefined
        ? `issuer ${this.snapshot.id} has no key for ${algorithm}`
        : `issuer ${this.snapshot.id} has no key for ${algorithm} of the token's \`kid\``,
    );
  }
}

export function invalid(message: string): GatewayError {
  return new GatewayError("invalid_token", message);
}

const CLAIM_PROBLEMS: Readonly<Record<string, string>> = {
  aud: "the token's `aud` names none of the audiences that are accepted here",
  iss: "the token's `iss` is not the issuer's",
  nbf: "the token is not valid yet: its `nbf` is in the future",
  exp: "the token's `exp` is not a time",
  iat: "the token's `iat` is not a time",
};

function refusalOf(error: unknown): unknown {
  if (error instanceof errors.JWTExpired) {
    return new GatewayError("credential_expired", "the token has expired: get a new one from its issuer");
  }
  if (error instanceof errors.JWTClaimValidationFailed) {
    if (error.reason === "missing") return invalid(`the token has no \`${error.claim}\``);
    return invalid(CLAIM_PROBLEMS[error.claim] ?? `the token's \`${error.claim}\` is not acceptable`);
  }
  if (error instanceof errors.JOSEError) return invalid("the token is malformed");
  return error;
}
