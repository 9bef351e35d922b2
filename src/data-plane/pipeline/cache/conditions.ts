import type { Exchange } from "../../../contracts/exchange.ts";
import { parseHttpDate } from "./http-date.ts";

const ENTITY_TAG = /(?:W\/)?"[^"]*"/g;

/** What an answer says of itself for conditions to be held against. */
export interface Validators {
  status: number;
  etag: string | null;
  lastModifiedMs: number | null;
}

/** Whether the caller has the answer already (RFC 9110 §13.1.2, §13.1.3; RFC 9111 §4.3.2). */
export function isNotModified(
  exchange: Exchange,
  { status, etag, lastModifiedMs }: Validators,
  nowMs: number,
): boolean {
  if (status < 200 || status > 299) return false;
  const tags = exchange.header("if-none-match");
  if (tags !== undefined) {
    if (tags.trim() === "*") return true;
    if (etag === null) return false;
    return (tags.match(ENTITY_TAG) ?? []).some((tag) => isSameTag(tag, etag));
  }
  const since = exchange.header("if-modified-since");
  if (since === undefined || lastModifiedMs === null) return false;
  const sinceMs = parseHttpDate(since, nowMs);
  return sinceMs !== null && lastModifiedMs <= sinceMs;
}

/** Weak comparison (RFC 9110 §8.8.3.2). */
export function isSameTag(one: string, other: string): boolean {
  return one.replace(/^W\//, "") === other.replace(/^W\//, "");
}

/** What a 304 says of what the caller has (RFC 9110 §15.4.5): nothing of the content that does not come. */
export function notModifiedHeaders(headers: readonly string[]): string[] {
  const kept: string[] = [];
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string;
    if (name.startsWith("content-") && name !== "content-location" && !name.startsWith("content-security-policy"))
      continue;
    kept.push(name, headers[i + 1] as string);
  }
  return kept;
}
