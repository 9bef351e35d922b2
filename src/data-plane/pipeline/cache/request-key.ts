import { createHash } from "node:crypto";

/** Numbers that JavaScript may not tell apart; what has such is compared byte for byte. */
const LONG_NUMBER = /\d{16}/;

/**
 * The same for all JSON texts that say the same: order of members and white space do not count. Longer bodies are compared byte
 * for byte, since parsing them would keep other calls waiting.
 */
export function requestDigest(body: Buffer, maxParsedBytes: number): string {
  const hash = createHash("sha256");
  if (body.length <= maxParsedBytes) {
    const text = body.toString();
    if (!LONG_NUMBER.test(text)) {
      try {
        return hash.update(canonical(JSON.parse(text) as unknown)).digest("base64url");
      } catch {
        // No JSON, which is the call's to say, or nested too deeply.
      }
    }
  }
  return hash.update("bytes\n").update(body).digest("base64url");
}

function canonical(value: unknown): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonical(member)}`).join(",")}}`;
}
