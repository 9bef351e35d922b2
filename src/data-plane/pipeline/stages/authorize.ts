import { type ErrorCode, GatewayError } from "../../../contracts/errors.ts";
import type { SubscriptionState } from "../../../contracts/snapshot.ts";
import type { Stage } from "../pipeline.ts";
import { stateAt, subscriptionTo } from "../subscriptions.ts";

type Refused = Exclude<SubscriptionState, "approved"> | "none";

const REFUSALS: Record<Refused, { code: ErrorCode; reason: string }> = {
  none: { code: "subscription_required", reason: "has no approved subscription to it: ask for one" },
  pending: { code: "subscription_pending", reason: "has a subscription that is not approved yet" },
  rejected: { code: "subscription_rejected", reason: "has asked for a subscription and was refused" },
  revoked: { code: "subscription_revoked", reason: "had a subscription that was taken back" },
  cancelled: { code: "subscription_cancelled", reason: "has cancelled its subscription: ask for a new one" },
  expired: { code: "subscription_expired", reason: "had a subscription whose time is over: ask for a new one" },
};

/** Stage 4. The application must hold an approved subscription to the service, unless the service asks for less. */
export function compile(): Stage {
  return (context) => {
    const { target, application } = context;
    if (target === null || target.kind === "health" || target.service.access !== "subscription") return "next";
    const { id } = target.service;
    context.subscription = application === null ? null : subscriptionTo(application, id);
    const state = context.subscription === null ? "none" : stateAt(context.subscription, context.startedAtMs);
    if (state === "approved") return "next";
    const { code, reason } = REFUSALS[state];
    throw new GatewayError(
      code,
      `service ${id} needs a subscription, and application ${application?.id ?? "(none)"} ${reason}`,
    );
  };
}
