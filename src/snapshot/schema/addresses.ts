import ipaddr from "ipaddr.js";
import { parseUnixUrl } from "../../platform/unix-url.ts";
import { ScalarRefusal, scalar } from "./notes.ts";

const HOST_NAME = /^(?=.{1,253}$)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

export interface ListenAddress {
  host: string;
  port: number;
}

/** `host:port`, `[::]:port` or `:port` (all addresses). */
export function parseListenAddress(value: unknown): ListenAddress | undefined {
  if (typeof value !== "string") return undefined;
  const [, bracketed, plain, digits] = /^(?:\[([^\]]*)\]|([^:[\]]*)):(\d+)$/.exec(value) ?? [];
  if (digits === undefined) return undefined;
  const port = Number(digits);
  if (port > 65535) throw new ScalarRefusal(`port ${digits} is out of range: expected 0 to 65535 (0: any free port)`);
  if (bracketed !== undefined) return ipaddr.IPv6.isValid(bracketed) ? { host: bracketed, port } : undefined;
  const host = plain === "" ? "0.0.0.0" : plain;
  if (host === undefined) return undefined;
  const valid = /^[\d.]+$/.test(host) ? ipaddr.IPv4.isValidFourPartDecimal(host) : HOST_NAME.test(host.toLowerCase());
  return valid ? { host, port } : undefined;
}

export const listenAddress = scalar({
  type: "address",
  expected: 'an address such as "0.0.0.0:8080", "[::]:8080" or ":8080"',
  parse: parseListenAddress,
});

/** An address, or a range in CIDR notation. */
export const addressRange = scalar({
  type: "address range",
  expected: "an IP address or a CIDR range such as 10.0.0.0/8",
  parse: (value) => {
    if (typeof value !== "string") return undefined;
    const [address = "", prefix] = value.split("/");
    const isIPv4 = ipaddr.IPv4.isValidFourPartDecimal(address);
    if (!isIPv4 && !ipaddr.IPv6.isValid(address)) return undefined;
    if (prefix === undefined || ipaddr.isValidCIDR(value)) return value;
    throw new ScalarRefusal(
      `what follows the "/" of a CIDR range is a number from 0 to ${isIPv4 ? "32 for IPv4" : "128 for IPv6"}`,
    );
  },
});

/** A host to match, without port; `*.example.org` stands for one or more labels. */
export const hostPattern = scalar({
  type: "host",
  expected: "a host name such as api.example.org or *.example.org, without scheme and port",
  parse: (value) => {
    if (typeof value !== "string") return undefined;
    const lower = value.toLowerCase();
    const name = lower.startsWith("*.") ? lower.slice(2) : lower;
    return HOST_NAME.test(name) || ipaddr.isValid(name.replace(/^\[(.*)\]$/, "$1")) ? lower : undefined;
  },
});

/**
 * An `http:` or `https:` URL without a trailing slash. Credentials, query and fragment are refused, and never repeated
 * in the message: they are where people put secrets.
 */
export function parseUpstreamUrl(value: unknown): string | undefined {
  if (typeof value !== "string" || !/^https?:\/\//i.test(value)) return undefined;
  if (!URL.canParse(value)) return undefined;
  const url = new URL(value);
  if (url.username !== "" || url.password !== "") {
    throw new ScalarRefusal("the URL must not hold credentials; use a header or a key instead");
  }
  if (url.search !== "" || url.hash !== "") {
    throw new ScalarRefusal("the URL must not have a query or a fragment");
  }
  return url.origin + url.pathname.replace(/\/+$/, "");
}

/** As `parseUpstreamUrl`, or `http://unix:/path/to.sock:/prefix`. */
function parseTargetUrl(value: unknown): string | undefined {
  if (typeof value !== "string" || !/^https?:\/\/unix:\//i.test(value)) return parseUpstreamUrl(value);
  const unix = parseUnixUrl(value);
  // What follows the socket is a path like any other.
  const prefix = unix && parseUpstreamUrl(`http://localhost${unix.pathPrefix}`)?.slice("http://localhost".length);
  const valid = unix !== null && unix.socketPath !== "/" && PRINTABLE.test(unix.socketPath);
  if (!valid || typeof prefix !== "string") {
    throw new ScalarRefusal(
      "a Unix socket is written http://unix:/path/to.sock, with :/prefix behind it if wanted; the socket's path has no colon and at most 107 bytes",
    );
  }
  return `http://unix:${unix.socketPath}${prefix === "" ? "" : `:${prefix}`}`;
}

const PRINTABLE = /^[^\p{Cc}?#]+$/u;

export const targetUrl = scalar({
  type: "URL",
  expected: "an http:// or https:// URL, or http://unix:/path/to.sock",
  parse: parseTargetUrl,
});

/** The same with a slash at its end, where there is one behind a path: to a server that is called at this very address it matters. */
export const endpointUrl = scalar({
  type: "URL",
  expected: "an http:// or https:// URL, or http://unix:/path/to.sock",
  parse: (value) => {
    const url = parseTargetUrl(value);
    const hasSlash = typeof value === "string" && /^https?:\/\/(?:unix:[^:]*:)?[^/]*\/.+\/$/i.test(value);
    return url === undefined || !hasSlash ? url : `${url}/`;
  },
});

/** For people and clients to follow: what it says is public. Only characters that can stand in a `Link` header. */
export const publicUrl = scalar({
  type: "URL",
  expected: "an absolute http:// or https:// URL",
  parse: (value) =>
    typeof value === "string" &&
    /^https?:\/\/[\x21-\x7e]+$/i.test(value) &&
    !/[<>"\\^`{|}@]/.test(value) &&
    URL.canParse(value)
      ? value
      : undefined,
});

/** A serialised origin, as browsers send it (RFC 6454 §6.2): without a path, and without the scheme's own port. */
export const origin = scalar({
  type: "origin",
  expected: "an origin such as https://app.example.org, http://localhost:3000 or https://*.example.org, or *",
  parse: (value) => {
    if (value === "*") return value;
    const [, scheme, wildcard = "", rest] =
      (typeof value === "string" && /^(https?:\/\/)(\*\.)?([^*/?#@\s]+)$/i.exec(value)) || [];
    if (scheme === undefined || rest === undefined || !URL.canParse(scheme + rest)) return undefined;
    const { origin: plain } = new URL(scheme + rest);
    return plain.replace("://", `://${wildcard}`);
  },
});

export const upstreamUrl = scalar({
  type: "URL",
  expected: "an http:// or https:// URL",
  parse: parseUpstreamUrl,
});
