import { z } from "@hono/zod-openapi";
import { listProviderKinds, searchModels } from "../../entities/provider-kinds.ts";
import { type Endpoint, endpoint, pageOf, pageQuery, pageRequest } from "../endpoint.ts";

const mapping = z.record(z.string(), z.unknown());

const providerKind = z
  .object({
    kind: z.string(),
    dialect: z.string(),
    base_url: z.string().nullable().openapi({ description: "null: it has to be given." }),
    settings: z.array(
      z.object({
        name: z.string(),
        description: z.string(),
        default: z.string().nullable(),
        required: z.boolean(),
        values: z.array(z.string()).nullable(),
      }),
    ),
    auth: mapping.openapi({ description: "How the `value` of a key is sent." }),
    key_kinds: z.array(z.string()),
    requires_key: z.boolean(),
    models: z.int().openapi({ description: "How many are in the catalogue of models." }),
    docs: z.string().nullable(),
  })
  .openapi("ProviderKind");

const catalogueModel = z
  .object({
    kind: z.string(),
    model: z.string(),
    type: z.string().nullable().openapi({ example: "chat" }),
    context_window: z.int().nullable(),
    max_output_tokens: z.int().nullable(),
    capabilities: z.array(z.string()).nullable().openapi({ description: "null: nothing is known." }),
    price: mapping.nullable().openapi({ description: "US dollars, as `price` in `tidegate.yaml`." }),
    price_source: z.string().nullable(),
    deprecated: z.boolean(),
  })
  .openapi("CatalogueModel");

const text = z.string().max(200).optional();

export const providerKindEndpoints: readonly Endpoint[] = [
  endpoint(
    {
      method: "get",
      path: "/provider-kinds",
      operationId: "listProviderKinds",
      summary: "Kinds of providers, with the settings and keys that each takes",
      tag: "Providers",
      needs: "provider.read",
      answers: z.object({ items: z.array(providerKind) }),
    },
    async ({ actor }) => ({ body: { items: listProviderKinds(actor) } }),
  ),
  endpoint(
    {
      method: "get",
      path: "/model-catalogue",
      operationId: "searchModels",
      summary: "What is known of the models of all kinds: prices, context windows, capabilities",
      tag: "Models",
      needs: "provider.read",
      query: {
        search: text.openapi({ description: "Words, all of which are in `kind/model`." }),
        kind: text,
        type: text,
        capability: text.openapi({ example: "vision" }),
        min_context_window: z.coerce.number().int().min(0).optional(),
        ...pageQuery,
      },
      answers: pageOf(catalogueModel),
    },
    async ({ actor, query: { limit, cursor, ...filter } }) => ({
      body: searchModels(actor, filter, pageRequest({ limit, cursor })),
    }),
  ),
];
