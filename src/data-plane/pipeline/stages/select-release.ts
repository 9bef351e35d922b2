import type { Context } from "../context.ts";
import type { Stage } from "../pipeline.ts";
import { chooseRelease, MethodRefused, type ReleaseChoice, stickyPoint } from "../releases/choose-release.ts";
import { refuseRetired } from "../releases/lifecycle.ts";
import type { LiveReleases } from "../releases/live-releases.ts";

/**
 * Between authenticate and authorize: of a service with several live releases, which one this call is for. It comes
 * after authenticate, so that an application can stay with one release.
 */
export function compile(): Stage {
  return (context) => {
    const { target } = context;
    if (target === null || target.kind !== "rest" || target.releases === null) return "next";
    const chosen = choose(target.releases, context).target;
    context.target = chosen;
    refuseRetired(chosen.snapshot);
    return "next";
  };
}

function choose(live: LiveReleases, context: Context): ReleaseChoice {
  const { exchange } = context;
  const points = {
    drawn: live.draws ? Math.random() * 100 : Number.NaN,
    sticky: live.isSticky ? stickyPoint(live.serviceId, callerOf(context)) : Number.NaN,
  };
  try {
    return chooseRelease(live, exchange, points);
  } catch (error) {
    if (!(error instanceof MethodRefused)) throw error;
    context.allowedMethods = error.allowedMethods;
    throw error.errorFor(exchange.method);
  }
}

/** Who is to stay with one release: callers without an application are told apart by their address. */
export function callerOf({ application, exchange }: Pick<Context, "application" | "exchange">): string {
  return application === null ? `address ${exchange.clientAddress}` : `application ${application.id}`;
}
