import { GatewayError } from "../../../contracts/errors.ts";
import type { ModelRouteSnapshot, Snapshot } from "../../../contracts/snapshot.ts";

/** What a model name stands for. `direct`: a `provider/model` name. */
export type NamedModel = Omit<ModelRouteSnapshot, "strategy"> & { strategy: ModelRouteSnapshot["strategy"] | "direct" };

export interface ModelNames {
  /** Throws `model_not_found`. */
  resolve(name: string): NamedModel;
}

const MAX_NAMES_IN_ERROR = 8;

export function compileModelNames(snapshot: Pick<Snapshot, "providers" | "models">): ModelNames {
  const providers = new Map(snapshot.providers.map((provider) => [provider.id, provider]));
  const named = new Map<string, NamedModel>(snapshot.models.map((route) => [route.name, route]));
  const wildcards: [beginning: string, route: NamedModel][] = [];
  for (const route of snapshot.models) {
    for (const alias of route.aliases ?? []) {
      if (alias.endsWith("*")) wildcards.push([alias.slice(0, -1), route]);
      else named.set(alias, route);
    }
  }
  // The longest, and so the narrowest, first.
  wildcards.sort(([one], [other]) => other.length - one.length);
  /** For errors. */
  const listed = [
    ...snapshot.models.flatMap(({ name, aliases = [] }) => [name, ...aliases.filter((alias) => !alias.endsWith("*"))]),
    ...snapshot.providers.flatMap(({ id, models }) => models.map((model) => `${id}/${model}`)),
  ];

  function direct(name: string): NamedModel | undefined {
    const slash = name.indexOf("/");
    const provider = slash > 0 ? providers.get(name.slice(0, slash)) : undefined;
    const model = name.slice(slash + 1);
    if (provider === undefined || model === "" || !isModelName(model)) return undefined;
    const { timeouts, retries, circuitBreaker } = provider;
    const targets = [{ provider: provider.id, model, weight: 1 }];
    return { name, strategy: "direct", targets, timeouts, retries, circuitBreaker };
  }

  return {
    resolve(name) {
      const found = named.get(name) ?? direct(name) ?? wildcards.find(([beginning]) => name.startsWith(beginning))?.[1];
      if (found !== undefined) return found;
      const known = listed.slice(0, MAX_NAMES_IN_ERROR);
      throw new GatewayError(
        "model_not_found",
        `model \`${name.slice(0, 200)}\` is not known: use \`provider/model\` or a model route (${known.join(", ")}${listed.length > known.length ? ", …" : ""})`,
        { param: "model" },
      );
    },
  };
}

/** Model names go into paths of some dialects. */
function isModelName(model: string): boolean {
  return model.length <= 200 && /^[\w.:@/+-]+$/.test(model) && !model.split("/").includes("..");
}
