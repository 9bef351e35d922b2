import type { Context, Hono } from "hono";
import { getCookie, setCookie } from "hono/cookie";
import { beginSession, SESSION_COOKIE } from "../access/sessions.ts";
import {
  enabledIdentityProvider,
  enabledIdentityProviders,
  type IdentityProviderRow,
  redirectPath,
} from "../entities/identity-providers.ts";
import { readSettings } from "../entities/settings.ts";
import { userRow } from "../entities/users.ts";
import { isSameSecret, sha256Hex } from "../ids.ts";
import { endProviderSessions, readLogoutToken } from "../oidc/back-channel-logout.ts";
import type { Profile } from "../oidc/claims.ts";
import { FLOW_LIFETIME_MS, openFlow, type SignInFlow, sealFlow } from "../oidc/flow.ts";
import { type Loopback, loopbackSchema, redeemCode, sealCode } from "../oidc/loopback.ts";
import { provisionUser } from "../oidc/provision.ts";
import { newSignInSecrets } from "../oidc/relying-party.ts";
import { parseReturnTo } from "../oidc/return-to.ts";
import type { Plane } from "../plane.ts";
import { notFound, ProblemError } from "../problem.ts";
import type { Row, UserTable } from "../storage/tables.ts";
import { API_PREFIX } from "./api-prefix.ts";
import type { AdminBindings } from "./app.ts";
import { parseInput } from "./input.ts";
import { requireOwnOrigin } from "./own-origin.ts";
import { asProblem, problemResponse } from "./problems.ts";
import { isSecure, publicOrigin } from "./public-origin.ts";
import { id } from "./schemas.ts";
import { setSessionCookie } from "./session-cookie.ts";
import { jsonOf, sessionAnswer } from "./session-routes.ts";
import { commandLinePage, failedPage, signedInPage } from "./sign-in-pages.ts";
import { codeInput } from "./sign-in-paths.ts";

type SignInContext = Context<{ Bindings: AdminBindings }>;

const PREFIX = `${API_PREFIX}/sign-in`;
const FLOW_COOKIE = "tidegate_sign_in";
const MOVED = "moved";

/** Signing in with an identity provider (OpenID Connect Core 1.0 §3.1): what browsers are led through. */
export function serveSignIn(app: Hono<{ Bindings: AdminBindings }>, plane: Plane): void {
  app.get(`${PREFIX}/providers`, async (context) => {
    const providers = await enabledIdentityProviders(plane.db);
    const items = providers.map((one) => ({ ...one, start_path: startPath(one.id) }));
    const { password_sign_in } = await readSettings(plane.db);
    return context.json({ items, password_sign_in }, 200, { "cache-control": "no-store" });
  });
  app.get(`${PREFIX}/:provider/start`, (context) => answered(context, plane, () => start(context, plane)));
  app.get(`${PREFIX}/:provider/callback`, (context) => answered(context, plane, () => finish(context, plane)));
  app.post(`${PREFIX}/:provider/back-channel-logout`, (context) => backChannelLogout(context, plane));
  app.post(`${PREFIX}/code`, (context) => {
    requireOwnOrigin(context);
    return redeem(context, plane);
  });
}

/** §3.1.2.1: to the provider, with a cookie that says later that it was this browser. */
async function start(context: SignInContext, plane: Plane): Promise<Response> {
  const provider = await providerOf(context, plane);
  const returnTo = parseReturnTo(context.req.query("return_to"));
  const loopback = loopbackOf(context);
  const origin = await publicOrigin(context, plane);
  const elsewhere = publicUrlOf(context, origin);
  if (elsewhere !== null) return context.redirect(elsewhere, 302);
  const redirectUri = origin + redirectPath(provider.id);
  const secrets = newSignInSecrets();
  const url = await plane.relyingParty.authorizationUrl(provider, redirectUri, secrets);
  const session = getCookie(context, SESSION_COOKIE);
  const formerSession = session === undefined ? null : sha256Hex(session);
  const expiresAtMs = plane.nowMs() + FLOW_LIFETIME_MS;
  const flow = { ...secrets, provider: provider.id, redirectUri, returnTo, formerSession, loopback, expiresAtMs };
  setFlowCookie(context, sealFlow(plane.sealer, flow), FLOW_LIFETIME_MS, origin);
  context.header("cache-control", "no-store");
  return context.redirect(url.href, 302);
}

/**
 * The same at the address that the provider sends the browser back to: a cookie of another one would not come along. Once: a proxy
 * may give its requests another name than browsers do. Null: it is there.
 */
function publicUrlOf(context: SignInContext, origin: string): string | null {
  const { pathname, searchParams, host } = new URL(context.req.url);
  if (host === new URL(origin).host || searchParams.has(MOVED)) return null;
  searchParams.set(MOVED, "1");
  return `${origin}${pathname}?${searchParams}`;
}

/** §3.1.2.5: back from the provider. */
async function finish(context: SignInContext, plane: Plane): Promise<Response> {
  const provider = await providerOf(context, plane);
  const { searchParams } = new URL(context.req.url);
  const flow = flowOf(context, plane, provider, searchParams);
  const origin = new URL(flow.redirectUri).origin;
  // It counts once, whatever comes of it.
  setFlowCookie(context, "", 0, origin);
  const { remoteAddress: address } = context.env;
  plane.throttle.begin(null, address, plane.nowMs());
  const profile = await plane.relyingParty.profile(provider, flow, searchParams);
  const user = await provisionUser(plane, provider, profile, address);
  plane.throttle.succeeded(null, address);
  if (flow.loopback !== null) return askPage(plane, flow.loopback, { provider, user, profile });
  const session = getCookie(context, SESSION_COOKIE);
  const former = [flow.formerSession, session === undefined ? null : sha256Hex(session)];
  const begun = await beginSession(plane, user, {
    address,
    userAgent: context.req.header("user-agent") ?? "",
    formerSessions: former.filter((digest) => digest !== null),
    identityProvider: provider.id,
    providerSession: profile.sessionId,
  });
  setSessionCookie(context, begun, origin);
  return signedInPage(flow.returnTo);
}

/**
 * A link can lead anybody to sign in, and any program of any user of their machine may listen at the port: so people are asked
 * (RFC 8252 §8.1).
 */
function askPage(
  plane: Plane,
  { port, challenge }: Loopback,
  { provider, user, profile }: { provider: IdentityProviderRow; user: Row<UserTable>; profile: Profile },
): Response {
  const providerSession = profile.sessionId;
  const code = sealCode(plane, { userId: user.id, identityProvider: provider.id, providerSession, challenge });
  return commandLinePage(user.email, `http://127.0.0.1:${port}/?code=${code}`);
}

/** Of `loopback_port` and `loopback_challenge`; null: there is neither. */
function loopbackOf(context: SignInContext): Loopback | null {
  const { loopback_port: port, loopback_challenge: challenge } = context.req.query();
  if (port === undefined && challenge === undefined) return null;
  return parseInput(loopbackSchema, { port, challenge }, "loopback");
}

/** `POST /sign-in/code`: a session for the command line that the browser brought a code to. */
async function redeem(context: SignInContext, plane: Plane): Promise<Response> {
  const { code, verifier } = parseInput(codeInput, await jsonOf(context));
  const { remoteAddress: address } = context.env;
  plane.throttle.begin(null, address, plane.nowMs());
  const { userId, identityProvider, providerSession } = await redeemCode(plane, code, verifier);
  await enabledIdentityProvider(plane.db, identityProvider);
  const user = await userRow(plane.db, userId);
  if (user.disabled === 1) throw new ProblemError("sign_in_refused", "the user is disabled");
  plane.throttle.succeeded(null, address);
  const userAgent = context.req.header("user-agent") ?? "";
  const start = { address, userAgent, formerSessions: [], identityProvider, providerSession };
  const session = await beginSession(plane, user, start);
  return sessionAnswer(context, session, await publicOrigin(context, plane));
}

/** The provider itself tells that somebody has signed out there (OpenID Connect Back-Channel Logout 1.0 §2.5, §2.8). */
async function backChannelLogout(context: SignInContext, plane: Plane): Promise<Response> {
  context.header("cache-control", "no-store");
  try {
    const provider = await providerOf(context, plane);
    const form = new URLSearchParams(await context.req.text());
    const logout = await readLogoutToken(plane.relyingParty, provider, form.get("logout_token") ?? "");
    const ended = await endProviderSessions(plane, provider, logout, context.env.remoteAddress);
    plane.logger.info({ provider: provider.id, ended }, "an identity provider has ended sessions");
    return context.body(null, 200);
  } catch (cause) {
    const error = asProblem(cause);
    if (error.code !== "sign_in_invalid" && error.code !== "not_found") return failed(context, plane, error);
    const { code, message: reason } = error;
    const provider = context.req.param("provider") ?? "";
    plane.logger.warn({ provider, code, reason, address: context.env.remoteAddress }, "a logout was refused");
    return context.json({ error: "invalid_request", error_description: reason }, 400);
  }
}

/** The sign-in that this browser began, and that the answer belongs to (RFC 6749 §10.12). */
function flowOf(
  context: SignInContext,
  plane: Plane,
  provider: IdentityProviderRow,
  parameters: URLSearchParams,
): SignInFlow {
  const flow = openFlow(plane.sealer, getCookie(context, FLOW_COOKIE) ?? "", plane.nowMs());
  const isOurs = flow?.provider === provider.id && isSameSecret(flow.state, parameters.get("state") ?? "");
  if (flow !== null && isOurs) return flow;
  const message = "this browser has begun no such sign-in, or another one since, or too long ago: sign in again";
  throw new ProblemError("sign_in_invalid", message);
}

async function providerOf(context: SignInContext, plane: Plane): Promise<IdentityProviderRow> {
  const parsed = id.safeParse(context.req.param("provider"));
  if (!parsed.success) throw notFound();
  return enabledIdentityProvider(plane.db, parsed.data);
}

function setFlowCookie(context: SignInContext, value: string, lifetimeMs: number, origin: string): void {
  setCookie(context, FLOW_COOKIE, value, {
    path: PREFIX,
    httpOnly: true,
    // Lax: it has to come along when the provider's page sends the browser back.
    sameSite: "Lax",
    secure: isSecure(context, origin),
    maxAge: lifetimeMs / 1000,
  });
}

function startPath(provider: string): string {
  return `${PREFIX}/${provider}/start`;
}

/** With the cookies that were set, also when it failed: as a page for people, as a problem for all others. */
async function answered(context: SignInContext, plane: Plane, work: () => Promise<Response>): Promise<Response> {
  const response = await work().catch((cause: unknown) => failed(context, plane, asProblem(cause)));
  for (const cookie of context.res.headers.getSetCookie()) {
    if (!response.headers.getSetCookie().includes(cookie)) response.headers.append("set-cookie", cookie);
  }
  return response;
}

function failed(context: SignInContext, plane: Plane, error: ProblemError): Response {
  const provider = context.req.param("provider") ?? "";
  if (error.code === "internal_error" || error.code === "unavailable") {
    plane.logger.error({ err: error.cause ?? error }, "a sign-in failed");
  } else {
    const { code, message: reason } = error;
    plane.logger.warn({ provider, code, reason, address: context.env.remoteAddress }, "a sign-in was refused");
  }
  const isForPeople = context.req.header("accept")?.includes("text/html") === true && error.code !== "not_found";
  return isForPeople ? failedPage(error, startPath(provider)) : problemResponse(error);
}
