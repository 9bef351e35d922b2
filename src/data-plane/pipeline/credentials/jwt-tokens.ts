import { decodeJwt, decodeProtectedHeader, type JWTPayload } from "jose";
import type { GatewayError } from "../../../contracts/errors.ts";
import type { JwtCredentialSnapshot, JwtIssuerSnapshot } from "../../../contracts/snapshot.ts";
import type { KeySetStore } from "../../key-sets/key-set-store.ts";
import type { CompiledApplication } from "../compiled.ts";
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

interface Claimants {
  readonly issuer: JwtIssuer;
  /** By claim, then by its value. */
  readonly credentials: Map<string, Map<string, CompiledCredential>>;
}

/** JSON Web Tokens of all issuers, and whose they are. */
export class JwtTokens {
  readonly #issuers = new Map<string, Claimants>();
  readonly #byId = new Map<string, Claimants>();
  readonly #applications: ReadonlyMap<string, CompiledApplication>;
  readonly #verified = new VerifiedTokens();
  readonly #underWay = new Map<string, Promise<VerifiedToken | GatewayError>>();

  constructor(
    issuers: readonly JwtIssuerSnapshot[],
    applications: ReadonlyMap<string, CompiledApplication>,
    keySets: Pick<KeySetStore, "obtain">,
  ) {
    this.#applications = applications;
    for (const snapshot of issuers) {
      const { keys } = snapshot;
      const set = keys.source === "url" ? keySets.obtain(keys.url, keys.refreshMs) : undefined;
      const claimants = { issuer: new JwtIssuer(snapshot, set), credentials: new Map() };
      this.#issuers.set(snapshot.issuer, claimants);
      this.#byId.set(snapshot.id, claimants);
    }
  }

  add({ issuer, claim, values }: JwtCredentialSnapshot, credential: CompiledCredential): void {
    const claimants = this.#byId.get(issuer);
    if (claimants === undefined) return;
    let byValue = claimants.credentials.get(claim);
    if (byValue === undefined) {
      byValue = new Map();
      claimants.credentials.set(claim, byValue);
    }
    for (const value of values) byValue.set(value, credential);
  }

  get isEmpty(): boolean {
    return this.#issuers.size === 0;
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
    const claimants = this.#issuers.get(parts.payload.iss ?? "");
    if (claimants === undefined) return invalid("the token's `iss` is no issuer that is known here");
    const { issuer } = claimants;
    const { exp, ...payload } = await issuer.verify(token, parts.header, nowMs);
    const expiresAtMs = exp === undefined ? Number.POSITIVE_INFINITY : exp * 1000 + issuer.snapshot.clockToleranceMs;
    const verified = { credential: this.#credentialOf(claimants, payload), forwards: issuer.snapshot.forwardsToken };
    return this.#verified.add(digest, verified, expiresAtMs, nowMs);
  }

  #credentialOf({ issuer, credentials }: Claimants, payload: JWTPayload): CompiledCredential | null {
    for (const [claim, byValue] of credentials) {
      for (const value of valuesOf(payload, claim)) {
        const found = byValue.get(value);
        if (found !== undefined) return found;
      }
    }
    const { applicationClaim, id } = issuer.snapshot;
    if (applicationClaim === null) return null;
    const [value] = valuesOf(payload, applicationClaim);
    const application = value === undefined ? undefined : this.#applications.get(value);
    return application === undefined ? null : compileTerms({ id, expiresAtMs: null, addresses: [] }, application);
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
