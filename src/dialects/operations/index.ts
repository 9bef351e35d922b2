import type { DialectName } from "../../contracts/ir.ts";
import type { ModelEndpoint, ProviderEndpoint, ProviderEndpoints } from "../../contracts/provider-endpoints.ts";
import { completions } from "./completions.ts";
import { countsAsAsked, countTokens } from "./count-tokens.ts";
import { moderations } from "./moderations.ts";
import type { Operation } from "./operation.ts";
import { rerank } from "./rerank.ts";

export type { Operation, OperationAnswer, OperationCall, OperationPlan } from "./operation.ts";
export { pathFor } from "./operation.ts";

/** Endpoints whose requests may have to be translated. */
export const operations: Readonly<Partial<Record<ModelEndpoint, Operation>>> = {
  count_tokens: countTokens,
  completions,
  rerank,
  moderations,
};

/** The endpoint of a provider, where it has it for this model. */
export function endpointFor(
  endpoints: ProviderEndpoints | undefined,
  name: ModelEndpoint,
  model: string,
): ProviderEndpoint | undefined {
  const endpoint = endpoints?.[name];
  if (endpoint?.models === undefined) return endpoint;
  let pattern = patterns.get(endpoint.models);
  if (pattern === undefined) {
    pattern = new RegExp(endpoint.models);
    patterns.set(endpoint.models, pattern);
  }
  return pattern.test(model) ? endpoint : undefined;
}

/** Of the catalogue: a few. */
const patterns = new Map<string, RegExp>();

/** Whether a provider's endpoint takes a caller's request as it is, but for the model's name. */
export function takesAsIs(name: ModelEndpoint, endpoint: ProviderEndpoint, inbound: DialectName): boolean {
  switch (name) {
    case "count_tokens":
      return countsAsAsked(endpoint, inbound);
    default:
      return endpoint.form === undefined;
  }
}
