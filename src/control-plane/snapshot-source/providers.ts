import type { ModelRouteSnapshot, ProviderSnapshot } from "../../contracts/snapshot.ts";
import { compiledRoute } from "../entities/model-routes.ts";
import { keyRowsOf } from "../entities/provider-keys.ts";
import { compiledProvider, modelsOf, providersOf } from "../entities/stored-provider.ts";
import type { Plane } from "../plane.ts";
import type { Connection } from "../storage/database.ts";

export interface ProvidersAndModels {
  providers: readonly ProviderSnapshot[];
  models: readonly ModelRouteSnapshot[];
}

export const NO_PROVIDERS: ProvidersAndModels = { providers: [], models: [] };

/** In the order of their ids and names. What can't be read is left out, and the log says so. */
export async function readProviders(db: Connection, plane: Plane): Promise<ProvidersAndModels> {
  const { logger, sealer } = plane;
  const rows = await db.selectFrom("providers").selectAll().execute();
  const routes = await db.selectFrom("model_routes").selectAll().execute();
  const keys = rows.length === 0 ? new Map() : await keyRowsOf(db, null);
  const providers = rows.flatMap((row) => {
    const compiled = compiledProvider(sealer, row, keys.get(row.id) ?? []);
    if ("problems" in compiled) {
      logger.error({ provider: row.id, problems: compiled.problems }, "a provider can't be read: not served");
      return [];
    }
    if (compiled.unopened.length > 0) {
      const fields = { provider: row.id, keys: compiled.unopened };
      logger.error(fields, "keys of a provider are sealed with another master key: it goes without them");
    }
    return compiled.isReady ? [compiled.provider] : [];
  });
  const known = [...plane.configured().providers, ...rows];
  const models = routes.flatMap((row) => {
    // The file may not be read yet, or be another one by then: whether a provider is there is looked at when both are merged,
    // whether a model is, when a call is sent there.
    const named = modelsOf(row.document);
    const ids = [
      ...providersOf(row.document).map(({ id }) => id),
      ...named.filter((name) => name.includes("/")).map((name) => name.slice(0, name.indexOf("/"))),
    ];
    const others = ids.map((id) => ({ id, kind: "openai-compatible" }));
    const models = named.filter((name) => !name.includes("/"));
    const compiled = compiledRoute(row, { providers: [...known, ...others], models });
    if ("route" in compiled) return [compiled.route];
    logger.error({ model: row.name, problems: compiled.problems }, "a model route can't be read: not served");
    return [];
  });
  return {
    providers: providers.sort((one, other) => (one.id < other.id ? -1 : 1)),
    models: models.sort((one, other) => (one.name < other.name ? -1 : 1)),
  };
}
