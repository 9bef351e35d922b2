import type { ColumnType, Generated, Insertable, Selectable, Updateable } from "kysely";
import type { ServiceKind } from "../../contracts/snapshot.ts";

/**
 * The tables. Both databases hold the same: times are Unix milliseconds, truth is 0 or 1, structured values are JSON text.
 * Ids of teams, services and applications are the names people gave them, as in `tidegate.yaml`; all others are made here.
 */
export interface Tables {
  organisation: OrganisationTable;
  users: UserTable;
  teams: TeamTable;
  memberships: MembershipTable;
  roles: RoleTable;
  sessions: SessionTable;
  tokens: TokenTable;
  services: ServiceTable;
  service_shares: ServiceShareTable;
  releases: ReleaseTable;
  live_routes: LiveRouteTable;
  applications: ApplicationTable;
  credentials: CredentialTable;
  credential_names: CredentialNameTable;
  token_issuers: TokenIssuerTable;
  providers: ProviderTable;
  provider_keys: ProviderKeyTable;
  model_routes: ModelRouteTable;
  subscriptions: SubscriptionTable;
  settings: SettingTable;
  audit: AuditTable;
  idempotency: IdempotencyTable;
  webhooks: WebhookTable;
  webhook_deliveries: DeliveryTable;
  changes: ChangeTable;
  identity_providers: IdentityProviderTable;
  identities: IdentityTable;
  cache_purges: CachePurgeTable;
}

/** Counted up by each change: what `ETag` and `If-Match` are made of. */
type Revision = ColumnType<number, number | undefined, number>;

/** 1: the role comes from the groups of an identity provider, and goes with them; 0: somebody gave it. */
type FromGroups = ColumnType<number, number | undefined, number>;

export interface OrganisationTable {
  id: string;
  name: string;
  created_at: number;
}

export interface UserTable {
  id: string;
  /** Lower case. */
  email: string;
  name: string;
  /** argon2id; null: this user signs in elsewhere, or not yet. */
  password_hash: string | null;
  role: string;
  role_from_groups: FromGroups;
  disabled: number;
  created_at: number;
  last_sign_in_at: number | null;
  revision: Revision;
}

export interface TeamTable {
  id: string;
  name: string;
  description: string;
  /** YAML or JSON, in the format of Spectral; null: `tidegate:default`. */
  ruleset: ColumnType<string | null, string | null | undefined, string | null>;
  /** JSON: policies, as in `tidegate.yaml`. */
  policies: ColumnType<string, string | undefined, string>;
  created_at: number;
  revision: Revision;
}

export interface MembershipTable {
  team_id: string;
  user_id: string;
  role: string;
  role_from_groups: FromGroups;
  created_at: number;
}

/** Roles of an organisation's own, beside those that are always there. */
export interface RoleTable {
  id: string;
  name: string;
  scope: "organisation" | "team";
  /** JSON: permission names. */
  permissions: string;
  created_at: number;
  revision: Revision;
}

export interface SessionTable {
  /** SHA-256 of the cookie's value, hex. */
  digest: string;
  user_id: string;
  created_at: number;
  last_seen_at: number;
  expires_at: number;
  address: string;
  user_agent: string;
  /** Who vouched for the user; null: a password did. */
  identity_provider: ColumnType<string | null, string | null | undefined, string | null>;
  /** What the session is called there (`sid`); null: it has no name. */
  provider_session: ColumnType<string | null, string | null | undefined, string | null>;
}

export interface TokenTable {
  id: string;
  name: string;
  /** SHA-256 of the token, hex. */
  digest: string;
  /** The first characters, to tell tokens apart. */
  prefix: string;
  /** Of a person; null: of a machine. */
  user_id: string | null;
  /** Of a machine: the team it belongs to; null: the organisation. */
  team_id: string | null;
  /** Of a machine: what it may do, as a member's role. */
  role: string | null;
  /** JSON: permissions it is narrowed to; null: all that the role has. */
  scopes: string | null;
  created_by: string;
  created_at: number;
  last_used_at: number | null;
  expires_at: number | null;
  revoked_at: number | null;
}

export type ServiceState = "draft" | "published" | "deprecated" | "retired";
export type Visibility = "private" | "team" | "organisation";

export interface ServiceTable {
  id: string;
  team_id: string;
  kind: ServiceKind;
  name: string;
  description: string;
  category: string;
  /** JSON: texts. */
  tags: string;
  /** Markdown. */
  documentation: string;
  openapi: string | null;
  visibility: Visibility;
  approval: "automatic" | "manual";
  /** JSON: what the next release will be; the fields of a service in `tidegate.yaml`. */
  draft: string;
  state: ServiceState;
  /** The release that is served; null: none was published, or it is retired. */
  current_release: number | null;
  /** JSON: Canary; null: none. */
  canary: string | null;
  /** JSON: who asked for a publication that waits for a second person, and with which note; null: none waits. */
  review: string | null;
  deprecated_at: number | null;
  sunset_at: number | null;
  deprecation_link: string | null;
  retired_at: number | null;
  created_at: number;
  updated_at: number;
  revision: Revision;
}

export interface ServiceShareTable {
  service_id: string;
  team_id: string;
  created_at: number;
}

/** Never changed after it was made. */
export interface ReleaseTable {
  service_id: string;
  number: number;
  /** JSON: the draft of that moment. */
  configuration: string;
  /** JSON: what was compiled of it, and by which version of Tidegate. Another version compiles it anew. */
  compiled: string | null;
  openapi: string | null;
  note: string;
  created_by: string;
  created_at: number;
}

/** What calls can reach now: no two services may have the same. One row for each method of a route. */
export interface LiveRouteTable {
  service_id: string;
  /** Host (`*`: any) and shape of the path, as the router compares them. */
  shape: string;
  /** `*`: any. */
  method: string;
}

export interface ApplicationTable {
  id: string;
  team_id: string;
  name: string;
  description: string;
  /** JSON: limits, as in `tidegate.yaml`. */
  limits: string;
  /** JSON: policies, as in `tidegate.yaml`. */
  policies: ColumnType<string, string | undefined, string>;
  created_at: number;
  revision: Revision;
}

export type CredentialKind = "api-key" | "basic" | "hmac" | "jwt" | "mtls";

export interface CredentialTable {
  id: string;
  application_id: string;
  kind: CredentialKind;
  name: string;
  /** The first characters of an API key, to tell keys apart; "" of others. */
  prefix: string;
  /** SHA-256, hex: of an API key, or of a password with its salt. Null: of the others. */
  digest: string | null;
  created_by: string;
  created_at: number;
  expires_at: number | null;
  revoked_at: number | null;
  /** Sealed: the secret that signs requests, or a key that Tidegate calls with itself. Null: nobody but its owner knows it. */
  secret: ColumnType<string | null, string | null | undefined, string | null>;
  /** JSON: CredentialDetails of the kind. */
  details: ColumnType<string, string | undefined, string>;
  /** JSON: addresses or CIDR ranges of callers that may use it; none: any. */
  addresses: ColumnType<string, string | undefined, string>;
  /** Of tokens: the token issuer. */
  issuer_id: ColumnType<string | null, string | null | undefined, string | null>;
  revision: Revision;
}

/** What credentials that are not revoked are found by. */
export interface CredentialNameTable {
  /** SHA-256 of kind and name, hex: as gateways look it up. */
  digest: string;
  application_id: string;
}

/** Whose JSON Web Tokens are believed. */
export interface TokenIssuerTable {
  id: string;
  /** `iss` of its tokens. */
  issuer: string;
  /** JSON: all but the keys, as `jwt_issuers` of `tidegate.yaml` has it. */
  options: string;
  /** Sealed JSON: `keys` or `jwk_set`, likewise; null: they are fetched. */
  keys: string | null;
  created_by: string;
  created_at: number;
  revision: Revision;
}

/** Who is called for models. */
export interface ProviderTable {
  id: string;
  /** A name of the catalogue: never changed, for its keys are of that kind. */
  kind: string;
  /** JSON: all others but the keys, as `providers` of `tidegate.yaml` has it. */
  document: string;
  created_by: string;
  created_at: number;
  revision: Revision;
}

export type ProviderKeyKind = "value" | "aws" | "service_account" | "entra";

export interface ProviderKeyTable {
  provider_id: string;
  /** Unique within the provider. */
  id: string;
  kind: ProviderKeyKind;
  /** What may be shown of the secret, to tell keys apart. */
  hint: string;
  /** Sealed JSON: the value, the credential, or the reference to it. */
  secret: string;
  /** JSON: weight, priority, expiry and limits, as in `tidegate.yaml`. */
  terms: string;
  created_by: string;
  created_at: number;
  revision: Revision;
}

/** A public name of models. */
export interface ModelRouteTable {
  name: string;
  /** JSON: all but the name, as `models` of `tidegate.yaml` has it. */
  document: string;
  created_by: string;
  created_at: number;
  revision: Revision;
}

export type SubscriptionState = "pending" | "approved" | "rejected" | "revoked" | "cancelled";

export interface SubscriptionTable {
  id: string;
  application_id: string;
  service_id: string;
  state: SubscriptionState;
  reason: string;
  /** Of whoever decided last. */
  note: string;
  requested_by: string;
  decided_by: string | null;
  created_at: number;
  decided_at: number | null;
  expires_at: number | null;
  /** JSON: limits of its own, as in `tidegate.yaml`. */
  limits: string;
  /** JSON: policies, as in `tidegate.yaml`. */
  policies: ColumnType<string, string | undefined, string>;
  revision: Revision;
}

export interface SettingTable {
  key: string;
  /** JSON. */
  value: string;
}

/** Append-only: each entry holds the hash of the one before it. */
export interface AuditTable {
  sequence: Generated<number>;
  at: number;
  actor_kind: "user" | "token" | "system";
  actor_id: string;
  actor_name: string;
  address: string;
  action: string;
  subject_type: string;
  subject_id: string;
  team_id: string | null;
  /** JSON, secrets taken out; null: there was, or is, nothing. */
  before: string | null;
  after: string | null;
  previous_hash: string;
  hash: string;
}

/** Answers to requests that carried an `Idempotency-Key`. */
export interface IdempotencyTable {
  actor_id: string;
  key: string;
  /** SHA-256 of method, path and body. */
  request_digest: string;
  status: number;
  /** Sealed: an answer may hold a key that is shown once. */
  body: string;
  created_at: number;
}

export interface WebhookTable {
  id: string;
  /** Null: of the organisation. */
  team_id: string | null;
  name: string;
  url: string;
  /** JSON: event types, or `*`. */
  events: string;
  /** Sealed. */
  secret: string;
  enabled: number;
  created_by: string;
  created_at: number;
  revision: Revision;
}

export interface DeliveryTable {
  /** What the receiver knows it by: the same at each attempt. */
  id: string;
  webhook_id: string;
  event: string;
  /** JSON: the body that is sent. */
  payload: string;
  state: "pending" | "delivered" | "dead";
  attempts: number;
  next_attempt_at: number | null;
  last_status: number | null;
  last_error: string | null;
  created_at: number;
  finished_at: number | null;
}

/** What gateways have to hear of, for control processes on other machines. */
export interface ChangeTable {
  sequence: Generated<number>;
  kind: "service" | "application" | "team" | "organisation";
  subject_id: string;
  at: number;
}

/** Where people sign in with OpenID Connect. */
export interface IdentityProviderTable {
  /** Chosen by people: it is in the redirect URI. */
  id: string;
  name: string;
  /** Never changed: subjects mean something only together with it. */
  issuer: string;
  client_id: string;
  /** Sealed; null: a public client. */
  client_secret: string | null;
  /** JSON: IdentityProviderOptions. */
  options: string;
  enabled: number;
  created_by: string;
  created_at: number;
  revision: Revision;
}

/** Who somebody is at an identity provider: `sub` is unique and never given to another within `iss` (OIDC Core §2). */
export interface IdentityTable {
  id: string;
  provider_id: string;
  user_id: string;
  /** `iss` of the ID token. */
  issuer: string;
  /** `sub` of the ID token. */
  subject: string;
  created_at: number;
  last_sign_in_at: number;
}

/** What gateways store of the service is good since then. */
export interface CachePurgeTable {
  /** Or `ai`. */
  service_id: string;
  count: number;
}

export type Row<Table> = Selectable<Table>;
export type NewRow<Table> = Insertable<Table>;
export type RowChange<Table> = Updateable<Table>;
