import { z } from "@hono/zod-openapi";
import { parseStatusRange } from "../../platform/call-log/search.ts";
import { PERMISSION_NAMES } from "../access/permissions.ts";

/** As in `tidegate.yaml`. */
export const id = z
  .string()
  .regex(
    /^[a-z0-9](?:[a-z0-9._-]{0,61}[a-z0-9])?$/,
    "lower-case letters, digits, `-`, `_` and `.`; at most 63 characters",
  )
  .openapi({ example: "billing" });

const SHORT = 200;
const LONG = 10_000;
const DOCUMENT = 2 * 1024 * 1024;

export const shortText = z.string().trim().max(SHORT);
export const name = z.string().trim().min(1).max(SHORT);
export const longText = z.string().max(LONG);
export const documentText = z.string().max(DOCUMENT);
export const time = z.iso.datetime({ offset: true }).openapi({ example: "2026-12-01T00:00:00Z" });

/** A point in time as it comes in, in Unix milliseconds. */
export const timeInput = z.iso.datetime({ offset: true }).transform((text) => Date.parse(text));

/** PostgreSQL's `integer`. */
const MAX_RELEASE = 2 ** 31 - 1;
export const releaseNumber = z.int().min(1).max(MAX_RELEASE);
export const releaseParameter = z.coerce.number().int().min(1).max(MAX_RELEASE);

/** As they may be in a header of an answer: no other schemes, no line breaks. */
export const webLink = z
  .string()
  .max(2_000)
  .refine(
    (text) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol),
    "expected an http:// or https:// URL",
  )
  .transform((text) => new URL(text).href);

/** Scheme, host and port, without what may follow. */
export const origin = webLink
  .refine(
    (text) => URL.canParse(text) && text === `${new URL(text).origin}/`,
    "expected a scheme, a host and a port at most",
  )
  .transform((text) => new URL(text).origin);

export const permission = z.enum(PERMISSION_NAMES);
export const revision = z.int().openapi({ description: "Counted up by each change; also the `ETag`." });

export const problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.string(),
    errors: z.array(z.object({ path: z.string(), message: z.string() })),
  })
  .openapi("Problem");

const roleFromGroups = z
  .boolean()
  .openapi({ description: "The role comes from the groups of an identity provider, and goes with them." });

export const user = z
  .object({
    id: z.string(),
    email: z.string(),
    name: z.string(),
    role: z.string(),
    role_from_groups: roleFromGroups,
    disabled: z.boolean(),
    created_at: time,
    last_sign_in_at: time.nullable(),
    revision,
  })
  .openapi("User");

const permissions = z.array(permission);
export const currentSession = z
  .object({
    user: user.nullable(),
    kind: z.enum(["user", "token"]),
    name: z.string(),
    permissions: z.object({ organisation: permissions, teams: z.record(z.string(), permissions) }),
  })
  .openapi("CurrentSession");

export const policies = z
  .record(z.string(), z.unknown())
  .openapi({ description: "As in `tidegate.yaml`.", example: { addresses: { allow: ["10.0.0.0/8"] } } });

export const team = z
  .object({ id, name: z.string(), description: z.string(), policies, created_at: time, revision })
  .openapi("Team");

export const member = z
  .object({
    user_id: z.string(),
    email: z.string(),
    name: z.string(),
    role: z.string(),
    role_from_groups: roleFromGroups,
    created_at: time,
  })
  .openapi("Member");

export const role = z
  .object({
    id,
    name: z.string(),
    scope: z.enum(["organisation", "team"]),
    permissions: z.array(permission),
    built_in: z.boolean(),
    revision: z.number().int().nullable().openapi({ description: "null: built in, and never changed." }),
  })
  .openapi("Role");

const tokenFields = {
  id: z.string(),
  name: z.string(),
  kind: z.enum(["personal", "machine"]),
  prefix: z.string(),
  team: z.string().nullable(),
  role: z.string().nullable(),
  scopes: z.array(permission).nullable(),
  created_by: z.string(),
  created_at: time,
  last_used_at: time.nullable(),
  expires_at: time.nullable(),
  revoked_at: time.nullable(),
};
export const token = z.object(tokenFields).openapi("Token");
export const createdToken = z
  .object({ ...tokenFields, token: z.string().openapi({ description: "Shown this once." }) })
  .openapi("CreatedToken");

export const visibility = z.enum(["private", "team", "organisation"]);
export const approval = z.enum(["automatic", "manual"]);
export const serviceKind = z.enum(["rest", "ai", "mcp"]);
export const serviceState = z.enum(["draft", "published", "deprecated", "retired"]);

/** RFC 9110 §5.6.2. */
const headerName = z
  .string()
  .max(200)
  .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, "expected the name of a header")
  .transform((text) => text.toLowerCase());
/** RFC 9110 §5.5: visible ASCII, spaces between. */
const headerValue = z
  .string()
  .max(1_000)
  .regex(/^[\x21-\x7e]([\t\x20-\x7e]*[\x21-\x7e])?$/, "expected the value of a header: one line of ASCII");

export const canary = z
  .object({
    release: releaseNumber,
    percent: z.number().min(0).max(100),
    header: z.strictObject({ name: headerName, value: headerValue }).nullable(),
    sticky: z.boolean(),
  })
  .openapi("Canary");

const configuration = z.record(z.string(), z.unknown()).openapi({
  description: "`kind`, `routes`, `upstream`, `access`, `limits` …: the fields of a service in `tidegate.yaml`.",
});

const serviceFields = {
  id,
  team: z.string(),
  kind: serviceKind,
  name: z.string(),
  description: z.string(),
  category: z.string(),
  tags: z.array(z.string()),
  documentation: z.string(),
  has_openapi: z.boolean(),
  visibility,
  approval,
  state: serviceState,
  current_release: z.int().nullable(),
  canary: canary.nullable(),
  review: z.object({ requested_by: z.string(), requested_at: time, note: z.string() }).nullable(),
  deprecated_at: time.nullable(),
  sunset_at: time.nullable(),
  deprecation_link: z.string().nullable(),
  retired_at: time.nullable(),
  created_at: time,
  updated_at: time,
  revision,
};
export const service = z.object(serviceFields).openapi("Service");
export const serviceWithDraft = z
  .object({ ...serviceFields, draft: configuration, shared_with: z.array(z.string()) })
  .openapi("ServiceWithDraft");

export const serviceInput = z.strictObject({
  name: name.optional(),
  description: longText.optional(),
  category: shortText.optional(),
  tags: z.array(name).max(50).optional(),
  documentation: documentText.optional(),
  openapi: documentText.nullable().optional(),
  visibility: visibility.optional(),
  approval: approval.optional(),
  draft: configuration.optional(),
});

const releaseFields = {
  number: z.int(),
  note: z.string(),
  created_by: z.string(),
  created_at: time,
  serves: z.enum(["current", "canary", "nothing"]),
};
export const release = z.object(releaseFields).openapi("Release");
export const releaseWithConfiguration = z
  .object({ ...releaseFields, configuration })
  .openapi("ReleaseWithConfiguration");

export const caller = z
  .object({ application: z.string(), team: z.string(), subscription: z.string() })
  .openapi("Caller");

const catalogueFields = {
  id,
  team: z.string(),
  kind: serviceKind,
  name: z.string(),
  description: z.string(),
  category: z.string(),
  tags: z.array(z.string()),
  state: serviceState,
  approval,
  has_openapi: z.boolean(),
  endpoints: z.array(z.string()).openapi({
    description: "Of an MCP service: the URLs that clients are given, or paths where no gateway is known.",
    example: ["https://gateway.example.org/crm/mcp"],
  }),
  deprecated_at: time.nullable(),
  sunset_at: time.nullable(),
};
export const catalogueEntry = z.object(catalogueFields).openapi("CatalogueEntry");
export const catalogueDetails = z
  .object({
    ...catalogueFields,
    documentation: z.string(),
    routes: z.array(
      z.object({
        host: z.string().nullable(),
        path: z.string(),
        match: z.string(),
        methods: z.array(z.string()).nullable(),
      }),
    ),
    models: z
      .object({ allow: z.array(z.string()).nullable(), deny: z.array(z.string()) })
      .nullable()
      .openapi({ description: "Of kind `ai`: which models may be called, as far as the service says; null: any." }),
    subscriptions: z.array(z.object({ application: z.string(), state: z.string() })),
  })
  .openapi("CatalogueDetails");

export const limits = z
  .array(z.record(z.string(), z.unknown()))
  .max(20)
  .openapi({ description: "As in `tidegate.yaml`.", example: [{ requests: 60, window: "1m" }] });

export const application = z
  .object({
    id,
    team: z.string(),
    name: z.string(),
    description: z.string(),
    limits,
    policies,
    created_at: time,
    revision,
  })
  .openapi("Application");

export const subscription = z
  .object({
    id: z.string(),
    application: z.string(),
    application_team: z.string(),
    service: z.string(),
    service_team: z.string().nullable(),
    state: z.enum(["pending", "approved", "rejected", "revoked", "cancelled", "expired"]),
    reason: z.string(),
    note: z.string(),
    requested_by: z.string(),
    decided_by: z.string().nullable(),
    created_at: time,
    decided_at: time.nullable(),
    expires_at: time.nullable(),
    limits,
    policies,
    revision,
  })
  .openapi("Subscription");

export const auditEntry = z
  .object({
    sequence: z.int(),
    at: time,
    actor: z.object({ kind: z.string(), id: z.string(), name: z.string(), address: z.string() }),
    action: z.string(),
    subject: z.object({ type: z.string(), id: z.string() }),
    team: z.string().nullable(),
    before: z.unknown(),
    after: z.unknown(),
    hash: z.string(),
  })
  .openapi("AuditEntry");

export const callId = z
  .string()
  .max(64)
  .openapi({ description: "Its `x-request-id`.", example: "01m8n8a64e78hpn6fch5000003" });

/** `429`, `5xx` or `400-499`. */
export const statusRange = z
  .string()
  .transform((text, { addIssue }) => {
    const range = parseStatusRange(text);
    if (range !== null) return range;
    addIssue("expected a status such as 429, 5xx or 400-499");
    return z.NEVER;
  })
  .openapi({ type: "string", example: "5xx" });

const maybeText = z.string().nullable();
const maybeNumber = z.number().nullable();
const callFields = {
  id: callId,
  started_at: time,
  queue_ms: maybeNumber,
  first_byte_ms: maybeNumber,
  total_ms: z.number(),
  client_address: z.string(),
  method: z.string(),
  path: z.string().openapi({ description: "Without its query, which may hold secrets." }),
  host: z.string(),
  status: z.int(),
  outcome: z.enum(["ok", "error", "client_aborted", "upstream_cut"]),
  error_code: maybeText,
  application: maybeText,
  team: maybeText.openapi({ description: "Of the application." }),
  service: maybeText,
  release: maybeNumber,
  route: maybeText,
  provider: maybeText,
  model_asked: maybeText,
  model_served: maybeText,
  upstream: maybeText,
  attempts: z.int(),
  other_attempts: z.unknown(),
  routed_by: maybeText,
  mirror_of: maybeText,
  streamed: z.boolean(),
  cache: z.enum(["hit", "stale", "revalidated", "miss", "bypass"]).nullable(),
  request_bytes: z.number(),
  response_bytes: z.number(),
  input_tokens: maybeNumber,
  output_tokens: maybeNumber,
  cached_input_tokens: maybeNumber,
  reasoning_tokens: maybeNumber,
  cost_usd: maybeNumber,
  tags: z.unknown(),
  mcp_method: maybeText.openapi({ description: "Here and below: of MCP servers." }),
  mcp_tool: maybeText,
  mcp_prompt: maybeText,
  mcp_resource: maybeText,
};
export const call = z.object(callFields).openapi("Call");
export const callWithBodies = z
  .object({ ...callFields, request_body: maybeText, response_body: maybeText })
  .openapi("CallWithBodies");
