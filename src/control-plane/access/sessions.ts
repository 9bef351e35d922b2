import { requirePasswordSignIn } from "../entities/way-in.ts";
import { newSecret, sha256Hex } from "../ids.ts";
import type { Plane } from "../plane.ts";
import { ProblemError } from "../problem.ts";
import type { Row, UserTable } from "../storage/tables.ts";
import type { Actor } from "./actor.ts";
import { passwordMatches } from "./passwords.ts";

export const SESSION_COOKIE = "tidegate_session";

const LIFETIME_MS = 7 * 24 * 3_600_000;
const IDLE_MS = 12 * 3_600_000;
/** How exactly it is known when a session was used last. */
const SEEN_EVERY_MS = 60_000;
const MAX_USER_AGENT = 200;

export interface SignIn {
  email: string;
  password: string;
  address: string;
  userAgent: string;
  /** Of a session that came with the request: it ends, whoever's it was. */
  formerSession: string | null;
}

export interface NewSession {
  /** The cookie's value. */
  value: string;
  expiresAtMs: number;
  user: Row<UserTable>;
}

/** With a password. Throws `invalid_login` whatever was wrong, `too_many_attempts` and `password_sign_in_disabled`. */
export async function signIn(plane: Plane, request: SignIn): Promise<NewSession> {
  await requirePasswordSignIn(plane.db);
  const email = request.email.trim().toLowerCase();
  plane.throttle.begin(email, request.address, plane.nowMs());
  const user = await plane.db.selectFrom("users").selectAll().where("email", "=", email).executeTakeFirst();
  const isKnown = await passwordMatches(user?.password_hash ?? null, request.password, plane.passwordCost);
  if (!isKnown || user === undefined || user.disabled === 1) {
    throw new ProblemError("invalid_login", "e-mail address or password is wrong");
  }
  plane.throttle.succeeded(email, request.address);
  const { address, userAgent, formerSession } = request;
  const formerSessions = formerSession === null ? [] : [sha256Hex(formerSession)];
  return beginSession(plane, user, {
    address,
    userAgent,
    formerSessions,
    identityProvider: null,
    providerSession: null,
  });
}

export interface SessionStart {
  address: string;
  userAgent: string;
  /** Digests of sessions that the browser had: they end, whoever's they were. */
  formerSessions: readonly string[];
  /** Who vouched for the user; null: a password did. */
  identityProvider: string | null;
  /** What it calls the session; null: it does not say, or a password did. */
  providerSession: string | null;
}

/** A new session each time: whoever knew the one before knows nothing (OWASP: session fixation). */
export async function beginSession(plane: Plane, user: Row<UserTable>, start: SessionStart): Promise<NewSession> {
  const { address, userAgent, formerSessions, identityProvider, providerSession } = start;
  const secret = newSecret("tgs");
  return plane.change(signedIn(user, address), async ({ trx, nowMs, audit }) => {
    // They may have been turned off while this one was compared, and the sessions that they had begun ended.
    if (identityProvider === null) await requirePasswordSignIn(trx);
    if (formerSessions.length > 0) await trx.deleteFrom("sessions").where("digest", "in", formerSessions).execute();
    await trx.deleteFrom("sessions").where("expires_at", "<", nowMs).execute();
    const expiresAtMs = nowMs + LIFETIME_MS;
    await trx
      .insertInto("sessions")
      .values({
        digest: secret.digest,
        user_id: user.id,
        created_at: nowMs,
        last_seen_at: nowMs,
        expires_at: expiresAtMs,
        address,
        user_agent: userAgent.slice(0, MAX_USER_AGENT),
        identity_provider: identityProvider,
        provider_session: providerSession,
      })
      .execute();
    await trx.updateTable("users").set({ last_sign_in_at: nowMs }).where("id", "=", user.id).execute();
    const entry = { action: "session.create", subjectType: "user", subjectId: user.id, teamId: null };
    const after = identityProvider === null ? null : { identity_provider: identityProvider };
    await audit({ ...entry, before: null, after });
    return { value: secret.value, expiresAtMs, user };
  });
}

/** Ends a session and says so in the audit trail. */
export async function signOut(plane: Plane, value: string, address: string): Promise<void> {
  const user = await userOfSession(plane, value);
  if (user === undefined) return endSession(plane.db, value);
  await plane.change(signedIn(user, address), async (change) => {
    await endSession(change.trx, value);
    const entry = { action: "session.delete", subjectType: "user", subjectId: user.id, teamId: null };
    await change.audit({ ...entry, before: null, after: null });
  });
}

/** For changes of one's own session, which need no permission. */
function signedIn(user: Row<UserTable>, address: string): Actor {
  return {
    kind: "user",
    id: user.id,
    name: user.email,
    address,
    userId: user.id,
    organisation: new Set(),
    teams: new Map(),
  };
}

async function endSession(db: Pick<Plane["db"], "deleteFrom">, value: string): Promise<void> {
  await db.deleteFrom("sessions").where("digest", "=", sha256Hex(value)).execute();
}

/** The user of a session that is still good; undefined: there is none. */
export async function userOfSession(plane: Plane, value: string): Promise<Row<UserTable> | undefined> {
  const nowMs = plane.nowMs();
  const digest = sha256Hex(value);
  const session = await plane.db.selectFrom("sessions").selectAll().where("digest", "=", digest).executeTakeFirst();
  if (session === undefined || session.expires_at <= nowMs || session.last_seen_at + IDLE_MS <= nowMs) return undefined;
  if (nowMs - session.last_seen_at > SEEN_EVERY_MS) {
    await plane.db.updateTable("sessions").set({ last_seen_at: nowMs }).where("digest", "=", digest).execute();
  }
  const user = await plane.db.selectFrom("users").selectAll().where("id", "=", session.user_id).executeTakeFirst();
  return user?.disabled === 0 ? user : undefined;
}
