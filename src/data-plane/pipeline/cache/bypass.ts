import type { Context } from "../context.ts";
import { requestDirectives } from "./directives.ts";

const SAFE = new Set(["GET", "HEAD", "OPTIONS", "TRACE"]);

/** RFC 9110 §9.2.1. */
export function isSafe(method: string): boolean {
  return SAFE.has(method);
}

/** Such calls are about a part of the answer, or about changing what it is of: they are the upstream's to answer. */
const PRECONDITIONS = ["range", "if-range", "if-match", "if-unmodified-since"];

/** Why what is stored is not looked at; null: it is. */
export function bypassReason({ exchange }: Pick<Context, "exchange">): "method" | "request" | null {
  if (exchange.method !== "GET" && exchange.method !== "HEAD") return "method";
  if (exchange.contentLength !== 0) return "request";
  if (PRECONDITIONS.some((name) => exchange.header(name) !== undefined)) return "request";
  return requestDirectives(exchange.rawHeaders).noStore ? "request" : null;
}

/** The same of a call to a model, which is always a POST. */
export function aiBypassReason({ exchange }: Pick<Context, "exchange">): "request" | null {
  return requestDirectives(exchange.rawHeaders).noStore ? "request" : null;
}
