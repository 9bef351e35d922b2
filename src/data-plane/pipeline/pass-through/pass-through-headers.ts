import { SIMULATED_HEADERS } from "../../../upstream/simulated/simulated-dispatcher.ts";
import type { Context } from "../context.ts";
import { pushReleaseHeaders } from "../releases/lifecycle.ts";
import { compileRequestHeaders } from "../rest/request-headers.ts";
import { compileResponseHeaders, headerOf } from "../rest/response-headers.ts";
import type { PassedProvider } from "./passed-provider.ts";

/**
 * What callers' own credentials may be in, and what tells a provider who they are: the provider knows the gateway alone.
 * Compressed answers could not be read for their usage.
 */
const OF_CALLERS = [
  "authorization",
  "x-api-key",
  "x-goog-api-key",
  "api-key",
  "cookie",
  "accept-encoding",
  "x-forwarded-for",
  "x-forwarded-proto",
  "x-forwarded-host",
  "x-request-id",
];
/** A cookie is for the gateway, and would make one caller of all. */
const OF_PROVIDER = ["set-cookie"];

const forwarded = compileRequestHeaders({ set: [], add: [], remove: OF_CALLERS }, "target");
const returned = compileResponseHeaders({ set: [], add: [], remove: OF_PROVIDER });
const OF_SIMULATED: readonly string[] = Object.values(SIMULATED_HEADERS);

/** `head`: what every call to the provider has, its credentials among it; it replaces what callers say. */
export function requestHeaders(
  { exchange, id, credentialHeaders }: Context,
  { host, provider }: PassedProvider,
  head: readonly string[],
): string[] {
  const own = new Set(head.filter((_, index) => index % 2 === 0));
  // What a body is only its sender knows.
  own.delete("content-type");
  const sent = forwarded(exchange, id, host, credentialHeaders);
  const headers: string[] = ["host", host];
  for (let i = 0; i < sent.length; i += 2) {
    const name = sent[i] as string;
    if (name === "host" || own.has(name) || isOurs(name, provider.transport)) continue;
    headers.push(name, sent[i + 1] as string);
  }
  for (let i = 0; i < head.length; i += 2) {
    const name = head[i] as string;
    if (name !== "host" && name !== "content-type") headers.push(name, head[i + 1] as string);
  }
  return headers;
}

function isOurs(name: string, transport: "http" | "simulated"): boolean {
  return name.startsWith("x-tidegate-") || (transport !== "simulated" && OF_SIMULATED.includes(name));
}

export function answerHeaders(upstream: readonly string[], context: Context, provider: string): string[] {
  const headers = returned(upstream, context);
  headers.push("x-tidegate-provider", provider, "x-tidegate-attempts", String(context.attempts));
  pushReleaseHeaders(headers, context);
  return headers;
}

/** The query of a call without the key that Gemini's clients send in it. */
export function providerQuery(query: string, ...more: readonly string[]): string {
  const parts = query === "" ? [] : query.split("&").filter((part) => !/^key(?:=|$)/.test(part));
  return [...parts, ...more].filter((part) => part !== "").join("&");
}

export function contentLengthOf(headers: readonly string[]): number | null {
  const length = headerOf(headers, "content-length");
  return length === undefined ? null : Number(length);
}
