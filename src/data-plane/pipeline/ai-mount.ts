import type { AiServiceSnapshot, RouteSnapshot } from "../../contracts/snapshot.ts";
import { routeSegments } from "./route-paths.ts";
import type { Mount } from "./route-tree.ts";
import type { AiTargetRoute, UnifiedApi } from "./unified-api.ts";

/** What is the service's own of what a call to it leads to. */
export type OwnOfService = Pick<
  AiTargetRoute,
  "service" | "layers" | "policies" | "releaseHeaders" | "releases" | "isChosen"
>;

/** The unified API below a route of a service of kind `ai`. `own`: asked for each endpoint that is called. */
export function mountUnifiedApi(
  unified: UnifiedApi,
  snapshot: AiServiceSnapshot,
  route: RouteSnapshot,
  own: () => OwnOfService,
): Mount {
  const mountSegments = segmentsBefore(route);
  const made = new Map<AiTargetRoute, AiTargetRoute>();
  const targetOf = (builtIn: AiTargetRoute): AiTargetRoute => {
    let target = made.get(builtIn);
    if (target === undefined) {
      target = {
        ...builtIn,
        ...own(),
        routeId: (route.path === "/" ? "" : route.path) + builtIn.routeId,
        maxBodyBytes: snapshot.maxBodyBytes ?? builtIn.maxBodyBytes,
        models: snapshot.policies?.models ?? null,
        mountSegments,
        snapshot,
      };
      made.set(builtIn, target);
    }
    return target;
  };
  return {
    kind: "mount",
    find: (method, path) => {
      const match = unified.routes.find(method, "", belowMount(path, mountSegments));
      return match.found && match.target.kind === "ai" ? { found: true, target: targetOf(match.target) } : match;
    },
    byPath: (path) => {
      const places = unified.routes.byPath(belowMount(path, mountSegments));
      return places.flatMap(({ routes }) =>
        routes.flatMap(({ methods, target }) => (target.kind === "ai" ? [{ methods, target: targetOf(target) }] : [])),
      );
    },
  };
}

function segmentsBefore(route: RouteSnapshot): number {
  const [base = []] = routeSegments({ ...route, match: "prefix" });
  return base.filter((segment) => segment !== "rest").length;
}

/** What of a path follows its first segments; "" when nothing does. */
export function belowMount(path: string, segments: number): string {
  let at = 0;
  for (let left = segments; left > 0 && at >= 0; left--) at = path.indexOf("/", at + 1);
  return at < 0 ? "" : path.slice(at);
}
