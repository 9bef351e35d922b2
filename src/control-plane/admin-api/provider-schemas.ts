import { z } from "@hono/zod-openapi";
import { CATALOGUE_KINDS } from "../../snapshot/provider-document.ts";
import { KEY_STATE_NAMES } from "../entities/provider-key-states.ts";
import type { NewProviderKey } from "../entities/provider-keys.ts";
import { id, limits, revision, time } from "./schemas.ts";

const MAX_KEYS = 100;
const MAX_MODELS = 2_000;
const MAX_TARGETS = 100;

/** What they have to be is said by the rules of `tidegate.yaml`. */
const text = z.string().max(1_000);
const secretText = z.string().max(20_000);
const mapping = z.record(z.string().max(200), z.unknown());
const reference = z.object({ vault: mapping }).openapi({ description: "Where it is kept: src/docs/secrets.md." });
const secret = z.union([secretText, mapping]);

/** A name callers use: as in `tidegate.yaml`. */
export const modelName = z
  .string()
  .regex(/^[^\s\p{Cc}]{1,200}$/u, "a name without spaces, at most 200 characters")
  .openapi({ example: "fast" });

const keySecret = {
  value: secret
    .optional()
    .openapi({ description: "The key itself, or a reference to it. Kept sealed, and never shown." }),
  aws: mapping.optional().openapi({ description: "`access_key_id`, `secret_access_key`, `session_token`." }),
  service_account: secret.optional().openapi({ description: "The JSON of a service account's key file." }),
  entra: mapping
    .optional()
    .openapi({ description: "`tenant_id`, `client_id`, `client_secret`, `scope`, `authority`." }),
};
const keyTerms = {
  weight: z.int().optional(),
  priority: z.int().optional(),
  expires_at: z.string().max(40).nullable().optional(),
  limits: limits.optional(),
};
export const keySecretInput = z.strictObject(keySecret);
export const keyInput = z.strictObject({ id: id.optional(), ...keySecret, ...keyTerms });
export const keyChange = z.strictObject({ ...keySecret, ...keyTerms });

export function keyOf(input: z.output<typeof keyInput>): NewProviderKey {
  const { id: own, value, aws, service_account, entra, ...terms } = input;
  const given = Object.entries({ value, aws, service_account, entra }).filter(([, one]) => one !== undefined);
  return { id: own, secret: Object.fromEntries(given), terms };
}

export const providerKey = z
  .object({
    id: z.string(),
    kind: z.enum(["value", "aws", "service_account", "entra"]),
    hint: z.string().nullable().openapi({ description: "The ends of a key, or who a credential is for." }),
    reference: mapping.nullable().openapi({ description: "Where its secrets are kept, by their fields; null: here." }),
    weight: z.int(),
    priority: z.int(),
    expires_at: z.string().nullable(),
    limits: z.array(mapping),
    created_by: z.string().nullable(),
    created_at: time.nullable(),
    revision: revision.nullable(),
  })
  .openapi("ProviderKey");

const count = z.int().min(0);
export const providerKeyState = z
  .object({
    key: z.string(),
    state: z.enum([...KEY_STATE_NAMES, "mixed"]).openapi({ description: "`mixed`: not the same in all workers." }),
    workers: z
      .object({ ready: count, out: count, limited: count, expired: count })
      .openapi({ description: "In how many gateway workers of this machine it is in which state." }),
    tried_again_at: time.nullable().openapi({ description: "When it is tried again where it is out." }),
    refusals: z.record(z.string(), count).openapi({
      description: "Calls that the provider refused for the key, by its status; 0: there was no token for it.",
      example: { "401": 2 },
    }),
  })
  .openapi("ProviderKeyState");

const price = mapping.openapi({
  description: "US dollars per million tokens, as `price` in `tidegate.yaml`.",
  example: { input_mtok: 2.5, output_mtok: 10 },
});
const routing = {
  timeouts: mapping.openapi({ example: { total: "600s" } }),
  retries: mapping.openapi({ example: { attempts: 2 } }),
  circuit_breaker: mapping,
};
const providerOptions = {
  base_url: z.string().max(2_000).openapi({ description: "HTTPS, or HTTP on this machine." }),
  settings: z.record(z.string().max(100), text).openapi({ example: { region: "eu-central-1" } }),
  auth: mapping.openapi({ example: { type: "header", name: "x-api-token" } }),
  api: z.enum(["chat-completions", "responses", "both"]),
  headers: z.record(z.string().max(200), z.union([text, reference])),
  models: z.array(text).max(MAX_MODELS),
  prices: z.record(z.string().max(200), price),
  default_max_output_tokens: z.int(),
  pass_through: z
    .array(mapping)
    .max(MAX_TARGETS)
    .openapi({ example: [{ path: "/files", methods: ["GET"] }] }),
  simulated: mapping,
  ...routing,
};
const target = z.strictObject({
  provider: id,
  model: text,
  weight: z.int().optional(),
  api: providerOptions.api.optional(),
  timeouts: mapping.optional(),
  prefill: z.boolean().optional(),
  price: price.optional(),
});
const modelOptions = {
  strategy: z.string().max(40).openapi({ example: "failover" }),
  stick_to: mapping,
  aliases: z.array(text).max(MAX_TARGETS),
  rules: z
    .array(mapping)
    .max(MAX_TARGETS)
    .openapi({
      example: [{ name: "pictures", when: { content: ["image"] }, model: "gemini/gemini-2.5-pro" }],
    }),
  canary: mapping.openapi({ example: { percent: 5, model: "anthropic/claude-opus-4-8" } }),
  mirror: mapping,
  client_hints: z.array(text).max(MAX_TARGETS),
  unsupported_fields: text.openapi({ example: "drop" }),
  hedging: mapping.openapi({ example: { after: "p95", max_share: "5%" } }),
  on_broken_stream: text.openapi({ example: "continue" }),
  ...routing,
};

type Optional<Shape extends z.ZodRawShape> = { [Key in keyof Shape]: z.ZodOptional<z.ZodNullable<Shape[Key]>> };

function optional<Shape extends z.ZodRawShape>(shape: Shape): Optional<Shape> {
  const entries = Object.entries(shape).map(([key, schema]) => [key, (schema as z.ZodType).nullable().optional()]);
  return Object.fromEntries(entries) as Optional<Shape>;
}

export const kind = z.enum(CATALOGUE_KINDS).openapi({ description: "One of `GET /provider-kinds`." });
/** As `providers` of `tidegate.yaml`; null: as if it were absent. */
export const providerFields = optional(providerOptions);
export const providerInput = z.strictObject({
  id,
  kind,
  keys: z.array(keyInput).max(MAX_KEYS).optional(),
  ...providerFields,
});

const kept = {
  source: z.enum(["database", "configuration"]).openapi({ description: "What is in the file is changed there." }),
  not_served: z.string().nullable().openapi({ description: "Why gateways do not have it; null: they do." }),
  created_by: z.string().nullable(),
  created_at: time.nullable(),
  revision: revision.nullable(),
};
export const provider = z
  .object({
    id: z.string(),
    kind: z.string(),
    ...kept,
    address: z.string().openapi({ description: "Where it is called." }),
    keys: z.array(providerKey),
    ...providerFields,
  })
  .openapi("Provider");

/** What of a provider is tested, and how. */
export const testInput = {
  model: text.nullable().optional().openapi({
    description: "A model to call for a few tokens; absent: the provider is asked for its models, where it can be.",
  }),
  key: id.nullable().optional().openapi({ description: "Absent: all keys." }),
};
export const providerTest = z
  .object({
    ok: z.boolean(),
    results: z.array(
      z.object({
        key: z.string().nullable(),
        ok: z.boolean(),
        result: z.string().openapi({ example: "unauthorized" }),
        message: z.string(),
        status: z.int().nullable(),
        elapsed_ms: z.int(),
      }),
    ),
  })
  .openapi("ProviderTest");

export const modelFields = { targets: z.array(target).min(1).max(MAX_TARGETS), ...optional(modelOptions) };
export const model = z
  .object({ name: z.string(), ...kept, targets: z.array(mapping), ...optional(modelOptions) })
  .openapi("ModelRoute");
