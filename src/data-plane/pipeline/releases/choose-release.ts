import { GatewayError } from "../../../contracts/errors.ts";
import type { Exchange } from "../../../contracts/exchange.ts";
import type { ServiceTarget } from "../compiled.ts";
import { methodNotAllowed } from "../stages/route.ts";
import type { LiveCanary, LiveRelease, LiveReleases } from "./live-releases.ts";

export interface ReleaseChoice {
  release: LiveRelease;
  target: ServiceTarget;
  /** What decided. `session`: that of an MCP server, begun with this release. `route`: the default has no route for the call, this one has. */
  by: "session" | "version" | "canary header" | "canary share" | "default" | "route";
}

type Asked = Pick<Exchange, "method" | "host" | "path" | "header" | "clientAddress">;

/** Where in the shares a call is: 0 (inclusive) to 100 (exclusive). NaN: in none. */
export interface SharePoints {
  /** Drawn anew for each call. */
  drawn: number;
  /** Always the same for one caller. */
  sticky: number;
}

/**
 * The release of a call, and its route in it (src/docs/decisions/009-live-releases.md). Throws `route_not_found` when the
 * version asked for is not there or has no such route, and `method_not_allowed`.
 */
export function chooseRelease(live: LiveReleases, asked: Asked, points: SharePoints): ReleaseChoice {
  const { method, host, path } = asked;
  const version = versionAsked(live, asked);
  if (version !== null) {
    const match = version.find(method, host, path);
    if (match.found) return { release: version, target: match.target as ServiceTarget, by: "version" };
    if (match.allowedMethods !== null) throw new MethodRefused(match.allowedMethods);
    throw new GatewayError(
      "route_not_found",
      `release ${version.snapshot.release} of service ${live.serviceId} has no route for ${method} ${path}`,
    );
  }
  const allowed = new Set<string>();
  for (const { release, by } of candidates(live, asked, points)) {
    const match = release.find(method, host, path);
    if (match.found) return { release, target: match.target as ServiceTarget, by };
    for (const name of match.allowedMethods ?? []) allowed.add(name);
  }
  throw new MethodRefused([...allowed]);
}

/** As `method_not_allowed`, with what belongs into `Allow`. */
export class MethodRefused {
  readonly allowedMethods: readonly string[];

  constructor(allowedMethods: readonly string[]) {
    this.allowedMethods = allowedMethods;
  }

  errorFor(method: string): GatewayError {
    return methodNotAllowed(method, this.allowedMethods);
  }
}

function versionAsked(live: LiveReleases, asked: Asked): LiveRelease | null {
  for (const header of live.versionHeaders) {
    const value = asked.header(header);
    if (value === undefined) continue;
    const found = live.releases.find(
      ({ selection: { version } }) => version?.header === header && version.value === value,
    );
    if (found !== undefined) return found;
    const known = live.releases.flatMap(({ selection: { version } }) =>
      version?.header === header ? version.value : [],
    );
    throw new GatewayError(
      "route_not_found",
      `service ${live.serviceId} has no such ${header}: use ${known.join(" or ")}, or leave the header out`,
    );
  }
  return null;
}

/** In the order in which they are asked for a route; a release may come twice. */
function* candidates(
  live: LiveReleases,
  asked: Asked,
  points: SharePoints,
): Generator<{ release: LiveRelease; by: ReleaseChoice["by"] }> {
  for (const { release, header } of live.canaries) {
    if (header !== null && asked.header(header.name) === header.value) yield { release, by: "canary header" };
  }
  for (const canary of live.canaries) {
    if (isWithin(canary, points)) yield { release: canary.release, by: "canary share" };
  }
  const [byDefault, ...others] = live.releases;
  if (byDefault !== undefined) yield { release: byDefault, by: "default" };
  for (const release of others) yield { release, by: "route" };
}

function isWithin({ sticky, from, to }: LiveCanary, points: SharePoints): boolean {
  // All of it: certain also for who has drawn nothing.
  if (to - from === 100) return true;
  const point = sticky ? points.sticky : points.drawn;
  return point >= from && point < to;
}

/**
 * The place of a caller in the shares of a service: the same as long as both have their names, whatever the shares are.
 * A share that grows keeps those that were in it. FNV-1a, finished as MurmurHash3 is.
 */
export function stickyPoint(serviceId: string, caller: string): number {
  let hash = 0x811c9dc5;
  const text = `${serviceId} ${caller}`;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32) * 100;
}
