import { formatPath } from "../problems/problem.ts";
import type { Check, CheckContext } from "./check.ts";
import type { Cursor } from "./cursor.ts";
import { AI_SERVICE } from "./identifiers.ts";
import { checkCountable, checkUnit } from "./limits.ts";
import { restServices } from "./service-kinds.ts";

/** The field that names the service: the subscription itself where that is all it says. */
export function serviceOf(subscription: Cursor): Cursor {
  return subscription.text() === undefined ? subscription.at("service") : subscription;
}

export const checkSubscriptions: Check = (context) => {
  const { root } = context;
  const accessOf = new Map([[AI_SERVICE, root.at("ai", "access").text()]]);
  for (const service of root.at("services").items()) {
    const id = service.at("id").text();
    if (id !== undefined) accessOf.set(id, service.at("access").text());
  }
  const ofRest = restServices(root);
  for (const application of root.at("applications").items()) {
    const seen = new Map<string, Cursor>();
    for (const subscription of application.at("subscriptions").items()) {
      checkOnce(context, subscription, seen);
      checkSubscriptionLimits(context, subscription, accessOf, ofRest);
    }
  }
};

/** The same word twice does no harm; two that may differ leave open which counts. */
function checkOnce({ report }: CheckContext, subscription: Cursor, seen: Map<string, Cursor>): void {
  const service = serviceOf(subscription).text();
  if (service === undefined) return;
  const first = seen.get(service);
  if (first === undefined) seen.set(service, subscription);
  else if (first.text() === undefined || subscription.text() === undefined) {
    report(serviceOf(subscription).path, `subscribed already in ${formatPath(first.path)}: leave one of them out`);
  }
}

function checkSubscriptionLimits(
  context: CheckContext,
  subscription: Cursor,
  accessOf: ReadonlyMap<string, string | undefined>,
  ofRest: ReadonlySet<string>,
): void {
  const service = serviceOf(subscription).text() ?? "";
  const limits = subscription.at("limits").items();
  for (const limit of limits) {
    checkUnit(context, limit);
    if (ofRest.has(service)) checkCountable(context, limit);
  }
  const access = accessOf.get(service) ?? "subscription";
  const [first] = limits;
  if (first !== undefined && (access === "open" || access === "key")) {
    context.warn(
      first.path,
      "the service can be called without a subscription, so limits of one have no effect: set them on the service or the application",
    );
  }
}
