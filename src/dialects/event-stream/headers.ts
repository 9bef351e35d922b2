/** Types of header values; the number is the byte that stands before the value. */
const TRUE = 0;
const FALSE = 1;
const BYTE = 2;
const SHORT = 3;
const INTEGER = 4;
const LONG = 5;
const BYTES = 6;
const STRING = 7;
const TIMESTAMP = 8;
const UUID = 9;

/** Bytes of the values that are all of one length. */
const FIXED_BYTES: Readonly<Record<number, number>> = {
  [TRUE]: 0,
  [FALSE]: 0,
  [BYTE]: 1,
  [SHORT]: 2,
  [INTEGER]: 4,
  [LONG]: 8,
  [TIMESTAMP]: 8,
  [UUID]: 16,
};

/**
 * The headers of a message whose values are texts; null where they can't be read. Each is a length (1 byte), a name, a
 * type (1 byte) and a value; texts and bytes have a length (2 bytes) before them.
 */
export function readHeaders(bytes: Buffer): Map<string, string> | null {
  const headers = new Map<string, string>();
  let at = 0;
  while (at < bytes.length) {
    const nameEnd = at + 1 + (bytes[at] as number);
    if (nameEnd + 1 > bytes.length) return null;
    const name = bytes.toString("utf8", at + 1, nameEnd);
    const type = bytes[nameEnd] as number;
    at = nameEnd + 1;
    if (type !== STRING && type !== BYTES) {
      const length = FIXED_BYTES[type];
      if (length === undefined || at + length > bytes.length) return null;
      at += length;
      continue;
    }
    if (at + 2 > bytes.length) return null;
    const end = at + 2 + bytes.readUInt16BE(at);
    if (end > bytes.length) return null;
    if (type === STRING) headers.set(name, bytes.toString("utf8", at + 2, end));
    at = end;
  }
  return headers;
}

/** Names and values, alternating; names of at most 255 bytes, values of at most 32,767. */
export function writeHeaders(headers: readonly string[]): Buffer {
  const pieces: Buffer[] = [];
  for (let i = 0; i < headers.length; i += 2) {
    const name = Buffer.from(headers[i] as string);
    const value = Buffer.from(headers[i + 1] as string);
    pieces.push(Buffer.from([name.length]), name, Buffer.from([STRING, value.length >> 8, value.length & 0xff]), value);
  }
  return Buffer.concat(pieces);
}
