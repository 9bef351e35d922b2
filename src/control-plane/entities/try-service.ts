import { setTimeout as delay } from "node:timers/promises";
import { routeShape } from "../../snapshot/checks/route-path.ts";
import type { Actor } from "../access/actor.ts";
import type { Change, Plane } from "../plane.ts";
import { ProblemError } from "../problem.ts";
import { callGateway, type Gateway, type TriedAnswer, type TriedCall } from "../try-it/gateway.ts";
import { matchingRoute } from "../try-it/match-route.ts";
import { changeableApplication } from "./applications.ts";
import { visibleService } from "./catalogue.ts";
import { currentRoutes } from "./lifecycle.ts";
import { type OwnKey, ownKey } from "./own-key.ts";
import type { ServiceRow } from "./service-views.ts";

export interface Try {
  /** In whose name; null: in nobody's, as for services that are open. */
  application: string | null;
  method: string;
  /** With its query. */
  path: string;
  host: string | null;
  headers: Readonly<Record<string, string>>;
  body: Buffer | null;
}

/** How long a gateway may take to hear of a key that was just made. */
const NEWS_LIMIT_MS = 5_000;
const ASK_AGAIN_MS = 50;
/** They frame the message, or say whose call it is and where it comes from: that is Tidegate's to say. */
const REFUSED = new Set([
  ...["authorization", "x-api-key", "api-key", "x-goog-api-key", "proxy-authorization"],
  ...["forwarded", "via", "x-real-ip", "host"],
  ...["connection", "content-length", "expect", "keep-alive", "proxy-connection", "te", "trailer", "upgrade"],
  "transfer-encoding",
]);

/**
 * One call to a service that the actor may see, through the gateway like any other: limits, policies and the call log apply. In an
 * application's name for those who manage its credentials, with a key that only Tidegate knows.
 */
export async function tryService(plane: Plane, actor: Actor, id: string, given: Try): Promise<TriedAnswer> {
  const row = await visibleService(plane, actor, id);
  const { gateway, call, isNew } = await plane.change(actor, (change) => prepare(plane, change, row, given));
  const endMs = performance.now() + NEWS_LIMIT_MS;
  for (;;) {
    const answer = await callGateway(gateway, call);
    // It has not heard of the key yet.
    if (!isNew || answer.status !== 401 || performance.now() > endMs) return answer;
    await delay(ASK_AGAIN_MS);
  }
}

async function prepare(
  plane: Plane,
  change: Change,
  row: ServiceRow,
  given: Try,
): Promise<{ gateway: Gateway; call: TriedCall; isNew: boolean }> {
  const { application: name, method, body } = given;
  const application = name === null ? null : await changeableApplication(change, name, "credential.manage");
  const gateway = plane.gateway();
  if (gateway === null) throw new ProblemError("unavailable", "no gateway is known here: set TIDEGATE_GATEWAY_URL");
  requireHeaders(given.headers, gateway);
  const { pathname, search } = parsedPath(given.path);
  const host = await hostFor(change, row, { method, path: pathname, host: given.host });
  const { key, isNew }: OwnKey =
    application === null ? { key: null, isNew: false } : await ownKey(plane, change, application);
  await change.audit({
    action: "service.try",
    subjectType: "service",
    subjectId: row.id,
    teamId: row.team_id,
    before: null,
    // Without the query, which may hold anything.
    after: { application: name, method, path: pathname },
  });
  const headers = { "user-agent": "tidegate-try-it", ...given.headers, ...(key === null ? {} : { "x-api-key": key }) };
  return { gateway, call: { method, target: pathname + search, host, headers, body }, isNew };
}

/** Of the route that takes the call: nothing but this service is called. */
async function hostFor(
  change: Change,
  row: ServiceRow,
  call: { method: string; path: string; host: string | null },
): Promise<string | null> {
  const route = matchingRoute(await currentRoutes(change.trx, row), call);
  if (route === null) throw refused("path", `no route of ${row.id} takes ${call.method} ${call.path}`);
  const host = call.host ?? route.host;
  const steps = call.path.split("/");
  const paths = steps.map((_, index) => steps.slice(0, index + 1).join("/") || "/");
  const narrower = paths.filter((path) => path.length > (route.match === "prefix" ? route.path.length : Infinity));
  const shapes = [...narrower.map((path) => routeShape(path, "prefix")), routeShape(call.path, "exact")];
  const rivals = await change.trx
    .selectFrom("live_routes")
    .select("service_id")
    .where(
      "shape",
      "in",
      shapes.flatMap((shape) => [`* ${shape}`, `${host ?? "*"} ${shape}`]),
    )
    .where("method", "in", ["*", call.method])
    .where("service_id", "!=", row.id)
    .execute();
  if (rivals.length === 0) return host;
  throw refused("path", `a narrower route of another service takes ${call.method} ${call.path}`);
}

function parsedPath(path: string): URL {
  const url = URL.canParse(path, "http://gateway") ? new URL(path, "http://gateway") : null;
  // Two slashes begin another host.
  if (path.startsWith("/") && url?.host === "gateway") return url;
  throw refused("path", "expected a path that begins with one `/`");
}

function requireHeaders(headers: Readonly<Record<string, string>>, { believedHeaders }: Gateway): void {
  for (const name of Object.keys(headers)) {
    const lower = name.toLowerCase();
    if (!REFUSED.has(lower) && !lower.startsWith("x-forwarded-") && !believedHeaders.includes(lower)) continue;
    throw refused(`headers.${name}`, "this header is not yours to set here");
  }
}

function refused(path: string, message: string): ProblemError {
  return new ProblemError("invalid_request", `${path}: ${message}`, { errors: [{ path, message }] });
}
