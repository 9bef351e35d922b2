import type { ProviderEndpoints } from "../contracts/provider-endpoints.ts";
import { CATALOGUE } from "./catalogue.ts";

const byKind = new Map(CATALOGUE.map(({ kind, endpoints }) => [kind, endpoints]));

/** What a kind of provider has beside chats and embeddings; undefined: nothing. */
export function endpointsOf(kind: string): ProviderEndpoints | undefined {
  return byKind.get(kind);
}
