import { z } from "zod";

/**
 * What the commands read of the admin API's answers (`/api/openapi.json` has them whole). Loose: a server that is newer may
 * say more, and `--json` shows all of it.
 */

const configuration = z.record(z.string(), z.unknown());

export const problem = z.looseObject({
  detail: z.string(),
  code: z.string(),
  errors: z.array(z.looseObject({ path: z.string(), message: z.string() })).default([]),
});

export const session = z.looseObject({
  user: z.looseObject({ email: z.string(), name: z.string(), role: z.string() }).nullable(),
  kind: z.string(),
  name: z.string(),
  permissions: z.looseObject({
    organisation: z.array(z.string()),
    teams: z.record(z.string(), z.array(z.string())),
  }),
});

export const newSession = z.looseObject({ user: z.looseObject({ email: z.string() }) });

export const signInProvider = z.looseObject({ id: z.string(), name: z.string(), start_path: z.string() });

export const createdToken = z.looseObject({
  id: z.string(),
  name: z.string(),
  token: z.string(),
  expires_at: z.string().nullable(),
});

export const token = z.looseObject({
  id: z.string(),
  name: z.string(),
  prefix: z.string(),
  role: z.string().nullable(),
  last_used_at: z.string().nullable(),
  expires_at: z.string().nullable(),
  revoked_at: z.string().nullable(),
});
export type Token = z.output<typeof token>;

export const webhook = z.looseObject({
  id: z.string(),
  team: z.string().nullable(),
  name: z.string(),
  url: z.string(),
  events: z.array(z.string()),
  enabled: z.boolean(),
});
export type Webhook = z.output<typeof webhook>;

export const createdWebhook = webhook.extend({ secret: z.string() });
export const startedDelivery = z.looseObject({ delivery: z.string() });

export const delivery = z.looseObject({
  id: z.string(),
  event: z.string(),
  state: z.string(),
  attempts: z.number(),
  next_attempt_at: z.string().nullable(),
  last_status: z.number().nullable(),
  last_error: z.string().nullable(),
});
export type Delivery = z.output<typeof delivery>;

export const user = z.looseObject({
  id: z.string(),
  email: z.string(),
  name: z.string(),
  role: z.string(),
  disabled: z.boolean(),
  last_sign_in_at: z.string().nullable(),
});
export type User = z.output<typeof user>;

export const team = z.looseObject({
  id: z.string(),
  name: z.string(),
  description: z.string(),
  policies: configuration.default({}),
  revision: z.number(),
});
export type Team = z.output<typeof team>;

/** Of the settings, what `apply` and `export` are about. */
export const settings = z.looseObject({ policies: configuration.default({}) });
export type Settings = z.output<typeof settings>;

export const identityProvider = z.looseObject({
  id: z.string(),
  issuer: z.string(),
  has_client_secret: z.boolean(),
  client_secret_reference: configuration.nullable().default(null),
  revision: z.number(),
});
export type IdentityProvider = z.output<typeof identityProvider>;

const jwkSet = z.looseObject({ keys: z.array(configuration) });
export const tokenIssuer = z.looseObject({
  id: z.string(),
  issuer: z.string(),
  algorithms: z.array(z.string()),
  jwks_url: z.string().nullable(),
  jwk_set: jwkSet.nullable(),
  keys: z
    .array(z.looseObject({ id: z.string().nullable(), public_key: z.string().nullable(), has_secret: z.boolean() }))
    .nullable(),
  revision: z.number(),
});
export type TokenIssuer = z.output<typeof tokenIssuer>;

export const secretComparison = z.looseObject({ same: z.boolean() });

export const member = z.looseObject({ user_id: z.string(), email: z.string(), name: z.string(), role: z.string() });

export const role = z.looseObject({
  id: z.string(),
  name: z.string(),
  scope: z.enum(["organisation", "team"]),
  permissions: z.array(z.string()),
  built_in: z.boolean(),
  revision: z.number().nullable(),
});
export type Role = z.output<typeof role>;

export const service = z.looseObject({
  id: z.string(),
  team: z.string(),
  kind: z.string(),
  name: z.string(),
  description: z.string(),
  category: z.string(),
  tags: z.array(z.string()),
  documentation: z.string(),
  has_openapi: z.boolean(),
  visibility: z.string(),
  approval: z.string(),
  state: z.string(),
  current_release: z.number().nullable(),
  review: z.looseObject({ requested_by: z.string(), note: z.string() }).nullable(),
  sunset_at: z.string().nullable(),
  deprecation_link: z.string().nullable(),
  updated_at: z.string(),
  revision: z.number(),
});
export type Service = z.output<typeof service>;

export const serviceWithDraft = service.extend({ draft: configuration, shared_with: z.array(z.string()) });
export type ServiceWithDraft = z.output<typeof serviceWithDraft>;

export const release = z.looseObject({
  number: z.number(),
  note: z.string(),
  created_by: z.string(),
  created_at: z.string(),
  serves: z.string(),
});
/** Of what a service's diff says, what is about the OpenAPI documents; null: one side has none. */
export const openapiDifference = z.looseObject({
  openapi: z
    .looseObject({
      changes: z.array(
        z.looseObject({
          kind: z.string(),
          is_breaking: z.boolean(),
          operation: z.string().nullable(),
          message: z.string(),
          path: z.string(),
        }),
      ),
      breaking: z.number(),
      breaking_changes_announced: z.boolean(),
      problem: z.string().nullable(),
    })
    .nullable(),
});
export type OpenapiDifference = z.output<typeof openapiDifference>["openapi"];

export const releaseWithConfiguration = release.extend({ configuration });

export const triedAnswer = z.looseObject({
  status: z.number(),
  headers: z.array(z.tuple([z.string(), z.string()])),
  body: z.string(),
  body_encoding: z.string(),
  body_truncated: z.boolean(),
  first_byte_ms: z.number(),
  total_ms: z.number(),
});
export type TriedAnswer = z.output<typeof triedAnswer>;

export const caller = z.looseObject({ application: z.string(), team: z.string(), subscription: z.string() });

export const application = z.looseObject({
  id: z.string(),
  team: z.string(),
  name: z.string(),
  description: z.string(),
  limits: z.array(configuration),
  policies: configuration.default({}),
  revision: z.number(),
});
export type Application = z.output<typeof application>;

export const credential = z.looseObject({
  id: z.string(),
  application: z.string(),
  kind: z.string(),
  name: z.string(),
  prefix: z.string().nullable(),
  basic: z.looseObject({ username: z.string() }).optional(),
  hmac: z.looseObject({ key_id: z.string(), max_age: z.string() }).optional(),
  jwt: z.looseObject({ issuer: z.string(), claim: z.string(), values: z.array(z.string()) }).optional(),
  mtls: z.record(z.string(), z.string().optional()).optional(),
  state: z.string(),
  addresses: z.array(z.string()).default([]),
  created_at: z.string(),
  expires_at: z.string().nullable(),
  revision: z.number(),
});
export type Credential = z.output<typeof credential>;
/** What was made for it, if anything was. */
const made = z.string().optional();
export const createdCredential = credential.extend({ key: made, password: made, secret: made });

export const subscription = z.looseObject({
  id: z.string(),
  application: z.string(),
  application_team: z.string(),
  service: z.string(),
  service_team: z.string().nullable(),
  state: z.string(),
  reason: z.string(),
  note: z.string(),
  requested_by: z.string(),
  created_at: z.string(),
  expires_at: z.string().nullable(),
  limits: z.array(configuration).default([]),
  policies: configuration.default({}),
  revision: z.number(),
});
export type Subscription = z.output<typeof subscription>;

export const auditEntry = z.looseObject({
  sequence: z.number(),
  at: z.string(),
  actor: z.looseObject({ kind: z.string(), name: z.string(), address: z.string() }),
  action: z.string(),
  subject: z.looseObject({ type: z.string(), id: z.string() }),
  team: z.string().nullable(),
});
export type AuditEntry = z.output<typeof auditEntry>;

export const auditVerification = z.looseObject({
  intact: z.boolean(),
  entries: z.number(),
  last_hash: z.string(),
  broken_at: z.number().nullable(),
});

export function listOf<Item extends z.ZodType>(item: Item) {
  return z.looseObject({ items: z.array(item), next_cursor: z.string().nullable().default(null) });
}

export const providerKey = z.looseObject({
  id: z.string(),
  kind: z.string(),
  hint: z.string().nullable(),
  reference: configuration.nullable(),
  weight: z.number(),
  priority: z.number(),
  expires_at: z.string().nullable(),
  revision: z.number().nullable(),
});
export type ProviderKey = z.output<typeof providerKey>;

export const provider = z.looseObject({
  id: z.string(),
  kind: z.string(),
  source: z.string(),
  not_served: z.string().nullable(),
  address: z.string(),
  keys: z.array(providerKey),
  revision: z.number().nullable(),
});
export type Provider = z.output<typeof provider>;

export const providerKeyState = z.looseObject({
  key: z.string(),
  state: z.string(),
  workers: z.record(z.string(), z.number()),
  tried_again_at: z.string().nullable(),
  refusals: z.record(z.string(), z.number()),
});
export type ProviderKeyState = z.output<typeof providerKeyState>;

export const providerTest = z.looseObject({
  ok: z.boolean(),
  results: z.array(
    z.looseObject({
      key: z.string().nullable(),
      ok: z.boolean(),
      result: z.string(),
      message: z.string(),
      elapsed_ms: z.number(),
    }),
  ),
});

export const providerKind = z.looseObject({
  kind: z.string(),
  dialect: z.string(),
  base_url: z.string().nullable(),
  settings: z.array(z.looseObject({ name: z.string(), required: z.boolean() })),
  key_kinds: z.array(z.string()),
  models: z.number(),
});

export const modelRoute = z.looseObject({
  name: z.string(),
  source: z.string(),
  not_served: z.string().nullable(),
  targets: z.array(z.looseObject({ provider: z.string(), model: z.string(), weight: z.number().optional() })),
  strategy: z.string().nullable().optional(),
  revision: z.number().nullable(),
});
export type ModelRoute = z.output<typeof modelRoute>;

export const catalogueModel = z.looseObject({
  kind: z.string(),
  model: z.string(),
  type: z.string().nullable(),
  context_window: z.number().nullable(),
  capabilities: z.array(z.string()).nullable(),
  price: z.looseObject({}).nullable(),
});
export type CatalogueModel = z.output<typeof catalogueModel>;
