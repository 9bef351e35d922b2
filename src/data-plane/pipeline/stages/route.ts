import { GatewayError } from "../../../contracts/errors.ts";
import type { Context } from "../context.ts";
import type { Stage } from "../pipeline.ts";
import { refuseRetired } from "../releases/lifecycle.ts";
import type { Router } from "../router.ts";
import type { Runtime } from "../runtime.ts";

/** Stage 2. Finds what host, path and method lead to. Health checks are answered here: they are no calls. */
export function compile(router: Router, runtime: Pick<Runtime, "draining" | "open">): Stage {
  return (context) => {
    const { method, host, path } = context.exchange;
    const match = router(method, host, path);
    if (!match.found) {
      context.allowedMethods = match.allowedMethods;
      throw match.allowedMethods === null
        ? new GatewayError("route_not_found", `no service has a route for ${method} ${path}`)
        : methodNotAllowed(method, match.allowedMethods);
    }
    if (match.target.kind === "health") {
      answerHealth(context, match.target.check, runtime);
      return "done";
    }
    context.target = match.target;
    // Before anybody is asked who they are: what has been deleted with a service must not hide that it is gone.
    if (match.target.kind === "rest" && match.target.releases === null) refuseRetired(match.target.snapshot);
    return "next";
  };
}

export function methodNotAllowed(method: string, allowed: readonly string[]): GatewayError {
  return new GatewayError("method_not_allowed", `${method} is not allowed here: use ${allowed.join(" or ")}`);
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
