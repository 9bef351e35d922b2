import { GatewayError } from "../../../contracts/errors.ts";
import type { Context } from "../context.ts";
import { requireModel } from "../policies/model-access.ts";
import type { ModelRoute, ModelRoutes } from "./model-routes.ts";

/** What a model's name leads to, for a caller that may use it. Throws `model_not_found` and `model_not_allowed`. */
export function resolveModel(
  context: Pick<Context, "modelAccess" | "application">,
  routes: ModelRoutes,
  name: string,
): ModelRoute {
  if (context.modelAccess === null) return routes.resolve(name);
  let route: ModelRoute;
  try {
    route = routes.resolve(name);
  } catch (error) {
    if (!(error instanceof GatewayError) || error.code !== "model_not_found") throw error;
    // Its list of models would name such as this caller must not use.
    const message = `model \`${name.slice(0, 200)}\` is not known: GET /v1/models has those that you may use`;
    throw new GatewayError("model_not_found", message, { param: "model" });
  }
  requireModel(context, name, route.name);
  return route;
}
