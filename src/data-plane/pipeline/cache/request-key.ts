import { createHash } from "node:crypto";
import { duplicateMember } from "../policies/duplicate-member.ts";

/** Numbers that JavaScript may not tell apart; what has such is compared byte for byte. */
const LONG_NUMBER = /\d{16}/;

/**
 * The same for all JSON texts that say the same: order of members and white space do not count. Longer bodies are compared byte
 * for byte, since parsing them would keep other calls waiting; so are those in which a member is there twice: an upstream may take the
 * other one, and its answer must not be given to calls that say what was taken here.
 */
export function requestDigest(body: Buffer, maxParsedBytes: number): string {
  const hash = createHash("sha256");
  if (body.length <= maxParsedBytes) {
    const text = body.toString();
    if (!LONG_NUMBER.test(text)) {
      try {
        const value: unknown = JSON.parse(text);
        if (duplicateMember(text) === null) return hash.update(canonical(value)).digest("base64url");
      } catch {
        // No JSON, which is the call's to say, or nested too deeply.
      }
    }
  }
  return hash.update("bytes\n").update(body).digest("base64url");
}

function canonical(value: unknown): string {
  // `1e400`, of which JSON would make null.
  if (typeof value === "number" && !Number.isFinite(value)) throw new RangeError("too large a number");
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonical(member)}`).join(",")}}`;
}
