import { KINDS_AT } from "../schema/policies.ts";
import type { Check, CheckContext } from "./check.ts";
import type { Cursor } from "./cursor.ts";
import { AI_SERVICE } from "./identifiers.ts";
import { plainPath } from "./route-path.ts";
import { BUILT_IN_PATHS } from "./routes.ts";

/** Ids of the services whose calls are calls of models. */
export function aiServices(root: Cursor): ReadonlySet<string> {
  return new Set([AI_SERVICE, ...idsOf(root, isAi)]);
}

/** Ids of those whose calls are not. Of services that are not here nobody knows. */
export function restServices(root: Cursor): ReadonlySet<string> {
  return new Set(idsOf(root, (service) => !isAi(service)));
}

function idsOf(root: Cursor, isWanted: (service: Cursor) => boolean): string[] {
  const services = root.at("services").items();
  return services.flatMap((service) => (isWanted(service) ? (service.at("id").text() ?? []) : []));
}

export function isAi(service: Cursor): boolean {
  return service.at("kind").text() === "ai";
}

/** What a service must have, and what it can't have, by its kind. */
export const checkServiceKinds: Check = (context) => {
  for (const service of context.root.at("services").items()) {
    if (isAi(service)) checkAi(context, service);
    else checkRest(context, service);
  }
};

function checkRest({ report }: CheckContext, service: Cursor): void {
  const models = service.at("policies", "models");
  if (models.exists) report(models.path, "models are called by services of kind ai alone: leave it out");
}

/** Of a service of kind rest alone, and why not of the other. */
const OF_REST: Readonly<Record<string, string>> = {
  upstream: "a service of kind ai has no upstream: its calls go to the providers of the models",
  canary: "a canary in the file is another upstream, which a service of kind ai does not have",
  request_headers: "calls to models have the headers of their provider: see `providers[].headers`",
  response_headers: "answers of models are the unified API's own",
};

const OF_REST_ROUTES: Readonly<Record<string, string>> = {
  methods: "the paths of the unified API have their own methods: leave it out",
  strip_prefix: "what is below the path is the unified API's, as if the path were not there: leave it out",
  rewrite: "what is below the path is the unified API's, as if the path were not there: leave it out",
};

function checkAi({ report }: CheckContext, service: Cursor): void {
  for (const [key, reason] of Object.entries(OF_REST)) {
    if (service.at(key).exists) report(service.at(key).path, reason);
  }
  const taken: readonly string[] = KINDS_AT.ai;
  for (const kind of service.at("policies").keys()) {
    if (!taken.includes(kind)) {
      report(service.at("policies", kind).path, `a service of kind ai takes no such policy: ${taken.join(", ")}`);
    }
  }
  for (const route of service.at("routes").items()) checkAiRoute({ report }, route);
}

function checkAiRoute({ report }: Pick<CheckContext, "report">, route: Cursor): void {
  const match = route.at("match");
  if (match.exists && match.text() !== "prefix") {
    report(match.path, "a service of kind ai has all that is below its paths: leave it out, or write `prefix`");
  }
  for (const [key, reason] of Object.entries(OF_REST_ROUTES)) {
    const field = route.at(key);
    if (field.exists && field.value !== false) report(field.path, reason);
  }
  for (const kind of route.at("policies").keys()) {
    if (kind === "limits") continue;
    report(route.at("policies", kind).path, "a route of kind ai has limits alone: say it for the service");
  }
  const written = route.at("path").text();
  if (written === undefined || route.at("host").exists) return;
  const path = plainPath(written).replace(/\/+$/, "");
  const isTaken = BUILT_IN_PATHS.some((own) => own === path || own.startsWith(`${path}/`));
  if (isTaken) {
    const message = `below ${path === "" ? "/" : path} are paths of Tidegate's own: choose another path, or give a host`;
    report(route.at("path").path, message);
  }
}
