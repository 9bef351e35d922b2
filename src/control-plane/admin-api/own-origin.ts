import type { Context } from "hono";
import { ProblemError } from "../problem.ts";

const SAFE_METHODS = ["GET", "HEAD", "OPTIONS"];

/** Pages of others must not act for whoever is signed in: SameSite keeps the cookie from them, this from old browsers. */
export function requireOwnOrigin(context: Context): void {
  if (SAFE_METHODS.includes(context.req.method)) return;
  const origin = context.req.header("origin");
  const site = context.req.header("sec-fetch-site");
  const isOwn =
    origin === undefined
      ? site === undefined || site === "same-origin" || site === "none"
      : hostOf(origin) === context.req.header("host");
  if (!isOwn) throw new ProblemError("origin_refused", "this request comes from a page of another origin");
}

function hostOf(origin: string): string | null {
  return URL.canParse(origin) ? new URL(origin).host : null;
}
