import { field } from "../documents/json.ts";

/** Semantic Versioning 2.0.0. */
export const SEMVER =
  /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?(\+[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?$/;

/**
 * Whether `info.version` says that clients must expect breaking changes: a higher major version, or below 1.0.0 a
 * higher minor one. False where one of the two is not semantic.
 */
export function announcesBreakingChanges(before: unknown, after: unknown): boolean {
  const old = versionOf(before);
  const now = versionOf(after);
  if (old === null || now === null) return false;
  if (old.major !== now.major) return now.major > old.major;
  return old.major === 0 && now.minor > old.minor;
}

function versionOf(document: unknown): { major: number; minor: number } | null {
  const version = field(field(document, "info"), "version");
  const parts = typeof version === "string" ? SEMVER.exec(version) : null;
  return parts === null ? null : { major: Number(parts[1]), minor: Number(parts[2]) };
}
