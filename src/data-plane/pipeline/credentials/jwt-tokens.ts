import { decodeJwt, decodeProtectedHeader, type JWTPayload } from "jose";
import type { GatewayError } from "../../../contracts/errors.ts";
import type { CallersSummary } from "../../../contracts/packed-snapshot.ts";
import type { JwtIssuerSnapshot } from "../../../contracts/snapshot.ts";
import { claimDigest } from "../../../snapshot/packed/digests.ts";
import type { KeySetStore } from "../../key-sets/key-set-store.ts";
import type { CallerDirectory } from "./caller-directory.ts";
import { type CompiledCredential, compileTerms } from "./compiled-credential.ts";
import { invalid, JwtIssuer } from "./jwt-issuer.ts";
import { type VerifiedToken, VerifiedTokens } from "./verified-tokens.ts";

/** Longer ones cost more to read than callers should be able to ask for. */
const LONGEST_TOKEN = 8 * 1024;
const TOKEN = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*$/;

/** Three parts in base64url, of which the first may be a JSON object: no key looks like this. */
export function looksLikeToken(text: string): boolean {
  return text.startsWith("eyJ") && text.includes(".");
}

/** JSON Web Tokens of all issuers, and whose they are. */
export class JwtTokens {
  /** By the claim `iss`. */
  readonly #issuers = new Map<string, JwtIssuer>();
  readonly #claims: CallersSummary["claims"];
  readonly #callers: CallerDirectory;
  readonly #verified = new VerifiedTokens();
  readonly #underWay = new Map<string, Promise<VerifiedToken | GatewayError>>();

  constructor(
    issuers: readonly JwtIssuerSnapshot[],
    claims: CallersSummary["claims"],
    callers: CallerDirectory,
    keySets: Pick<KeySetStore, "obtain">,
  ) {
    this.#claims = claims;
    this.#callers = callers;
    for (const snapshot of issuers) {
      const { keys } = snapshot;
      const set = keys.source === "url" ? keySets.obtain(keys.url, keys.refreshMs) : undefined;
      this.#issuers.set(snapshot.issuer, new JwtIssuer(snapshot, set));
    }
  }

  /** Applications of these numbers are other ones than before: whose their tokens are is to be found out anew. */
  forget(numbers: readonly Buffer[]): void {
    const gone = new Set(numbers.map((number) => number.toString("latin1")));
    this.#verified.forget(({ credential }) => {
      // Nobody's may be one of theirs now.
      return credential === null || gone.has(credential.application.number.toString("latin1"));
    });
  }

  /** What is known of a token already, by the SHA-256 of its text. */
  known(digest: string, nowMs: number): VerifiedToken | null {
    return this.#verified.get(digest, nowMs);
  }

  /**
   * Resolves with an error when the token is no issuer's: it may be meant for the service. Rejects with the error when it
   * is one's and is not in order. Calls with the same token at the same time verify it once.
   */
  verify(token: string, digest: string, nowMs: number): Promise<VerifiedToken | GatewayError> {
    let verification = this.#underWay.get(digest);
    if (verification === undefined) {
      verification = this.#verify(token, digest, nowMs).finally(() => this.#underWay.delete(digest));
      this.#underWay.set(digest, verification);
    }
    return verification;
  }

  async #verify(token: string, digest: string, nowMs: number): Promise<VerifiedToken | GatewayError> {
    if (token.length > LONGEST_TOKEN) return invalid(`the token is longer than ${LONGEST_TOKEN} characters`);
    const parts = readParts(token);
    if (parts === null) return invalid("the token is malformed: it is no signed JSON Web Token (RFC 7519)");
    const issuer = this.#issuers.get(parts.payload.iss ?? "");
    if (issuer === undefined) return invalid("the token's `iss` is no issuer that is known here");
    const { exp, ...payload } = await issuer.verify(token, parts.header, nowMs);
    const expiresAtMs = exp === undefined ? Number.POSITIVE_INFINITY : exp * 1000 + issuer.snapshot.clockToleranceMs;
    const verified = { credential: this.#credentialOf(issuer, payload), forwards: issuer.snapshot.forwardsToken };
    return this.#verified.add(digest, verified, expiresAtMs, nowMs);
  }

  #credentialOf(issuer: JwtIssuer, payload: JWTPayload): CompiledCredential | null {
    const { applicationClaim, notApplications, id } = issuer.snapshot;
    for (const claim of this.#claims[id] ?? []) {
      for (const value of valuesOf(payload, claim)) {
        const found = this.#callers.find(claimDigest(id, claim, value));
        if (found?.snapshot.kind === "jwt") return found.credential;
      }
    }
    if (applicationClaim === null) return null;
    const [value] = valuesOf(payload, applicationClaim);
    // Looked through once for each token that is verified, where file and database both have applications.
    if (value === undefined || notApplications?.includes(value)) return null;
    const application = this.#callers.application(value);
    return application === null ? null : compileTerms({ id, expiresAtMs: null, addresses: [] }, application);
  }
}

function readParts(token: string): { header: ReturnType<typeof decodeProtectedHeader>; payload: JWTPayload } | null {
  if (!TOKEN.test(token)) return null;
  try {
    return { header: decodeProtectedHeader(token), payload: decodeJwt(token) };
  } catch {
    return null;
  }
}

/** The texts of a claim that is one, or a list with some. */
function valuesOf(payload: JWTPayload, claim: string): string[] {
  const value: unknown = Object.hasOwn(payload, claim) ? payload[claim] : undefined;
  return (Array.isArray(value) ? value : [value]).filter((one): one is string => typeof one === "string");
}
