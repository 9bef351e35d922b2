import type { Exchange } from "../../../contracts/exchange.ts";
import type { CorsSnapshot } from "../../../contracts/policies.ts";

/** Response headers of the CORS protocol (Fetch standard, §3.2.3). An upstream's own are replaced. */
export const CORS_RESPONSE_HEADERS: readonly string[] = [
  "access-control-allow-origin",
  "access-control-allow-credentials",
  "access-control-allow-methods",
  "access-control-allow-headers",
  "access-control-max-age",
  "access-control-expose-headers",
  "access-control-allow-private-network",
];
const REPLACED: ReadonlySet<string> = new Set(CORS_RESPONSE_HEADERS);

/** Names of headers as a browser lists them; anything else is not given back. */
const FIELD_NAMES = /^[!#$%&'*+.^_`|~0-9A-Za-z, \t-]{1,4096}$/;

export interface CompiledCors {
  /** Names and values, alternating: of every answer, whoever asks; null: they depend on the caller's origin. */
  readonly fixed: readonly string[] | null;
  /** Whether pages of this origin may call. */
  readonly allows: (origin: string) => boolean;
  /** What an answer to a call from this origin says beside the upstream's headers. */
  readonly answer: (origin: string | undefined) => readonly string[];
  /** The headers of the answer to a preflight request. */
  readonly preflight: (exchange: Exchange) => string[];
}

export function compileCors(cors: CorsSnapshot): CompiledCors {
  const isAllowed = compileOrigins(cors.origins);
  const isForAll = cors.origins.includes("*") && !cors.credentials;
  const exposed =
    cors.exposedHeaders.length === 0 ? [] : ["access-control-expose-headers", cors.exposedHeaders.join(", ")];
  const credentials = cors.credentials ? ["access-control-allow-credentials", "true"] : [];
  // Caches must not give one origin what was said to another (Fetch standard, §3.2.5).
  const vary = isForAll ? [] : ["vary", "origin"];
  const allowed = (origin: string | undefined): string[] | null => {
    if (isForAll) return ["access-control-allow-origin", "*"];
    if (origin === undefined || !isAllowed(origin)) return null;
    return ["access-control-allow-origin", origin, ...credentials];
  };
  const answer = (origin: string | undefined): string[] => {
    const headers = allowed(origin);
    return headers === null ? vary : [...headers, ...exposed, ...vary];
  };
  return {
    fixed: isForAll ? answer(undefined) : null,
    allows: isAllowed,
    answer,
    preflight(exchange) {
      const asked = exchange.header("access-control-request-headers") ?? "";
      const headers = allowed(exchange.header("origin"));
      const varies = ["vary", [...(isForAll ? [] : ["origin"]), ...ASKED].join(", ")];
      if (headers === null) return varies;
      const methods = cors.methods ?? [exchange.header("access-control-request-method") ?? ""];
      headers.push("access-control-allow-methods", methods.join(", "));
      const names = cors.requestHeaders === null ? askedBack(asked) : cors.requestHeaders.join(", ");
      if (names !== "") headers.push("access-control-allow-headers", names);
      headers.push("access-control-max-age", String(Math.floor(cors.maxAgeMs / 1000)));
      return [...headers, ...varies];
    },
  };
}

const ASKED = ["access-control-request-method", "access-control-request-headers"];

/** The headers of an answer with what the policy says in place of what the upstream says. */
export function withCors(cors: CompiledCors, exchange: Exchange, headers: readonly string[]): readonly string[] {
  const kept: string[] = [];
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string;
    if (!REPLACED.has(name)) kept.push(name, headers[i + 1] as string);
  }
  kept.push(...cors.answer(exchange.header("origin")));
  return kept;
}

/** The method of the call that a browser asks about beforehand; null: it is no preflight request (Fetch standard, §3.2.2). */
export function preflightMethod(exchange: Exchange): string | null {
  if (exchange.method !== "OPTIONS" || exchange.header("origin") === undefined) return null;
  return exchange.header("access-control-request-method") ?? null;
}

/** Origins are compared byte for byte (Fetch standard, §3.2.5); `https://*.example.org` stands for one or more labels. */
function compileOrigins(origins: readonly string[]): (origin: string) => boolean {
  if (origins.includes("*")) return () => true;
  const exact = new Set(origins);
  const wildcards = origins.flatMap((origin) => {
    const star = origin.indexOf("*.");
    return star < 0 ? [] : [{ scheme: origin.slice(0, star), suffix: origin.slice(star + 1) }];
  });
  if (wildcards.length === 0) return (origin) => exact.has(origin);
  return (origin) => exact.has(origin) || wildcards.some(({ scheme, suffix }) => isSubdomain(origin, scheme, suffix));
}

function isSubdomain(origin: string, scheme: string, suffix: string): boolean {
  if (!origin.startsWith(scheme) || !origin.endsWith(suffix)) return false;
  return /^[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/i.test(origin.slice(scheme.length, origin.length - suffix.length));
}

function askedBack(names: string): string {
  return FIELD_NAMES.test(names) ? names : "";
}
