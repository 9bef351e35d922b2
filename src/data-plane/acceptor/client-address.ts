import ipaddr from "ipaddr.js";

/**
 * Who called, when a request may have come through proxies. `Forwarded` (RFC 7239) and `X-Forwarded-For` are read from
 * right to left, and believed only as far as the addresses on the way are trusted: whatever a client writes itself
 * stands to the left of what our own proxies added.
 */
export interface ClientAddressResolver {
  /** `peerAddress` is the connection's. */
  resolve(peerAddress: string, forwarded: string | undefined, forwardedFor: string | undefined): string;
  isTrusted(address: string): boolean;
}

type Range = [ipaddr.IPv4 | ipaddr.IPv6, number];

/** `trusted` holds addresses and CIDR ranges, checked when the configuration was compiled. */
export function createClientAddressResolver(trusted: readonly string[]): ClientAddressResolver {
  const ranges: Range[] = trusted.map((text) =>
    text.includes("/") ? ipaddr.parseCIDR(text) : singleAddress(ipaddr.process(text)),
  );

  const isTrusted = (address: string): boolean => {
    if (ranges.length === 0 || !ipaddr.isValid(address)) return false;
    const parsed = ipaddr.process(address);
    return ranges.some(([range, bits]) => {
      if (range.kind() !== parsed.kind()) return false;
      return parsed.match(range as ipaddr.IPv4 & ipaddr.IPv6, bits);
    });
  };

  return {
    isTrusted,
    resolve(peerAddress, forwarded, forwardedFor) {
      if (!isTrusted(peerAddress)) return peerAddress;
      const hops = forwarded === undefined ? splitForwardedFor(forwardedFor ?? "") : splitForwarded(forwarded);
      let client = peerAddress;
      for (let i = hops.length - 1; i >= 0; i--) {
        const hop = hops[i] as string;
        if (!ipaddr.isValid(hop)) return client;
        client = ipaddr.process(hop).toString();
        if (!isTrusted(client)) return client;
      }
      return client;
    },
  };
}

function singleAddress(address: ipaddr.IPv4 | ipaddr.IPv6): Range {
  return [address, address.kind() === "ipv4" ? 32 : 128];
}

function splitForwardedFor(value: string): string[] {
  return value.split(",").map((hop) => stripPort(hop.trim()));
}

/** The `for=` parameters of RFC 7239 §5.2; unknown and obfuscated identifiers come out as they are, and end the walk. */
function splitForwarded(value: string): string[] {
  return value.split(",").map((element) => {
    for (const pair of element.split(";")) {
      const equals = pair.indexOf("=");
      if (equals > 0 && pair.slice(0, equals).trim().toLowerCase() === "for") {
        return stripPort(
          pair
            .slice(equals + 1)
            .trim()
            .replace(/^"(.*)"$/, "$1"),
        );
      }
    }
    return "";
  });
}

/** `1.2.3.4:5678` and `[2001:db8::1]:5678` lose the port. A bare IPv6 address has more than one colon. */
function stripPort(text: string): string {
  if (text.startsWith("[")) return text.slice(1, Math.max(1, text.indexOf("]")));
  const colon = text.indexOf(":");
  return colon > 0 && colon === text.lastIndexOf(":") ? text.slice(0, colon) : text;
}
