import type { CachePolicySnapshot } from "../../../contracts/policies.ts";
import { connectionNames } from "../rest/request-headers.ts";
import { headerOf } from "../rest/response-headers.ts";
import { type ResponseDirectives, responseDirectives } from "./directives.ts";
import { parseHttpDate } from "./http-date.ts";

/** Statuses that a cache may keep though they say nothing of it (RFC 9110 §15.1); 206 needs a cache that puts parts together. */
const HEURISTIC = new Set([200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501]);
/** Those that `default_ttl` and `override_ttl` are about: what is wrong with one request is not kept by a rule for all. */
const WITH_TTL = new Set([200, 203, 204, 300, 301, 308, 404, 410]);
/** Whose rules for caches this one keeps to: `must-understand` lets it leave `no-store` aside (RFC 9111 §5.2.2.3). */
const UNDERSTOOD = new Set([...HEURISTIC, 302, 303, 307]);
/** Never kept: parts, answers about what the caller has, and what is about one connection. */
const NEVER = new Set([101, 206, 304]);

/** Fields of one connection (RFC 9111 §3.1), and those that are said anew of each answer. */
const NOT_STORED = new Set([
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authentication-info",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "age",
  "x-tidegate-cache",
]);

/** What an answer takes up besides its texts and body, rounded up: 100,000 small ones took 2,080 bytes each, and count as 2,260. */
const ENTRY_BYTES = 1_536;

/** What the caller's request had that may have made the answer its own. */
export interface RequestCredentials {
  /** `Authorization` of the caller's, which the upstream has seen: not the gateway's own key (RFC 9111 §3.5). */
  authorization: boolean;
  cookies: boolean;
}

/** The head of an answer, and when it was asked for and came. */
export interface AnswerHead {
  status: number;
  headers: readonly string[];
  /** Of its own `Age`, which is not stored. */
  ageMs: number;
  requestedAtMs: number;
  receivedAtMs: number;
}

/** An answer's rules, once and for all: looking it up parses nothing. */
export class StoredAnswer {
  readonly status: number;
  /** Names in lower case and values, alternating. */
  readonly headers: readonly string[];
  readonly body: Buffer;
  readonly etag: string | null;
  readonly lastModified: string | null;
  /** null: there is none, or it can't be read. */
  readonly lastModifiedMs: number | null;
  /** In lower case; null: one answer for all. */
  readonly varyNames: readonly string[] | null;
  readonly varyValues: readonly string[];
  readonly alwaysValidates: boolean;
  readonly neverStale: boolean;
  /** A caller that takes stale answers may get it. */
  readonly mayBeStale: boolean;
  readonly staleWhileRevalidateMs: number;
  readonly staleIfErrorMs: number;
  /** Whether callers that send such things get it, too. */
  readonly permits: RequestCredentials;
  readonly bytes: number;
  readonly #lifetimeMs: number;
  readonly #initialAgeMs: number;
  readonly #receivedAtMs: number;

  constructor(head: AnswerHead, body: Buffer, varyValues: readonly string[], policy: CachePolicySnapshot) {
    const { status, headers, ageMs, requestedAtMs, receivedAtMs } = head;
    const directives = responseDirectives(headers);
    this.status = status;
    this.headers = headers;
    this.body = body;
    this.etag = headerOf(headers, "etag") ?? null;
    this.lastModified = headerOf(headers, "last-modified") ?? null;
    this.lastModifiedMs = this.lastModified === null ? null : parseHttpDate(this.lastModified, receivedAtMs);
    this.varyNames = varyNames(headers);
    this.varyValues = varyValues;
    this.alwaysValidates = directives.noCache;
    this.neverStale = directives.noCache || directives.mustRevalidate || directives.proxyRevalidate;
    // `s-maxage` forbids stale answers as well (RFC 9111 §5.2.2.10), unless the same answer allows them in so many words.
    this.mayBeStale = !this.neverStale && directives.sharedMaxAge === null;
    this.staleWhileRevalidateMs = msOr(
      directives.staleWhileRevalidate,
      this.mayBeStale ? policy.staleWhileRevalidateMs : 0,
    );
    this.staleIfErrorMs = msOr(directives.staleIfError, this.mayBeStale ? policy.staleIfErrorMs : 0);
    this.permits = permissions(directives);
    this.#receivedAtMs = receivedAtMs;
    this.#initialAgeMs = ageMs + Math.max(0, receivedAtMs - requestedAtMs);
    const explicitMs = explicitLifetimeMs(head, directives);
    this.#lifetimeMs = lifetimeMs(status, explicitMs, policy, this.#initialAgeMs);
    let characters = 0;
    for (const text of headers) characters += text.length;
    this.bytes = ENTRY_BYTES + 2 * characters + body.length;
  }

  /** RFC 9111 §4.2.3. All caches on the way speak HTTP/1.1, so `Age` is right, and a clock that is wrong does no harm. */
  ageMs(nowMs: number): number {
    return this.#initialAgeMs + Math.max(0, nowMs - this.#receivedAtMs);
  }

  /** For how long it is still fresh; negative: for how long it has been stale. */
  freshForMs(nowMs: number): number {
    return this.#lifetimeMs - this.ageMs(nowMs);
  }

  /** Within the time for which it may be given though it is stale. */
  isWithin(staleMs: number, nowMs: number): boolean {
    return !this.neverStale && -this.freshForMs(nowMs) <= staleMs && staleMs > 0;
  }

  get hasValidator(): boolean {
    return this.etag !== null || this.lastModified !== null;
  }

  /** Nothing can ever be made of it. */
  isUseless(nowMs: number): boolean {
    if (this.hasValidator) return false;
    const staleMs = Math.max(this.staleWhileRevalidateMs, this.staleIfErrorMs);
    return this.alwaysValidates || this.freshForMs(nowMs) + (this.neverStale ? 0 : staleMs) <= 0;
  }
}

/** Whether a shared cache may keep the answer to a GET (RFC 9111 §3); an answer with cookies is one caller's. */
export function isStorable(head: AnswerHead, credentials: RequestCredentials, policy: CachePolicySnapshot): boolean {
  const { status, headers } = head;
  if (NEVER.has(status) || status < 200) return false;
  const directives = responseDirectives(headers);
  if (directives.noStore && !(directives.mustUnderstand && UNDERSTOOD.has(status))) return false;
  if (directives.isPrivate || headerOf(headers, "set-cookie") !== undefined) return false;
  const permits = permissions(directives);
  if (credentials.authorization && !permits.authorization) return false;
  if (credentials.cookies && !permits.cookies) return false;
  if (varyNames(headers)?.includes("*") === true) return false;
  if (directives.isPublic || explicitLifetimeMs(head, directives) !== null) return true;
  if (!HEURISTIC.has(status)) return false;
  const ttl = policy.overrideTtlMs ?? policy.defaultTtlMs;
  return (ttl !== null && WITH_TTL.has(status)) || hasValidator(headers);
}

export function withoutConnection(headers: readonly string[]): string[] {
  const listed = connectionNames(headers);
  const kept: string[] = [];
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string;
    if (!NOT_STORED.has(name) && !listed?.has(name)) kept.push(name, headers[i + 1] as string);
  }
  return kept;
}

/** RFC 9111 §3.2: the stored headers with those of a 304 in their place. The body is the one that was stored. */
export function freshened(stored: readonly string[], update: readonly string[]): string[] {
  const fields = withoutConnection(update);
  const replaced = new Set<string>();
  for (let i = 0; i < fields.length; i += 2) replaced.add(fields[i] as string);
  for (const name of ["content-length", "content-encoding", "content-range", "content-type"]) replaced.delete(name);
  const merged: string[] = [];
  for (let i = 0; i < stored.length; i += 2) {
    if (!replaced.has(stored[i] as string)) merged.push(stored[i] as string, stored[i + 1] as string);
  }
  for (let i = 0; i < fields.length; i += 2) {
    if (replaced.has(fields[i] as string)) merged.push(fields[i] as string, fields[i + 1] as string);
  }
  return merged;
}

/** In lower case; `*` among them: no other request is like this one. Null: there is no `Vary`. */
export function varyNames(headers: readonly string[]): string[] | null {
  let names: string[] | null = null;
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i] !== "vary") continue;
    names ??= [];
    for (const name of (headers[i + 1] as string).split(",")) {
      const trimmed = name.trim().toLowerCase();
      if (trimmed !== "") names.push(trimmed);
    }
  }
  return names;
}

function hasValidator(headers: readonly string[]): boolean {
  return headerOf(headers, "etag") !== undefined || headerOf(headers, "last-modified") !== undefined;
}

/** What says in so many words that an answer is not only for the caller whose credentials were sent (RFC 9111 §3.5). */
function permissions({ isPublic, sharedMaxAge, mustRevalidate }: ResponseDirectives): RequestCredentials {
  const forAll = isPublic || sharedMaxAge !== null;
  return { authorization: forAll || mustRevalidate, cookies: forAll };
}

/** RFC 9111 §4.2.1; null: the answer says nothing of it. */
function explicitLifetimeMs({ headers, receivedAtMs }: AnswerHead, directives: ResponseDirectives): number | null {
  const seconds = directives.sharedMaxAge ?? directives.maxAge;
  if (seconds !== null) return seconds * 1000;
  const expires = headerOf(headers, "expires");
  if (expires === undefined) return null;
  const expiresMs = parseHttpDate(expires, receivedAtMs);
  // What is no date, `0` above all, has expired (RFC 9111 §5.3).
  if (expiresMs === null) return 0;
  const date = headerOf(headers, "date");
  const dateMs = date === undefined ? null : parseHttpDate(date, receivedAtMs);
  return Math.max(0, expiresMs - (dateMs ?? receivedAtMs));
}

/** What a policy says counts from when the answer came, however old it was by then. */
function lifetimeMs(
  status: number,
  explicitMs: number | null,
  policy: CachePolicySnapshot,
  initialAgeMs: number,
): number {
  if (WITH_TTL.has(status)) {
    if (policy.overrideTtlMs !== null) return policy.overrideTtlMs + initialAgeMs;
    if (explicitMs === null && policy.defaultTtlMs !== null) return policy.defaultTtlMs + initialAgeMs;
  }
  return explicitMs ?? 0;
}

/** What caches before this one have had it for. */
export function ageHeaderMs(headers: readonly string[]): number {
  const [age = ""] = (headerOf(headers, "age") ?? "").split(",");
  return /^\d+$/.test(age.trim()) ? Math.min(Number(age), 2 ** 31) * 1000 : 0;
}

function msOr(seconds: number | null, otherwiseMs: number): number {
  return seconds === null ? otherwiseMs : seconds * 1000;
}
