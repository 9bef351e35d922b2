const KNOWN_LIMIT = 10_000;
const known = new Map<number, string>();

/** Text of the binary address uWebSockets.js gives (4 or 16 bytes). IPv4-mapped IPv6 comes out as IPv4. */
export function remoteAddressText(binary: ArrayBuffer): string {
  const bytes = new Uint8Array(binary);
  if (bytes.length === 4) return ipv4Text(bytes, 0);
  if (bytes.length !== 16) return "";
  if (isMappedIpv4(bytes)) return ipv4Text(bytes, 12);
  return ipv6Text(bytes);
}

function ipv4Text(bytes: Uint8Array, at: number): string {
  const a = bytes[at] as number;
  const b = bytes[at + 1] as number;
  const c = bytes[at + 2] as number;
  const d = bytes[at + 3] as number;
  const key = ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
  let text = known.get(key);
  if (text === undefined) {
    text = `${a}.${b}.${c}.${d}`;
    if (known.size >= KNOWN_LIMIT) known.clear();
    known.set(key, text);
  }
  return text;
}

function isMappedIpv4(bytes: Uint8Array): boolean {
  for (let i = 0; i < 10; i++) if (bytes[i] !== 0) return false;
  return bytes[10] === 0xff && bytes[11] === 0xff;
}

/** RFC 5952: lower case, no leading zeros, the first longest run of zero groups shortened. */
function ipv6Text(bytes: Uint8Array): string {
  const groups: number[] = [];
  for (let i = 0; i < 16; i += 2) groups.push(((bytes[i] as number) << 8) | (bytes[i + 1] as number));
  let bestStart = -1;
  let bestLength = 1;
  for (let i = 0; i < 8; i++) {
    let length = 0;
    while (i + length < 8 && groups[i + length] === 0) length++;
    if (length > bestLength) {
      bestStart = i;
      bestLength = length;
    }
    if (length > 0) i += length - 1;
  }
  const hex = (part: number[]) => part.map((group) => group.toString(16)).join(":");
  if (bestStart < 0) return hex(groups);
  return `${hex(groups.slice(0, bestStart))}::${hex(groups.slice(bestStart + bestLength))}`;
}
