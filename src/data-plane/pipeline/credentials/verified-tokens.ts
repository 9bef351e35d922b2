import type { CompiledCredential } from "./compiled-credential.ts";

/** A token whose signature and claims are in order. */
export interface VerifiedToken {
  /** Null: it is no application's. */
  readonly credential: CompiledCredential | null;
  /** Unix time until which this need not be looked at again. */
  readonly untilMs: number;
  /** The token's own end, with the clock tolerance of its issuer. Infinity: it has none. */
  readonly expiresAtMs: number;
  /** Whether the token goes on to the service. */
  readonly forwards: boolean;
}

/** A key that an issuer has withdrawn verifies nothing any more after this. */
const LONGEST_MS = 5 * 60_000;
const MOST = 10_000;

/** Tokens verified before, by the SHA-256 of their text: the ones used last, up to a number. */
export class VerifiedTokens {
  readonly #tokens = new Map<string, VerifiedToken>();

  get(digest: string, nowMs: number): VerifiedToken | null {
    const token = this.#tokens.get(digest);
    if (token === undefined) return null;
    this.#tokens.delete(digest);
    if (nowMs >= token.untilMs) return null;
    this.#tokens.set(digest, token);
    return token;
  }

  forget(which: (token: VerifiedToken) => boolean): void {
    for (const [digest, token] of this.#tokens) if (which(token)) this.#tokens.delete(digest);
  }

  /** `expiresAtMs`: the token's own; Infinity: it has none. */
  add(
    digest: string,
    token: Omit<VerifiedToken, "untilMs" | "expiresAtMs">,
    expiresAtMs: number,
    nowMs: number,
  ): VerifiedToken {
    const kept = { ...token, expiresAtMs, untilMs: Math.min(expiresAtMs, nowMs + LONGEST_MS) };
    this.#tokens.set(digest, kept);
    if (this.#tokens.size > MOST) {
      const [oldest] = this.#tokens.keys();
      if (oldest !== undefined) this.#tokens.delete(oldest);
    }
    return kept;
  }
}
