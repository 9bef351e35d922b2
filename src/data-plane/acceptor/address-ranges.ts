import ipaddr from "ipaddr.js";

type Range = [ipaddr.IPv4 | ipaddr.IPv6, number];

const MAPPED_PREFIX_BITS = 96;

/**
 * Whether an address is within one of these addresses and CIDR ranges, which were checked when the configuration was
 * compiled. IPv4 addresses and ranges that are written as mapped ones (`::ffff:192.0.2.1`) are the same as others.
 */
export function compileRanges(texts: readonly string[]): (address: string) => boolean {
  const ranges = texts.map(parseRange);
  if (ranges.length === 0) return () => false;
  return (address) => {
    if (!isAddress(address)) return false;
    const parsed = ipaddr.process(address);
    return ranges.some(([range, bits]) => {
      if (range.kind() !== parsed.kind()) return false;
      return parsed.match(range as ipaddr.IPv4 & ipaddr.IPv6, bits);
    });
  };
}

/** In full notation: shortened and octal forms of IPv4 addresses are read differently by different programs. */
export function isAddress(text: string): boolean {
  return ipaddr.IPv4.isValidFourPartDecimal(text) || ipaddr.IPv6.isValid(text);
}

function parseRange(text: string): Range {
  if (!text.includes("/")) {
    const address = ipaddr.process(text);
    return [address, address.kind() === "ipv4" ? 32 : 128];
  }
  const [network, bits] = ipaddr.parseCIDR(text);
  const isMapped = network instanceof ipaddr.IPv6 && network.isIPv4MappedAddress() && bits >= MAPPED_PREFIX_BITS;
  return isMapped ? [network.toIPv4Address(), bits - MAPPED_PREFIX_BITS] : [network, bits];
}
