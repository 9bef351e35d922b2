import type { Check, CheckContext } from "./check.ts";
import type { Cursor } from "./cursor.ts";
import { destinationsOf } from "./model-routes.ts";

export const checkUpstreams: Check = (context) => {
  const { root, report } = context;
  for (const provider of root.at("providers").items()) checkWeights(context, provider.at("keys"));
  for (const model of root.at("models").items()) {
    for (const destination of [model, ...destinationsOf(model)]) {
      checkWeights(context, destination.at("targets"));
      checkStickTo(context, destination);
    }
  }
  const upstreams = root
    .at("services")
    .items()
    .flatMap((service) => [service.at("upstream"), service.at("canary", "upstream")]);
  for (const upstream of upstreams) {
    checkWeights(context, upstream.at("targets"));
    const type = upstream.at("hash_on", "type").text();
    const hasName = upstream.at("hash_on", "name").exists;
    if ((type === "header" || type === "cookie") && !hasName) {
      report(upstream.at("hash_on").path, `\`name\` is required: the ${type} to hash`);
    }
    if (type === "address" && hasName) report(upstream.at("hash_on", "name").path, "type address has no name");
  }
};

function checkStickTo({ report }: CheckContext, model: Cursor): void {
  const stickTo = model.at("stick_to");
  if (!stickTo.exists) return;
  if (model.at("strategy").text() !== "sticky") {
    report(stickTo.path, "only a model with `strategy: sticky` sticks to something");
  }
  const isHeader = stickTo.at("type").text() === "header";
  if (isHeader && !stickTo.at("name").exists) report(stickTo.path, "`name` is required: of the header");
  if (!isHeader && stickTo.at("name").exists) report(stickTo.at("name").path, "only a header has a name");
}

function checkWeights({ report }: CheckContext, list: Cursor): void {
  const entries = list.items();
  if (entries.length > 0 && entries.every((entry) => entry.at("weight").value === 0)) {
    report(list.path, "every weight is 0: at least one must be above 0");
  }
}

/** Services of other kinds have none. */
export const checkUpstreamsGiven: Check = ({ root, report }) => {
  for (const service of root.at("services").items()) {
    const upstream = service.at("upstream");
    const kind = service.at("kind");
    const hasOne = !kind.exists || ["rest", "mcp"].includes(kind.text() ?? "");
    if (upstream.exists || !hasOne || service.keys().length === 0) continue;
    report(upstream.path, "required, but missing: the servers behind the service, with their `targets`");
  }
};
