import type { CatalogueEntry } from "../../providers/catalogue.ts";
import type { Check, CheckContext } from "./check.ts";
import type { Cursor } from "./cursor.ts";
import { destinationsOf } from "./model-routes.ts";
import { checkProviderKeys } from "./provider-keys.ts";
import { checkProviderSettings } from "./provider-settings.ts";
import { pathFault } from "./route-path.ts";

/** What the catalogue demands of a provider of each kind. */
export const checkProviders: Check = (context) => {
  const { root, catalogue, report } = context;
  for (const provider of root.at("providers").items()) {
    const entry = catalogue.find((one) => one.kind === provider.at("kind").text());
    if (entry === undefined) continue;
    if (entry.transport === "http" && entry.baseUrl === null && !provider.at("base_url").exists) {
      report(provider.path, `\`base_url\` is required for kind ${entry.kind}`);
    }
    checkProviderSettings(context, provider, entry);
    checkProviderKeys(context, provider, entry);
    checkAuth(context, provider);
    checkPassThrough(context, provider);
    if (entry.requiresKey && isAbsentOrEmpty(provider.at("keys").value)) {
      const example = entry.envKey === null ? "" : `, e.g. keys: [ { value: "\${${entry.envKey}}" } ]`;
      report(provider.path, `\`keys\` needs at least one key for kind ${entry.kind}${example}`);
    }
    if (entry.transport !== "simulated" && provider.at("simulated").exists) {
      report(provider.at("simulated").path, "only a provider of kind simulated can have this");
    }
    if (!hasApis(entry)) refuseApi(provider, entry.kind);
  }
  const kinds = new Map(
    root
      .at("providers")
      .items()
      .map((one) => [one.at("id").text(), one.at("kind").text()]),
  );
  for (const model of root.at("models").items()) {
    for (const target of [model, ...destinationsOf(model)].flatMap((one) => one.at("targets").items())) {
      const entry = catalogue.find((one) => one.kind === kinds.get(target.at("provider").text()));
      if (entry !== undefined && !hasApis(entry)) refuseApi(target, entry.kind);
    }
  }

  function refuseApi(place: Cursor, kind: string): void {
    if (!place.at("api").exists) return;
    const message = `a provider of kind ${kind} has one API only; leave \`api\` out`;
    report(place.at("api").path, message);
  }
};

function checkAuth({ report }: CheckContext, provider: Cursor): void {
  const auth = provider.at("auth");
  const type = auth.at("type").text();
  const needsName = type === "header" || type === "query";
  if (needsName && !auth.at("name").exists)
    report(auth.path, `\`name\` is required: of the ${type === "header" ? "header" : "parameter"}`);
  if (!needsName && type !== undefined && auth.at("name").exists) {
    report(auth.at("name").path, "only a header or a parameter of the query has a name");
  }
}

function checkPassThrough({ report }: CheckContext, provider: Cursor): void {
  for (const route of provider.at("pass_through").items()) {
    const path = route.at("path").text();
    const match = route.at("match").text() ?? "prefix";
    if (path === undefined || (match !== "exact" && match !== "prefix" && match !== "pattern")) continue;
    const fault = pathFault(path, match);
    if (fault !== null) report(route.at("path").path, fault);
  }
}

/** OpenAI's dialect is the one of which there are two. */
function hasApis(entry: CatalogueEntry): boolean {
  return entry.dialect === "openai" && entry.transport === "http";
}

function isAbsentOrEmpty(value: unknown): boolean {
  return value === undefined || value === null || (Array.isArray(value) && value.length === 0);
}
