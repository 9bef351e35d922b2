import type { CacheMarker } from "../../contracts/ir.ts";
import type { JsonObject } from "../checks.ts";

/** Converse marks a prefix by a block of its own, which stands after the last one of it. */
export function cachePoint({ ttl }: CacheMarker): JsonObject {
  return { cachePoint: { type: "default", ...(ttl === undefined ? {} : { ttl }) } };
}

export function cacheMarkerOf({ ttl }: JsonObject): CacheMarker {
  return ttl === "5m" || ttl === "1h" ? { ttl } : {};
}
