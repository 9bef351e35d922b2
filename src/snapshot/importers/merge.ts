import type { ConfigurationPart } from "./configuration-part.ts";
import type { ImportResult } from "./import-result.ts";
import { UniqueNames } from "./names.ts";

/** Several imports as one configuration; services of the same id get numbers. */
export function mergeImports(results: readonly ImportResult[]): ImportResult {
  const [only] = results;
  if (results.length === 1 && only !== undefined) return only;
  const names = new UniqueNames();
  const parts = results.map(({ configuration }) => configuration);
  const services = parts
    .flatMap((part) => part.services ?? [])
    .map((service) => ({ ...service, id: names.take(service.id) }));
  const configuration: ConfigurationPart = { version: 1, ...(services.length === 0 ? {} : { services }) };
  return {
    configuration,
    notes: results.flatMap(({ notes }) => notes),
    variables: [...new Set(results.flatMap(({ variables }) => variables))].sort(),
  };
}
