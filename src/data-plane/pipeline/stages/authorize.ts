import { GatewayError } from "../../../contracts/errors.ts";
import type { Stage } from "../pipeline.ts";

/** Stage 4. The application must hold an approved subscription to the service, unless the service asks for less. */
export function compile(): Stage {
  return (context) => {
    const { target, application } = context;
    if (target === null || target.kind === "health" || target.service.access !== "subscription") return "next";
    if (application?.subscriptions.has(target.service.id)) return "next";
    throw new GatewayError(
      "subscription_required",
      `application ${application?.id ?? "(none)"} has no approved subscription to service ${target.service.id}`,
    );
  };
}
