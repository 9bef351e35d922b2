import ipaddr from "ipaddr.js";
import { compileRanges, isAddress } from "./address-ranges.ts";

/** What the proxies on the way say about a request. */
export interface ForwardedFields {
  /** `Forwarded`, `X-Forwarded-For` and `X-Forwarded-Proto`; several fields of one name are joined by commas. */
  forwarded: string | undefined;
  forwardedFor: string | undefined;
  forwardedProto: string | undefined;
}

export interface Caller {
  address: string;
  /** What the caller used; null where no proxy says so. */
  scheme: "http" | "https" | null;
}

/**
 * Who called, when a request may have come through proxies. `X-Forwarded-For` and `Forwarded` (RFC 7239) are read from
 * right to left, and believed only as far as the addresses on the way are trusted: whatever a client writes itself
 * stands to the left of what our own proxies added. Where both are there, `X-Forwarded-For` counts: most proxies write
 * that alone, and pass on a `Forwarded` that the client made up.
 */
export interface ClientAddressResolver {
  /** `peerAddress` is the connection's, and is trusted. */
  resolve(peerAddress: string, fields: ForwardedFields): Caller;
  isTrusted(address: string): boolean;
}

/** `trusted` holds addresses and CIDR ranges, checked when the configuration was compiled. */
export function createClientAddressResolver(trusted: readonly string[]): ClientAddressResolver {
  const isTrusted = compileRanges(trusted);

  /** The caller among the hops, and the hop that told of it; that one's index is `hops.length` when it is the peer. */
  const walk = (peerAddress: string, hops: readonly string[]): { address: string; index: number } => {
    let address = peerAddress;
    let index = hops.length;
    while (index > 0 && isTrusted(address)) {
      const hop = hops[index - 1] as string;
      if (!isAddress(hop)) break;
      address = ipaddr.process(hop).toString();
      index--;
    }
    return { address, index };
  };

  return {
    isTrusted,
    resolve(peerAddress, { forwarded, forwardedFor, forwardedProto }) {
      if (forwardedFor !== undefined || forwarded === undefined) {
        const { address } = walk(peerAddress, forwardedFor === undefined ? [] : splitForwardedFor(forwardedFor));
        return { address, scheme: schemeOf(forwardedProto?.split(",").at(-1)) };
      }
      const elements = splitForwarded(forwarded);
      const hops = elements.map((element) => stripPort(element.get("for") ?? ""));
      const { address, index } = walk(peerAddress, hops);
      return { address, scheme: schemeOf(elements[index]?.get("proto") ?? forwardedProto?.split(",").at(-1)) };
    },
  };
}

function schemeOf(text: string | undefined): Caller["scheme"] {
  const scheme = text?.trim().toLowerCase();
  return scheme === "http" || scheme === "https" ? scheme : null;
}

function splitForwardedFor(value: string): string[] {
  return value.split(",").map((hop) => stripPort(hop.trim()));
}

/** The parameters of each element of RFC 7239 §4; identifiers that are unknown or obfuscated come out as they are. */
function splitForwarded(value: string): Map<string, string>[] {
  return value.split(",").map((element) => {
    const parameters = new Map<string, string>();
    for (const pair of element.split(";")) {
      const equals = pair.indexOf("=");
      if (equals <= 0) continue;
      const text = pair.slice(equals + 1).trim();
      parameters.set(pair.slice(0, equals).trim().toLowerCase(), text.replace(/^"(.*)"$/, "$1"));
    }
    return parameters;
  });
}

/** `1.2.3.4:5678` and `[2001:db8::1]:5678` lose the port. A bare IPv6 address has more than one colon. */
function stripPort(text: string): string {
  if (text.startsWith("[")) return text.slice(1, Math.max(1, text.indexOf("]")));
  const colon = text.indexOf(":");
  return colon > 0 && colon === text.lastIndexOf(":") ? text.slice(0, colon) : text;
}
