/** Cache-Control and the dates of freshness, as RFC 9111 reads them. Headers are names in lower case and values, alternating. */

/** RFC 9111 §1.2.2: what is too large to be a number of seconds. */
const MAX_SECONDS = 2 ** 31;

export interface RequestDirectives {
  noStore: boolean;
  noCache: boolean;
  onlyIfCached: boolean;
  /** Seconds; null: not said. `maxStale` without a value: however stale. */
  maxAge: number | null;
  minFresh: number | null;
  maxStale: number | null;
}

export interface ResponseDirectives {
  noStore: boolean;
  noCache: boolean;
  isPrivate: boolean;
  isPublic: boolean;
  mustRevalidate: boolean;
  proxyRevalidate: boolean;
  mustUnderstand: boolean;
  /** Seconds; null: not said. */
  maxAge: number | null;
  sharedMaxAge: number | null;
  staleWhileRevalidate: number | null;
  staleIfError: number | null;
}

const NOTHING: RequestDirectives = {
  noStore: false,
  noCache: false,
  onlyIfCached: false,
  maxAge: null,
  minFresh: null,
  maxStale: null,
};

export function requestDirectives(headers: readonly string[]): Readonly<RequestDirectives> {
  let found: RequestDirectives | null = null;
  let pragma = false;
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i] === "pragma") pragma ||= (headers[i + 1] as string).toLowerCase().includes("no-cache");
    if (headers[i] !== "cache-control") continue;
    found ??= { ...NOTHING };
    const directives = found;
    forEachDirective(headers[i + 1] as string, (name, argument) => {
      if (name === "no-store") directives.noStore = true;
      else if (name === "no-cache") directives.noCache = true;
      else if (name === "only-if-cached") directives.onlyIfCached = true;
      else if (name === "max-age") directives.maxAge ??= seconds(argument);
      else if (name === "min-fresh") directives.minFresh ??= seconds(argument);
      else if (name === "max-stale") directives.maxStale ??= argument === null ? MAX_SECONDS : seconds(argument);
    });
  }
  // RFC 9111 §5.4: of a request that says nothing else.
  if (found === null) return pragma ? { ...NOTHING, noCache: true } : NOTHING;
  return found;
}

export function responseDirectives(headers: readonly string[]): ResponseDirectives {
  const directives: ResponseDirectives = {
    noStore: false,
    noCache: false,
    isPrivate: false,
    isPublic: false,
    mustRevalidate: false,
    proxyRevalidate: false,
    mustUnderstand: false,
    maxAge: null,
    sharedMaxAge: null,
    staleWhileRevalidate: null,
    staleIfError: null,
  };
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i] === "cache-control")
      forEachDirective(headers[i + 1] as string, (name, argument) => note(directives, name, argument));
  }
  return directives;
}

/** `no-cache` and `private` with names of headers count as without: a cache may do so (RFC 9111 §5.2.2.4, §5.2.2.7). */
function note(directives: ResponseDirectives, name: string, argument: string | null): void {
  switch (name) {
    case "no-store":
      directives.noStore = true;
      break;
    case "no-cache":
      directives.noCache = true;
      break;
    case "private":
      directives.isPrivate = true;
      break;
    case "public":
      directives.isPublic = true;
      break;
    case "must-revalidate":
      directives.mustRevalidate = true;
      break;
    case "proxy-revalidate":
      directives.proxyRevalidate = true;
      break;
    case "must-understand":
      directives.mustUnderstand = true;
      break;
    case "max-age":
      directives.maxAge ??= seconds(argument);
      break;
    case "s-maxage":
      directives.sharedMaxAge ??= seconds(argument);
      break;
    case "stale-while-revalidate":
      directives.staleWhileRevalidate ??= seconds(argument);
      break;
    case "stale-if-error":
      directives.staleIfError ??= seconds(argument);
      break;
  }
}

/** What is no number of seconds is none: the answer is stale (RFC 9111 §4.2.1). */
function seconds(argument: string | null): number {
  if (argument === null || !/^\d+$/.test(argument)) return 0;
  return Math.min(Number(argument), MAX_SECONDS);
}

/** Names in lower case; arguments as tokens or without the quotes of quoted strings (RFC 9111 §5.2). */
export function forEachDirective(value: string, each: (name: string, argument: string | null) => void): void {
  let at = 0;
  while (at < value.length) {
    const end = endOfElement(value, at);
    const element = value.slice(at, end).trim();
    at = end + 1;
    if (element === "") continue;
    const equals = element.indexOf("=");
    if (equals < 0) each(element.toLowerCase(), null);
    else each(element.slice(0, equals).trim().toLowerCase(), unquoted(element.slice(equals + 1).trim()));
  }
}

/** The comma that ends the element that begins at `from`, outside of quoted strings, or the end. */
function endOfElement(value: string, from: number): number {
  let quoted = false;
  for (let at = from; at < value.length; at++) {
    const character = value[at];
    if (quoted && character === "\\") at++;
    else if (character === '"') quoted = !quoted;
    else if (character === "," && !quoted) return at;
  }
  return value.length;
}

function unquoted(text: string): string {
  if (text.length < 2 || text[0] !== '"' || text.at(-1) !== '"') return text;
  return text.slice(1, -1).replace(/\\(.)/g, "$1");
}
