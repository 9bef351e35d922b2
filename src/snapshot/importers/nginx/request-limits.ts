import type { LimitPart } from "../configuration-part.ts";
import type { Notebook } from "../notebook.ts";
import type { Directive } from "./parse.ts";
import type { Scope } from "./scope.ts";

export interface LimitZone {
  per: LimitPart["per"];
  /** Milliseconds between two calls. */
  intervalMs: number;
}

const MAX_BURST = 1_000_000;
const INSTEAD = "set the service's `limits` by hand";

/** `limit_req_zone` of the whole file, by name. */
export function readLimitZones(directives: readonly Directive[], notes: Notebook): Map<string, LimitZone> {
  const zones = new Map<string, LimitZone>();
  for (const { args, place } of directives) {
    const name = /^zone=([^:]+)/.exec(args.find((arg) => arg.startsWith("zone=")) ?? "")?.[1];
    const [, amount, unit] = /^rate=(\d+)r\/([sm])$/.exec(args.find((arg) => arg.startsWith("rate=")) ?? "") ?? [];
    if (name === undefined || amount === undefined || Number(amount) === 0) {
      notes.leftOut(place, "limit_req_zone", "its zone or rate can't be read", INSTEAD);
      continue;
    }
    const per = countedBy(args[0] ?? "");
    if (per === null) {
      const why =
        "calls can be counted for each client address, each application or the whole service; it counts by something else";
      notes.leftOut(place, `limit_req_zone ${name}`, why, INSTEAD);
      continue;
    }
    if (per === "application") {
      const why =
        "it counts by a key in a header; Tidegate counts calls of each application, which it knows by its key";
      notes.changed(
        place,
        `limit_req_zone ${name}`,
        why,
        "give the callers applications, and the service `access: key`",
      );
    }
    zones.set(name, { per, intervalMs: (unit === "m" ? 60_000 : 1000) / Number(amount) });
  }
  return zones;
}

function countedBy(key: string): LimitPart["per"] | null {
  if (/^\$(?:binary_)?remote_addr$/.test(key) || key === "$http_x_forwarded_for") return "address";
  if (key === "$server_name" || key === "$host" || key === "$http_host") return "service";
  return /^\$http_(?:authorization|.*key|.*token)$/.test(key) ? "application" : null;
}

/**
 * `limit_req` as a token bucket: nginx admits `burst` calls more than the rate allows, and here the bucket holds
 * `burst + 1` and is full again after `burst + 1` intervals.
 */
export function requestLimits(scope: Scope, zones: ReadonlyMap<string, LimitZone>, notes: Notebook): LimitPart[] {
  return scope.findAll("limit_req").flatMap(({ args, place }) => {
    const name = /^zone=(.+)/.exec(args.find((arg) => arg.startsWith("zone=")) ?? "")?.[1] ?? "";
    const zone = zones.get(name);
    if (zone === undefined) {
      notes.leftOut(place, "limit_req", "its zone was not carried over, or is not in the file", INSTEAD);
      return [];
    }
    const burst = Number(/^burst=(\d+)/.exec(args.find((arg) => arg.startsWith("burst=")) ?? "")?.[1] ?? 0);
    if (burst > 0 && !args.includes("nodelay")) {
      const why = "without `nodelay` nginx holds calls of a burst back; Tidegate lets them through at once";
      notes.changed(
        place,
        "limit_req",
        why,
        "nothing, unless the upstream can't take a burst: then lower `requests` and `window` alike",
      );
    }
    if (scope.find("limit_req_status")?.args[0] !== "429") {
      notes.changed(place, "limit_req_status", "calls above the limit are answered with 429, not with 503", "nothing");
    }
    const requests = Math.min(burst, MAX_BURST) + 1;
    const windowMs = Math.max(1, Math.round(requests * zone.intervalMs));
    const window = windowMs % 1000 === 0 ? `${windowMs / 1000}s` : `${windowMs}ms`;
    return [{ per: zone.per, requests, window, algorithm: "token-bucket" as const }];
  });
}
