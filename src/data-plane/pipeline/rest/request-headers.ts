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

/** The names that `Connection` fields list; null when there are none but `close` and `keep-alive`. */
export function connectionNames(headers: readonly string[]): ReadonlySet<string> | null {
  let names: Set<string> | null = null;
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i] !== "connection") continue;
    const value = headers[i + 1] as string;
    if (value === "keep-alive" || value === "close") continue;
    names ??= new Set();
    for (const name of value.split(",")) names.add(name.trim().toLowerCase());
  }
  return names;
}

export type RequestHeaderBuilder = (
  exchange: Exchange,
  requestId: string,
  targetHost: string,
  credentialHeaders: readonly string[],
) => string[];

/** Compiles the edits of a service into the function that writes the head of each request to its upstream. */
export function compileRequestHeaders(
  edits: HeaderEditsSnapshot,
  hostHeader: "preserve" | "target",
): RequestHeaderBuilder {
  const edited = new Set([...edits.remove, ...edits.set.map(([name]) => name)]);
  const dropped = new Set([...NEVER_FORWARDED, ...edited]);
  const appended = [...edits.set, ...edits.add].flat().map(fieldValue);
  const setsHost = edits.set.some(([name]) => name === "host");
  // What this proxy writes itself can be replaced and left out like anything else.
  const writesFor = !edited.has("x-forwarded-for");
  const writesProto = !edited.has("x-forwarded-proto");
  const writesHost = !edited.has("x-forwarded-host");
  const writesId = !edited.has("x-request-id");

  return (exchange, requestId, targetHost, credentialHeaders) => {
    const { rawHeaders } = exchange;
    const listed = connectionNames(rawHeaders);
    const headers: string[] = [];
    if (!setsHost) headers.push("host", hostHeader === "target" ? targetHost : (exchange.header("host") ?? targetHost));
    for (let i = 0; i < rawHeaders.length; i += 2) {
      const name = rawHeaders[i] as string;
      if (dropped.has(name) || credentialHeaders.includes(name) || listed?.has(name)) continue;
      headers.push(name, fieldValue(rawHeaders[i + 1] as string));
    }
    if (writesFor) headers.push("x-forwarded-for", forwardedFor(exchange));
    if (writesProto) headers.push("x-forwarded-proto", exchange.scheme);
    // HTTP/1.0 may have none.
    const host = exchange.header("host") ?? exchange.host;
    if (writesHost && host !== "") headers.push("x-forwarded-host", host);
    if (writesId) headers.push("x-request-id", requestId);
    headers.push(...appended);
    return headers;
  };
}

/**
 * Only what is believed goes on: the caller as it was found out, and the peer. What a client has written into the chain
 * itself would be taken for the truth by an upstream that looks at its beginning.
 */
function forwardedFor({ clientAddress, peerAddress }: Exchange): string {
  return clientAddress === peerAddress ? peerAddress : `${clientAddress}, ${peerAddress}`;
}
