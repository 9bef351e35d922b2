import type { Context } from "hono";
import { readSettings } from "../entities/settings.ts";
import type { Plane } from "../plane.ts";

/**
 * Where browsers reach this: the setting `public_url`, or else where the request says that it goes. Behind a proxy that ends TLS
 * only the setting knows that it is HTTPS.
 */
export async function publicOrigin(context: Context, plane: Plane): Promise<string> {
  const { public_url } = await readSettings(plane.db);
  return public_url ?? new URL(context.req.url).origin;
}

/** Whether a cookie may be one for HTTPS alone: what came in the clear and to another name would lose it. */
export function isSecure(context: Context, origin: string): boolean {
  const { protocol, host } = new URL(context.req.url);
  return protocol === "https:" || (origin.startsWith("https:") && new URL(origin).host === host);
}
