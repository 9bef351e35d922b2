import { KINDS_AT } from "../schema/policies.ts";
import { parseSize } from "../schema/scalars.ts";
import type { Check, CheckContext } from "./check.ts";
import type { Cursor } from "./cursor.ts";
import { policiesOf } from "./policies-of.ts";
import { aiServices, isAi, restServices } from "./service-kinds.ts";
import { serviceOf } from "./subscriptions.ts";

export const checkPolicies: Check = (context) => {
  for (const { level, owner, policies } of policiesOf(context.root)) {
    checkList(context, policies.at("addresses"), "address");
    checkList(context, policies.at("models"), "model");
    checkList(context, policies.at("tools"), "tool");
    checkCors(context, policies.at("cors"));
    checkMock(context, policies.at("mock"));
    checkCache(context, policies.at("cache"), level === "ai" || (level === "service" && isAi(owner)));
  }
  checkCacheSizes(context);
  for (const service of context.root.at("services").items()) checkSaidOnce(context, service);
  const kinds = { ofModels: aiServices(context.root), ofRest: restServices(context.root) };
  for (const application of context.root.at("applications").items()) {
    for (const subscription of application.at("subscriptions").items()) {
      checkSubscription(context, subscription, kinds);
    }
  }
};

function checkList({ report }: CheckContext, list: Cursor, what: string): void {
  if (!list.exists || list.at("allow").exists || list.at("deny").items().length > 0) return;
  report(list.path, `the list names no ${what}: give \`allow\`, \`deny\` or both`);
}

/** Fetch standard, §3.2.5: `*` is no origin for calls with credentials, and any origin given back would be as good as `*`. */
function checkCors({ report }: CheckContext, cors: Cursor): void {
  const star = cors
    .at("origins")
    .items()
    .find((origin) => origin.value === "*");
  if (star === undefined || cors.at("credentials").value !== true) return;
  report(star.path, "`credentials: true` excludes the origin `*`: list the origins that may send cookies");
}

/** RFC 9110 §15.3.5, §15.4.5. */
function checkMock({ report }: CheckContext, mock: Cursor): void {
  const status = mock.at("status").value;
  if ((status !== 204 && status !== 304) || (mock.at("body").text() ?? "") === "") return;
  report(mock.at("body").path, `an answer with status ${status} has no body`);
}

function checkCache({ report }: CheckContext, cache: Cursor, isOfModels: boolean): void {
  if (typeof cache.value !== "object" || cache.value === null) return;
  const [byDefault, override] = [cache.at("default_ttl"), cache.at("override_ttl")];
  if (byDefault.exists && override.exists) {
    report(byDefault.path, "`override_ttl` holds for all answers: leave one of them out");
  }
  if (!isOfModels) return;
  if (!byDefault.exists && !override.exists) {
    report(cache.path, "answers of models do not say for how long they are good: give `default_ttl`");
  }
  for (const key of ["stale_while_revalidate", "stale_if_error"]) {
    if (cache.at(key).exists) report(cache.at(key).path, "answers of models are not given when they are stale");
  }
}

function checkCacheSizes({ report, root }: CheckContext): void {
  const sizes = ["max_size", "max_entry_size"].map((key) => root.at("cache", key));
  const [max = Number.NaN, maxEntry = Number.NaN] = sizes.map(({ value }) => parseSize(value) ?? Number.NaN);
  const [, entry] = sizes;
  if (entry !== undefined && maxEntry > max)
    report(entry.path, "one answer can't be longer than all of them: see `max_size`");
}

/** A service has had them before there were policies. */
function checkSaidOnce({ report }: CheckContext, service: Cursor): void {
  for (const kind of ["request_headers", "response_headers", "max_body_size"]) {
    const policy = service.at("policies", kind);
    if (policy.exists && service.at(kind).exists) {
      report(policy.path, `the service has \`${kind}\` besides: leave one of them out`);
    }
  }
}

function checkSubscription(
  { report }: CheckContext,
  subscription: Cursor,
  { ofModels, ofRest }: { ofModels: ReadonlySet<string>; ofRest: ReadonlySet<string> },
): void {
  const service = serviceOf(subscription).text() ?? "";
  const policies = subscription.at("policies");
  if (ofRest.has(service) && policies.at("models").exists) {
    const message = "models are those of the unified API: this is for subscriptions to `ai` and services of kind ai";
    report(policies.at("models").path, message);
  }
  if (!ofModels.has(service)) return;
  const taken: readonly string[] = KINDS_AT.ai;
  for (const kind of policies.keys()) {
    if (!taken.includes(kind)) report(policies.at(kind).path, "the unified API takes no such policy");
  }
}
