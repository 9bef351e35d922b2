import type { Context } from "hono";
import { setCookie } from "hono/cookie";
import { type NewSession, SESSION_COOKIE } from "../access/sessions.ts";
import { isSecure } from "./public-origin.ts";

/** However somebody signed in. `origin`: where browsers reach this. */
export function setSessionCookie(context: Context, session: NewSession, origin: string): void {
  setCookie(context, SESSION_COOKIE, session.value, {
    path: "/",
    httpOnly: true,
    sameSite: "Strict",
    secure: isSecure(context, origin),
    expires: new Date(session.expiresAtMs),
  });
}
