import { GatewayError } from "../../../contracts/errors.ts";
import type { HeaderEditsSnapshot, RestServiceSnapshot, ServiceSnapshot } from "../../../contracts/snapshot.ts";
import type { Context } from "../context.ts";

export const RELEASE_HEADER = "x-tidegate-release";

/** What every answer says of the release it comes from. `single`: there is one of it, and an upstream's is replaced. */
interface ReleaseHeader {
  name: string;
  value: string;
  single: boolean;
}

/** `Deprecation` (RFC 9745 §2), `Sunset` (RFC 8594 §3), `Link` (RFC 9745 §3), and the release, of a service that has several. */
function headersOf({ deprecation, release, selection }: ServiceSnapshot): ReleaseHeader[] {
  const headers: ReleaseHeader[] = [];
  if (selection !== null && release !== null) {
    headers.push({ name: RELEASE_HEADER, value: String(release), single: true });
  }
  if (deprecation === null) return headers;
  const { atMs, sunsetAtMs, link } = deprecation;
  headers.push({ name: "deprecation", value: `@${Math.floor(atMs / 1000)}`, single: true });
  // IMF-fixdate (RFC 9110 §5.6.7)
  if (sunsetAtMs !== null) headers.push({ name: "sunset", value: new Date(sunsetAtMs).toUTCString(), single: true });
  if (link !== null) headers.push({ name: "link", value: `<${link}>; rel="deprecation"`, single: false });
  return headers;
}

/** Names and values, alternating: for answers that the gateway itself gives. */
export function releaseHeaders(service: ServiceSnapshot): readonly string[] {
  return headersOf(service).flatMap(({ name, value }) => [name, value]);
}

/** For answers of models. Those of ordinary services have them by their edits. */
export function pushReleaseHeaders(headers: string[], { target }: Pick<Context, "target">): void {
  if (target?.kind !== "ai") return;
  for (const part of target.releaseHeaders) headers.push(part);
}

/** The service's edits to answers with what is to be said of the release. What the service edits itself is its own. */
export function withReleaseHeaders(service: RestServiceSnapshot): HeaderEditsSnapshot {
  const { add, set, remove } = service.responseHeaders;
  const edited = new Set([...remove, ...set.map(([name]) => name)]);
  const headers = headersOf(service).filter(({ name }) => !edited.has(name));
  const pairs = (single: boolean) =>
    headers.filter((header) => header.single === single).map(({ name, value }): [string, string] => [name, value]);
  return { remove, set: [...pairs(true), ...set], add: [...pairs(false), ...add] };
}

/** Throws `service_retired`. */
export function refuseRetired({ id, retired, release, deprecation }: ServiceSnapshot): void {
  if (!retired) return;
  const what = release === null ? `service ${id}` : `release ${release} of service ${id}`;
  const link = deprecation?.link ?? null;
  throw new GatewayError("service_retired", link === null ? `${what} is gone` : `${what} is gone: see ${link}`);
}
