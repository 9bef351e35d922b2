import { type JWTPayload, errors as joseErrors, jwtVerify } from "jose";
import { SYSTEM } from "../access/actor.ts";
import { identityOf } from "../entities/identities.ts";
import type { IdentityProviderRow } from "../entities/identity-providers.ts";
import { sha256Hex } from "../ids.ts";
import type { Plane } from "../plane.ts";
import { ProblemError } from "../problem.ts";
import type { RelyingParty } from "./relying-party.ts";

const EVENT = "http://schemas.openid.net/event/backchannel-logout";
const LOGOUT_TOKEN = "logout token";
const MAX_TOKEN_CHARACTERS = 16_384;
const CLOCK_TOLERANCE_S = 30;
/** Tokens are remembered for a day (see `idempotency`): one that says it is good for longer could come twice. */
const MAX_AGE_S = 3_600;
/** Never `none`, and no secret that the provider shares with others. */
const ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"];

export interface Logout {
  subject: string | null;
  /** What the provider calls the session. */
  session: string | null;
  tokenId: string;
}

/**
 * What a logout token says (OpenID Connect Back-Channel Logout 1.0 §2.4, §2.6). Throws `sign_in_invalid`, and what
 * `RelyingParty.keysOf` throws.
 */
export async function readLogoutToken(
  relyingParty: RelyingParty,
  provider: IdentityProviderRow,
  token: string,
): Promise<Logout> {
  if (token === "" || token.length > MAX_TOKEN_CHARACTERS) throw invalid("there is none");
  const keys = await relyingParty.keysOf(provider);
  let claims: JWTPayload;
  try {
    const verified = await jwtVerify(token, keys, {
      issuer: provider.issuer,
      audience: provider.client_id,
      algorithms: ALGORITHMS,
      requiredClaims: ["iat", "exp", "jti", "events"],
      maxTokenAge: MAX_AGE_S,
      clockTolerance: CLOCK_TOLERANCE_S,
    });
    const { typ } = verified.protectedHeader;
    if (typ !== undefined && !/^(application\/)?(logout\+jwt|jwt)$/i.test(typ))
      throw invalid("it is another kind of token");
    claims = verified.payload;
  } catch (error) {
    if (error instanceof joseErrors.JOSEError) throw invalid(error.code);
    throw error;
  }
  return logoutOf(claims);
}

function logoutOf({ events, nonce, sub, sid, jti }: JWTPayload): Logout {
  const event: unknown = typeof events === "object" && events !== null ? Reflect.get(events, EVENT) : undefined;
  if (typeof event !== "object" || event === null || Array.isArray(event))
    throw invalid("it does not tell of a logout");
  // An ID token must not pass for one.
  if (nonce !== undefined) throw invalid("it has a nonce");
  const session = typeof sid === "string" && sid !== "" ? sid : null;
  const subject = typeof sub === "string" && sub !== "" ? sub : null;
  if (session === null && subject === null) throw invalid("it names neither a subject nor a session");
  if (typeof jti !== "string" || jti === "") throw invalid("it has no jti");
  return { subject, session, tokenId: jti };
}

/** Ends what the provider says is over: one session, or all that it vouched for of somebody. Resolves to how many there were. */
export function endProviderSessions(
  plane: Plane,
  provider: IdentityProviderRow,
  { subject, session, tokenId }: Logout,
  address: string,
): Promise<number> {
  const name = `identity provider ${provider.id}`;
  const actor = { ...SYSTEM, id: `identity_provider/${provider.id}`, name, address };
  return plane.change(actor, async ({ trx, nowMs, audit }) => {
    const key = sha256Hex(`${provider.id}\n${tokenId}`);
    const row = { actor_id: LOGOUT_TOKEN, key, request_digest: "", status: 200, body: "", created_at: nowMs };
    const { numInsertedOrUpdatedRows = 0n } = await trx
      .insertInto("idempotency")
      .values(row)
      .onConflict((conflict) => conflict.doNothing())
      .executeTakeFirstOrThrow();
    if (numInsertedOrUpdatedRows === 0n) throw invalid("it has been used");
    let sessions = trx
      .selectFrom("sessions")
      .select(["digest", "user_id"])
      .where("identity_provider", "=", provider.id);
    if (session !== null) sessions = sessions.where("provider_session", "=", session);
    if (subject !== null) {
      const user = await identityOf(trx, provider.issuer, subject);
      sessions = sessions.where("user_id", "=", user?.user_id ?? "");
    }
    const over = await sessions.execute();
    for (const { digest } of over) await trx.deleteFrom("sessions").where("digest", "=", digest).execute();
    for (const userId of new Set(over.map(({ user_id }) => user_id))) {
      const entry = { action: "session.delete", subjectType: "user", subjectId: userId, teamId: null };
      await audit({ ...entry, before: null, after: { identity_provider: provider.id } });
    }
    return over.length;
  });
}

function invalid(why: string): ProblemError {
  return new ProblemError("sign_in_invalid", `the logout token is not good: ${why}`);
}
