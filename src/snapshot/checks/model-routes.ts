import { suggestion } from "../problems/suggestion.ts";
import type { Path } from "../schema/introspection.ts";
import type { Check, CheckContext } from "./check.ts";
import type { Cursor } from "./cursor.ts";
import { exactlyOne } from "./exactly-one.ts";

/** Where a model route's calls can go besides its own targets: rules, canary, mirror. */
export function destinationsOf(model: Cursor): Cursor[] {
  const others = [model.at("canary"), model.at("mirror")].filter((one) => one.exists);
  return [...model.at("rules").items(), ...others];
}

/** Rules that lead somewhere, and never in a circle; conditions that can hold; aliases that nobody else has. */
export const checkModelRoutes: Check = (context) => {
  const models = context.root.at("models").items();
  for (const model of models) {
    for (const destination of destinationsOf(model)) checkDestination(context, destination);
    for (const rule of model.at("rules").items()) checkConditions(context, rule.at("when"));
  }
  checkNames(context, models);
  for (const model of models) checkCircles(context, models, model);
};

function checkDestination(context: CheckContext, destination: Cursor): void {
  exactlyOne(context, destination, ["model", "targets"]);
  if (destination.at("targets").exists) return;
  for (const name of ["strategy", "stick_to"]) {
    if (destination.at(name).exists) context.report(destination.at(name).path, "only `targets` have one");
  }
}

function checkConditions({ report }: CheckContext, when: Cursor): void {
  if (when.exists && when.keys().length === 0) {
    report(when.path, "no condition: it would hold for every call; change the `targets` of the route instead");
  }
  const { min, max } = { min: when.at("input_tokens", "min").value, max: when.at("input_tokens", "max").value };
  if (typeof min === "number" && typeof max === "number" && min > max) {
    report(when.at("input_tokens").path, `no number is at least ${min} and at most ${max}`);
  }
}

/** Routes by all their names; the models of providers besides. */
function checkNames(context: CheckContext, models: readonly Cursor[]): void {
  const taken = new Map<string, Path>();
  const names: string[] = [];
  for (const model of models) {
    const name = model.at("name").text();
    if (name !== undefined) names.push(name);
    if (name !== undefined && !taken.has(name)) taken.set(name, model.path);
  }
  for (const model of models) {
    for (const alias of model.at("aliases").items()) {
      const name = alias.text();
      if (name === undefined) continue;
      if (taken.has(name)) context.report(alias.path, `${context.describe(alias)} is taken by another model`);
      else taken.set(name, alias.path);
      names.push(name);
    }
  }
  for (const field of models.flatMap(destinationsOf).map((destination) => destination.at("model"))) {
    const name = field.text();
    if (name === undefined || leadsSomewhere(context, names, name)) continue;
    const message = `there is no model ${context.describe(field)}${suggestion(name, names)}: name a model route, or \`provider/model\``;
    context.report(field.path, message);
  }
}

function leadsSomewhere({ root }: CheckContext, names: readonly string[], name: string): boolean {
  if (names.includes(name)) return true;
  const [provider, model] = [name.slice(0, name.indexOf("/")), name.slice(name.indexOf("/") + 1)];
  const providers = root.at("providers").items();
  if (name.includes("/") && model !== "" && providers.some((one) => one.at("id").text() === provider)) return true;
  return names.some((one) => one.endsWith("*") && name.startsWith(one.slice(0, -1)));
}

/** A rule whose model has a rule that leads back. */
function checkCircles({ report }: CheckContext, models: readonly Cursor[], model: Cursor): void {
  const byName = (name: string | undefined) =>
    models.find(
      (one) =>
        one.at("name").text() === name ||
        one
          .at("aliases")
          .items()
          .some((two) => two.text() === name),
    );
  for (const destination of destinationsOf(model)) {
    const seen = new Set<Cursor>();
    const open = [byName(destination.at("model").text())];
    for (let next = open.pop(); next !== undefined || open.length > 0; next = open.pop()) {
      if (next === undefined || seen.has(next)) continue;
      seen.add(next);
      open.push(...destinationsOf(next).map((one) => byName(one.at("model").text())));
    }
    if (seen.has(model)) report(destination.at("model").path, "leads back to this model");
  }
}
