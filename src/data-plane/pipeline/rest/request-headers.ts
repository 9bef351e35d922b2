import type { Exchange } from "../../../contracts/exchange.ts";
import type { HeaderEditsSnapshot } from "../../../contracts/snapshot.ts";

/** Fields that belong to one connection (RFC 9110 §7.6.1), and what this proxy writes itself. */
const NEVER_FORWARDED = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "proxy-authorization",
  "proxy-authenticate",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "expect",
  "host",
  "content-length",
  "forwarded",
  "x-forwarded-for",
  "x-forwarded-proto",
  "x-forwarded-host",
  "x-request-id",
]);

// biome-ignore lint/suspicious/noControlCharactersInRegex: tells ASCII from the rest
const NOT_ASCII = /[^\x00-\x7f]/;

/** A header value as bytes: undici writes latin1, the engine has decoded UTF-8. */
export function fieldValue(value: string): string {
  return NOT_ASCII.test(value) ? Buffer.from(value, "utf8").toString("latin1") : value;
}

/** The names that a `Connection` field lists; null when there are none but `close` and `keep-alive`. */
export function connectionNames(value: string | undefined): ReadonlySet<string> | null {
  if (value === undefined || value === "keep-alive" || value === "close") return null;
  return new Set(value.split(",").map((name) => name.trim().toLowerCase()));
}

export type RequestHeaderBuilder = (
  exchange: Exchange,
  requestId: string,
  targetHost: string,
  credentialHeader: string | null,
) => string[];

/** Compiles the edits of a service into the function that writes the head of each request to its upstream. */
export function compileRequestHeaders(
  edits: HeaderEditsSnapshot,
  hostHeader: "preserve" | "target",
): RequestHeaderBuilder {
  const dropped = new Set([...NEVER_FORWARDED, ...edits.remove, ...edits.set.map(([name]) => name)]);
  const appended = [...edits.set, ...edits.add].flat().map(fieldValue);
  const setsHost = edits.set.some(([name]) => name === "host");
  const setsForwardedFor = edits.set.some(([name]) => name === "x-forwarded-for");

  return (exchange, requestId, targetHost, credentialHeader) => {
    const { rawHeaders } = exchange;
    const listed = connectionNames(exchange.header("connection"));
    const headers: string[] = [];
    if (!setsHost) headers.push("host", hostHeader === "target" ? targetHost : (exchange.header("host") ?? targetHost));
    for (let i = 0; i < rawHeaders.length; i += 2) {
      const name = rawHeaders[i] as string;
      if (dropped.has(name) || name === credentialHeader || listed?.has(name)) continue;
      headers.push(name, fieldValue(rawHeaders[i + 1] as string));
    }
    if (!setsForwardedFor) headers.push("x-forwarded-for", forwardedFor(exchange));
    headers.push("x-forwarded-proto", exchange.scheme, "x-forwarded-host", exchange.header("host") ?? "");
    headers.push("x-request-id", requestId);
    headers.push(...appended);
    return headers;
  };
}

/** A chain is carried on only when it came from a proxy that is trusted: then it is why the client's address is not the peer's. */
function forwardedFor(exchange: Exchange): string {
  const { clientAddress, peerAddress } = exchange;
  if (clientAddress === peerAddress) return peerAddress;
  const chain = exchange.header("x-forwarded-for");
  return `${chain ?? clientAddress}, ${peerAddress}`;
}
