import type { Context } from "../context.ts";
import type { Stage } from "../pipeline.ts";
import { chooseRelease, MethodRefused, type ReleaseChoice, stickyPoint } from "../releases/choose-release.ts";
import { refuseRetired } from "../releases/lifecycle.ts";
import type { LiveReleases } from "../releases/live-releases.ts";

/**
 * Between authenticate and authorize: of a service with several live releases, which one this call is for. It comes
 * after authenticate, so that an application can stay with one release. `draw`: a point of the shares, for each call.
 */
export function compile(draw: () => number = drawShare): Stage {
  return (context) => {
    const { target } = context;
    if (target === null || target.kind === "health" || target.releases === null) return "next";
    const chosen = bySession(target.releases, context) ?? choose(target.releases, context, draw);
    context.target = chosen.target;
    context.cors = chosen.target.policies?.cors ?? null;
    context.releaseBy = chosen.by;
    if (chosen.target.snapshot !== null) refuseRetired(chosen.target.snapshot);
    return "next";
  };
}

/** A session stays with the release that it was begun with, as long as that is live. */
function bySession({ releases }: LiveReleases, { mcp, exchange }: Context): ReleaseChoice | null {
  const number = mcp?.session?.release ?? null;
  const release = number === null ? undefined : releases.find(({ snapshot }) => snapshot.release === number);
  const match = release?.find(exchange.method, exchange.host, exchange.path);
  if (release === undefined || match?.found !== true || match.target.kind !== "rest") return null;
  return { release, target: match.target, by: "session" };
}

/** 0 (inclusive) to 100 (exclusive). */
function drawShare(): number {
  return Math.random() * 100;
}

function choose(live: LiveReleases, context: Context, draw: () => number): ReleaseChoice {
  const { exchange } = context;
  const points = {
    drawn: live.draws ? draw() : Number.NaN,
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
