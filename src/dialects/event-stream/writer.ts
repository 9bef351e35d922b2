import { crc32 } from "node:zlib";
import { CRC_BYTES, PRELUDE_BYTES } from "./reader.ts";

/** One message; `headers` as `writeHeaders` gives them, so that those of a kind of message are written once. */
export function writeMessage(headers: Buffer, payload: string): Buffer {
  const length = PRELUDE_BYTES + headers.length + Buffer.byteLength(payload) + CRC_BYTES;
  const message = Buffer.allocUnsafe(length);
  message.writeUInt32BE(length, 0);
  message.writeUInt32BE(headers.length, 4);
  message.writeUInt32BE(crc32(message.subarray(0, 8)), 8);
  headers.copy(message, PRELUDE_BYTES);
  message.write(payload, PRELUDE_BYTES + headers.length);
  message.writeUInt32BE(crc32(message.subarray(0, length - CRC_BYTES)), length - CRC_BYTES);
  return message;
}
