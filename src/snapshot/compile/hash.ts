import { createHash } from "node:crypto";

/** SHA-256 (hex) over everything but `version`, `hash` and `compiledAtMs`; the order of keys does not matter. */
export function contentHash(snapshot: object): string {
  const content = Object.entries(snapshot).filter(([key]) => !["version", "hash", "compiledAtMs"].includes(key));
  return createHash("sha256")
    .update(canonicalJson(Object.fromEntries(content)))
    .digest("hex");
}

export function sha256Hex(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** JSON with the keys of every object sorted. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => {
    if (typeof inner !== "object" || inner === null || Array.isArray(inner)) return inner;
    return Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
