import { createHash, timingSafeEqual } from "node:crypto";
import { parseDictionary, StructuredFieldError } from "./structured-fields.ts";

/** Of RFC 9530's registry, those that are neither deprecated nor insecure. */
const HASHES: Readonly<Record<string, string>> = { "sha-256": "sha256", "sha-512": "sha512" };

/** What is wrong with a `Content-Digest` (RFC 9530) for this body; null: nothing. */
export function contentDigestProblem(value: string, body: Uint8Array): string | null {
  let checked = 0;
  try {
    for (const [name, member] of parseDictionary(value)) {
      const hash = HASHES[name];
      if (hash === undefined) continue;
      if ("items" in member || member.item.type !== "bytes") return `\`Content-Digest\` has no bytes for ${name}`;
      const digest = createHash(hash).update(body).digest();
      if (digest.length !== member.item.value.length || !timingSafeEqual(digest, member.item.value)) {
        return `the ${name} in \`Content-Digest\` is not that of the body`;
      }
      checked++;
    }
  } catch (error) {
    if (!(error instanceof StructuredFieldError)) throw error;
    return `\`Content-Digest\` is malformed: ${error.message}`;
  }
  return checked > 0 ? null : "`Content-Digest` has neither sha-256 nor sha-512";
}
