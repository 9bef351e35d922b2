import { z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { deleteCookie, getCookie } from "hono/cookie";
import { type NewSession, SESSION_COOKIE, signIn, signOut } from "../access/sessions.ts";
import { userView } from "../entities/users.ts";
import type { Plane } from "../plane.ts";
import { ProblemError } from "../problem.ts";

import { parseInput } from "./input.ts";
import { publicOrigin } from "./public-origin.ts";
import { user } from "./schemas.ts";
import { setSessionCookie } from "./session-cookie.ts";
import { requireStorable } from "./storable.ts";

export const signInInput = z
  .strictObject({ email: z.string().max(254), password: z.string().max(1_000) })
  .openapi("SignIn");
export const signInAnswer = z.object({ user, expires_at: z.iso.datetime() }).openapi("Session");

/** `POST /session`. */
export async function handleSignIn(context: Context, plane: Plane, address: string): Promise<Response> {
  const login = parseInput(signInInput, await jsonOf(context));
  const session = await signIn(plane, {
    ...login,
    address,
    userAgent: context.req.header("user-agent") ?? "",
    formerSession: getCookie(context, SESSION_COOKIE) ?? null,
  });
  return sessionAnswer(context, session, await publicOrigin(context, plane));
}

/** The session in its cookie, and whose it is. `origin`: where browsers reach this. */
export function sessionAnswer(context: Context, session: NewSession, origin: string): Response {
  setSessionCookie(context, session, origin);
  context.header("cache-control", "no-store");
  return context.json({ user: userView(session.user), expires_at: new Date(session.expiresAtMs).toISOString() }, 201);
}

/** `DELETE /session`: signing out of what is no session any more is no error. */
export async function handleSignOut(context: Context, plane: Plane, address: string): Promise<Response> {
  const value = getCookie(context, SESSION_COOKIE);
  if (value !== undefined) await signOut(plane, value, address);
  deleteCookie(context, SESSION_COOKIE, { path: "/" });
  return context.body(null, 204);
}

/** No body at all stands for an empty object: many requests have nothing to say. */
export async function jsonOf(context: Context): Promise<unknown> {
  const text = await context.req.text();
  const type = context.req.header("content-type") ?? "";
  if (text === "" && type === "") return {};
  if (!/^application\/(json|[\w.+-]+\+json)\s*(;|$)/i.test(type)) {
    throw new ProblemError("unsupported_media_type", "send JSON, with content-type: application/json");
  }
  const value = parsed(text);
  requireStorable("", value);
  return value;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ProblemError("invalid_json", "the body is not valid JSON", { cause });
  }
}
