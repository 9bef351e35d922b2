import { GatewayError } from "../../../contracts/errors.ts";
import type { Exchange } from "../../../contracts/exchange.ts";
import type { RouteTarget } from "../compiled.ts";
import type { Context } from "../context.ts";
import { pushRequestId } from "../errors.ts";
import type { Stage } from "../pipeline.ts";
import { type CompiledCors, preflightMethod } from "../policies/cors.ts";
import { refuseRetired } from "../releases/lifecycle.ts";
import type { Router } from "../router.ts";
import type { Runtime } from "../runtime.ts";
import { respondHead } from "./respond.ts";

/** Stage 2. Finds what host, path and method lead to. Health checks are answered here: they are no calls. */
export function compile(router: Router, runtime: Pick<Runtime, "draining" | "open">): Stage {
  return (context) => {
    const { method, host, path } = context.exchange;
    if (router.hasCors && method === "OPTIONS" && answerPreflight(context, router)) return "done";
    const match = router(method, host, path);
    if (!match.found) {
      context.allowedMethods = match.allowedMethods;
      throw match.allowedMethods === null
        ? new GatewayError("route_not_found", `no service has a route for ${method} ${path}${hintFor(path)}`)
        : methodNotAllowed(method, match.allowedMethods);
    }
    if (match.target.kind === "health") {
      answerHealth(context, match.target.check, runtime);
      return "done";
    }
    context.target = match.target;
    if (router.hasCors) context.cors = corsOf(match.target, context.exchange, method);
    // Before anybody is asked who they are: what has been deleted with a service must not hide that it is gone.
    if (match.target.snapshot !== null && match.target.releases === null) refuseRetired(match.target.snapshot);
    return "next";
  };
}

/** Says the same whether there is such a provider or not. */
function hintFor(path: string): string {
  const isBelow = path.startsWith("/providers/");
  return isBelow ? ": of a provider's own API there is what its `pass_through` names" : "";
}

export function methodNotAllowed(method: string, allowed: readonly string[]): GatewayError {
  return new GatewayError("method_not_allowed", `${method} is not allowed here: use ${allowed.join(" or ")}`);
}

/**
 * Browsers send no credentials with a preflight request (Fetch standard, §4.8), so it is answered before anybody is asked for
 * some, by the policy of the call that it is about. False: it is none, or there is no policy, and it is a call like any other.
 */
function answerPreflight(context: Context, router: Router): boolean {
  const { exchange } = context;
  const method = preflightMethod(exchange);
  if (method === null) return false;
  const match = router(method, exchange.host, exchange.path);
  const cors = match.found ? corsOf(match.target, exchange, method) : null;
  if (!match.found || cors === null) return false;
  context.target = match.target;
  const headers = cors.preflight(exchange);
  pushRequestId(headers, context);
  respondHead(context, 204, headers, null);
  context.pipeline.finish(context);
  return true;
}

/** Before a release is chosen: that of the first release that takes such calls, the default before others. */
function corsOf(target: RouteTarget, { host, path }: Exchange, method: string): CompiledCors | null {
  if (target.kind === "health") return null;
  if (target.releases === null) return target.policies?.cors ?? null;
  for (const { find } of target.releases.releases) {
    const match = find(method, host, path);
    if (match.found && match.target.kind !== "health") return match.target.policies?.cors ?? null;
  }
  return null;
}

function answerHealth(
  context: Context,
  check: "liveness" | "readiness",
  runtime: Pick<Runtime, "draining" | "open">,
): void {
  const ready = check === "liveness" || !runtime.draining;
  // Not a call: no record, no metrics.
  context.finished = true;
  runtime.open.delete(context);
  context.exchange.respond(
    ready ? 200 : 503,
    ["content-type", "application/json", "cache-control", "no-store"],
    JSON.stringify({ status: ready ? "ok" : "draining", snapshot_version: context.pipeline.snapshot.version }),
  );
}
