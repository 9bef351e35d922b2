import type { ServiceSnapshot } from "../contracts/snapshot.ts";
import { routeShape } from "./checks/route-path.ts";

export interface RouteShape {
  /** Equal for routes of which a call could go to either: host (`*`: any) and shape of the path. */
  shape: string;
  /** `*`: any. */
  method: string;
  /** As it was written, for people. */
  path: string;
}

/** One for each method of each route. */
export function routeShapes({ routes }: Pick<ServiceSnapshot, "routes">): RouteShape[] {
  return routes.flatMap(({ path, match, host, methods }) => {
    const shape = `${host ?? "*"} ${routeShape(path, match)}`;
    return (methods ?? ["*"]).map((method) => ({ shape, method, path }));
  });
}
