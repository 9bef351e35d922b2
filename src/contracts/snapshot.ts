import type { DialectName } from "./ir.ts";
import type { ModelFacts } from "./model-facts.ts";
import type {
  ClientHint,
  ModelCanarySnapshot,
  ModelMirrorSnapshot,
  ModelRuleSnapshot,
  ModelStrategy,
  ModelTargetSnapshot,
  StickToSnapshot,
} from "./model-routing.ts";
import type { HeaderEditsSnapshot, LimitScope, LimitSnapshot, PoliciesSnapshot } from "./policies.ts";
import type { ModelPrices } from "./prices.ts";
import type { ProviderKeySnapshot } from "./provider-keys.ts";
import type { ProviderQuirks } from "./provider-quirks.ts";

export type { HeaderEditsSnapshot, LimitSnapshot, LimitSubject } from "./policies.ts";

/**
 * The compiled configuration: immutable, whole, plain data (it crosses processes and is cached on disk). References
 * between entities are by id and were checked when it was compiled. Durations are milliseconds, sizes are bytes.
 */
export interface Snapshot {
  /** Format of this structure: a worker refuses another one. */
  format: 10;
  /** Counts up with each compile of this data directory. */
  version: number;
  /** SHA-256 (hex) over everything but `version`, `hash` and `compiledAtMs`. */
  hash: string;
  compiledAtMs: number;
  listeners: ListenerSnapshot[];
  providers: ProviderSnapshot[];
  models: ModelRouteSnapshot[];
  /** Of the organisation: for all calls. Absent here and below: none. */
  policies?: PoliciesSnapshot;
  /** Teams that have policies; they hold for calls to the team's services. */
  teams?: TeamSnapshot[];
  /** One entry for each live release of a service: several may have one `id`. */
  services: ServiceSnapshot[];
  applications: ApplicationSnapshot[];
  jwtIssuers: JwtIssuerSnapshot[];
  ai: AiSnapshot;
  /** Counters that the shared segment has room for. */
  limitSlots: number;
  /** Of limits that do not say. Absent: `shared`. */
  limitsCluster?: LimitScope;
  cache: CacheSnapshot;
  /** How often all that is stored of a service was dropped, by service id; absent: never. */
  cachePurges?: Record<string, number>;
  callLog: CallLogSnapshot;
  /** Milliseconds a draining worker lets streams go on. */
  drainTimeoutMs: number;
}

export interface TeamSnapshot {
  id: string;
  policies: PoliciesSnapshot;
}

export interface ListenerSnapshot {
  host: string;
  port: number;
  engine: "uws" | "native";
  tls: TlsSnapshot | null;
  /** CIDR ranges or addresses whose `Forwarded`/`X-Forwarded-For` are believed. */
  trustedProxies: string[];
  /** Where trusted proxies say what certificate the caller has shown to them; null: nowhere. */
  clientCertificate: ClientCertificateSnapshot | null;
  maxHeaderBytes: number;
  maxBodyBytes: number;
  timeouts: ListenerTimeoutsSnapshot;
}

export interface ClientCertificateSnapshot {
  /** Lower case. Believed from trusted proxies alone, and never forwarded, whichever listener a call came in by. */
  header: string;
  /** `xfcc`: Envoy's `X-Forwarded-Client-Cert`. Otherwise the value is the subject, a name or the fingerprint itself. */
  format: "xfcc" | CertificateName;
}

/** What of a certificate stands for the caller: its subject, one of its alternative names, or its SHA-256. */
export type CertificateName = "subject" | "san" | "fingerprint";

/** What the native engine asks of clients. */
export interface ListenerTimeoutsSnapshot {
  /** How long a connection may be idle between two requests. */
  keepAliveMs: number;
  /** Within which a request head must have arrived, from its first byte. */
  headMs: number;
  /** Slower bodies are cut off after ten seconds; 0: as slow as they like. */
  minBodyBytesPerSecond: number;
}

export interface TlsSnapshot {
  certFile: string;
  keyFile: string;
  passphrase: string | null;
  /** Further certificates by server name; `*.example.org` is allowed. */
  serverNames: { name: string; certFile: string; keyFile: string; passphrase: string | null }[];
}

export interface TimeoutsSnapshot {
  connectMs: number;
  /** From the request being sent to the first byte of the response head. */
  firstByteMs: number;
  /** Longest silence within a body, either way. 0: none. */
  idleMs: number;
  /** The whole exchange, all attempts. 0: none. */
  totalMs: number;
}

/** Of calls to models; 0: none. `firstTokenMs` and `betweenTokensMs` are of streams alone. */
export interface ModelTimeoutsSnapshot extends TimeoutsSnapshot {
  firstTokenMs: number;
  betweenTokensMs: number;
}

/** Of calls to models: never on the same model are `context_length` and `content_filter` tried again. */
export type RetryCause = number | "reset" | "timeout" | "connect" | "context_length" | "content_filter";

export interface RetriesSnapshot {
  /** Further attempts after the first; 0 turns retries off. */
  attempts: number;
  on: RetryCause[];
  /** First back-off; doubles each time, with full jitter. */
  backoffMs: number;
  maxBackoffMs: number;
}

export interface CircuitBreakerSnapshot {
  /** Opens after this many failures in a row. 0 turns the breaker off. */
  failures: number;
  /** How long it stays open before one probe is let through. */
  openMs: number;
}

export type ProviderAuth =
  | { type: "none" }
  | { type: "bearer" }
  /** The key is sent as the value of this header. */
  | { type: "header"; name: string }
  /** The key is sent as this parameter of the query: for providers that take it nowhere else. */
  | { type: "query"; name: string };

/**
 * Which API is used of a provider that speaks OpenAI's dialect: Chat Completions, Responses, or `both`, Responses for callers
 * who speak it and Chat Completions for all others. Embeddings are the same either way.
 */
export type OpenaiApi = "chat-completions" | "responses" | "both";

export interface ProviderSnapshot {
  id: string;
  /** A name from the catalogue. */
  kind: string;
  /** `http`: reached over the network. `simulated`: answered in this process. */
  transport: "http" | "simulated";
  dialect: DialectName;
  /** Absent: Chat Completions. */
  api?: OpenaiApi;
  /** Without a trailing slash. "" for `simulated`. */
  baseUrl: string;
  /** How the `value` of a key is sent. */
  auth: ProviderAuth;
  keys: ProviderKeySnapshot[];
  /** Sent with every call, e.g. `anthropic-version`. Lower-case names. */
  headers: Record<string, string>;
  /** Sent with every call, e.g. Azure's `api-version`: `name=value`, joined by `&`. Absent: none. */
  query?: string;
  /** Absent: none. */
  quirks?: ProviderQuirks;
  /** Model names shown by `GET /v1/models` (any other name may be called all the same). */
  models: string[];
  defaultMaxOutputTokens: number;
  /** What of its API is offered as it is below `/providers/{id}`; paths are below the base URL. Absent: nothing. */
  passThrough?: PassThroughRouteSnapshot[];
  /** Absent: none of its models is known to go on from the beginning of an answer. */
  prefill?: PrefillSnapshot;
  timeouts: ModelTimeoutsSnapshot;
  retries: RetriesSnapshot;
  circuitBreaker: CircuitBreakerSnapshot;
  simulated: { firstTokenMs: number; tokenMs: number } | null;
  /** The name under which @pydantic/genai-prices knows this provider, or null. */
  priceProvider: string | null;
  /** What its models cost where it is not as that list says, by the provider's own names. Absent: none. */
  prices?: Record<string, ModelPrices>;
  /** Of models that are listed, those of which something is known. Absent: none. */
  facts?: Record<string, ModelFacts>;
}

export interface PassThroughRouteSnapshot {
  path: string;
  match: RoutePathMatch;
  /** null: any. */
  methods: string[] | null;
}

/** How a provider is asked to go on from the beginning of an answer, which is sent as the last message. */
export interface PrefillSnapshot {
  /** Regular expression: the models that do. */
  models: string;
  /** Fields of that message; absent: none. */
  messageFields?: Record<string, unknown>;
  /** Fields of the request; absent: none. */
  requestFields?: Record<string, unknown>;
}

export interface HedgingSnapshot {
  after: { percentile: number } | { ms: number };
  /** With a percentile. */
  minDelayMs: number;
  /** Of the calls; above 0, up to 1. */
  maxShare: number;
}

export interface ModelRouteSnapshot {
  name: string;
  /** Further names, after all that are exact; a final `*` stands for any rest. Absent here and below: none. */
  aliases?: string[];
  strategy: ModelStrategy;
  /** Absent: the application. */
  stickTo?: StickToSnapshot;
  targets: ModelTargetSnapshot[];
  /** The first that holds decides; then the canary. */
  rules?: ModelRuleSnapshot[];
  canary?: ModelCanarySnapshot;
  mirror?: ModelMirrorSnapshot;
  /** Absent: as for all models. */
  clientHints?: ClientHint[];
  unsupportedFields?: "refuse" | "drop";
  timeouts: ModelTimeoutsSnapshot;
  retries: RetriesSnapshot;
  circuitBreaker: CircuitBreakerSnapshot;
  /** Absent: nothing is hedged. */
  hedging?: HedgingSnapshot;
  /** Absent: an error ends it. */
  onBrokenStream?: "continue" | "restart";
}

export type Access = "open" | "key" | "subscription";

export type RoutePathMatch =
  /** The path itself and nothing else. */
  | "exact"
  /** The path and everything below it: `/billing` matches `/billing` and `/billing/x`, not `/billings`. */
  | "prefix"
  /** `:name` matches one segment, a final `*` the rest. */
  | "pattern";

export interface RouteSnapshot {
  /** Unique within the service; for the log. */
  id: string;
  path: string;
  match: RoutePathMatch;
  /** Upper case; null: any. */
  methods: string[] | null;
  /** Lower case, without port; `*.example.org` is allowed; null: any. */
  host: string | null;
  /** Removes what `path` matched (for a pattern: up to the first `*`). */
  stripPrefix: boolean;
  /** Replaces the path; `:name` and `*` insert what the pattern matched. Excludes `stripPrefix`. */
  rewrite: string | null;
  policies?: PoliciesSnapshot;
}

export interface UpstreamTargetSnapshot {
  /** `http:` or `https:` origin with an optional path prefix. */
  url: string;
  weight: number;
}

export interface ActiveHealthCheckSnapshot {
  path: string;
  intervalMs: number;
  timeoutMs: number;
  healthyAfter: number;
  unhealthyAfter: number;
  /** Statuses that count as healthy; from and to, inclusive. */
  expectStatus: [number, number];
}

export interface PassiveHealthCheckSnapshot {
  /** Failures in a row (connection errors, timeouts, 502, 503, 504) that eject a target. */
  failures: number;
  ejectMs: number;
}

export interface UpstreamSnapshot {
  balance: "round-robin" | "least-connections" | "consistent-hash";
  /** What `consistent-hash` hashes. */
  hashOn: { type: "header" | "cookie"; name: string } | { type: "address" };
  targets: UpstreamTargetSnapshot[];
  active: ActiveHealthCheckSnapshot | null;
  passive: PassiveHealthCheckSnapshot | null;
  timeouts: TimeoutsSnapshot;
  retries: RetriesSnapshot;
  /** `preserve`: the caller's Host goes on; `target`: the target's own. */
  hostHeader: "preserve" | "target";
  /** PEM file with the authorities to trust for `https:` targets, or null for the system's. */
  caFile: string | null;
}

/**
 * How calls come to one of several releases of a service, where a route of more than one of them matches. The first that
 * applies: `version`, `canary.header`, `canary.percent`, the default (src/docs/decisions/009-live-releases.md).
 */
export interface ReleaseSelectionSnapshot {
  /** Gets the calls that nothing else selects; exactly one release of a service. */
  isDefault: boolean;
  /** Calls with this header (lower-case name) and value ask for this release and no other. */
  version: { header: string; value: string } | null;
  canary: CanarySnapshot | null;
}

export interface CanarySnapshot {
  /** Share of the calls, 0 to 100; those of all canaries of a service come to 100 at most. */
  percent: number;
  /** Calls with this header (lower-case name) and value come here whatever the share. */
  header: { name: string; value: string } | null;
  /** One application, or address of a caller without one, gets the same release each time. */
  sticky: boolean;
}

/** What callers are told of a release that is to go (RFC 9745, RFC 8594). */
export interface DeprecationSnapshot {
  /** Unix time since which, or from which on, it is deprecated. */
  atMs: number;
  /** Unix time after which it may be gone; null: not known. */
  sunsetAtMs: number | null;
  /** What says more, or what follows it: an absolute URL. */
  link: string | null;
}

/**
 * One release of a service. Of a service with several, the default release says team and access for all; routes,
 * upstream, limits, policies, header edits and sizes are each one's own.
 */
export type ServiceSnapshot = RestServiceSnapshot | AiServiceSnapshot;

export type ServiceKind = ServiceSnapshot["kind"];

interface ServiceSnapshotBase {
  id: string;
  /** Counts up with each release; null: the service has no releases, e.g. one from a file. */
  release: number | null;
  /** null: no other release of the service is live. */
  selection: ReleaseSelectionSnapshot | null;
  deprecation: DeprecationSnapshot | null;
  /** Its routes answer 410. */
  retired: boolean;
  team: string;
  routes: RouteSnapshot[];
  access: Access;
  limits: LimitSnapshot[];
  /** null: the listener's limit, of models that of the unified API. */
  maxBodyBytes: number | null;
  /** Beside the header edits and the size. */
  policies?: PoliciesSnapshot;
}

/**
 * An ordinary HTTP service. `mcp`: its targets are MCP servers that speak Streamable HTTP, and their URLs are those of the
 * endpoints.
 */
export interface RestServiceSnapshot extends ServiceSnapshotBase {
  kind: "rest" | "mcp";
  upstream: UpstreamSnapshot;
  requestHeaders: HeaderEditsSnapshot;
  responseHeaders: HeaderEditsSnapshot;
}

/** The unified API once more, below each of its routes, which are prefixes for all methods. */
export interface AiServiceSnapshot extends ServiceSnapshotBase {
  kind: "ai";
}

export interface AiSnapshot {
  access: Access;
  limits: LimitSnapshot[];
  policies?: PoliciesSnapshot;
  maxBodyBytes: number;
  /** Bodies above this are translated in the Piscina pool. */
  offloadBytes: number;
  /** The longest answer that is held whole. */
  maxResponseBytes: number;
  /** What callers may say of how their call is made. */
  clientHints: ClientHint[];
  /** What becomes of fields that a target can't do, where that leaves the question the same. */
  unsupportedFields: "refuse" | "drop";
}

/** A way in which an application proves that it is the caller. */
export type CredentialSnapshot =
  | ApiKeySnapshot
  | BasicCredentialSnapshot
  | HmacCredentialSnapshot
  | JwtCredentialSnapshot
  | CertificateCredentialSnapshot;

interface CredentialTermsSnapshot {
  /** Unique within the application. */
  id: string;
  /** Unix time from which on it is refused; null: never. */
  expiresAtMs: number | null;
  /** CIDR ranges or addresses of callers that may use it; empty: any. */
  addresses: string[];
}

export interface ApiKeySnapshot extends CredentialTermsSnapshot {
  kind: "api-key";
  /** SHA-256 of the key, hex. */
  digest: string;
}

/** RFC 7617. The password is a generated one: SHA-256 does not protect one that can be guessed. */
export interface BasicCredentialSnapshot extends CredentialTermsSnapshot {
  kind: "basic";
  username: string;
  /** Hex. */
  salt: string;
  /** SHA-256 of the salt's bytes and the password in UTF-8, hex. */
  digest: string;
}

/** HTTP Message Signatures (RFC 9421) with `hmac-sha256`. */
export interface HmacCredentialSnapshot extends CredentialTermsSnapshot {
  kind: "hmac";
  /** The signature's `keyid`; unique over all applications. */
  keyId: string;
  /** The shared secret's bytes, base64. */
  secret: string;
  /** How old a signature may be. */
  maxAgeMs: number;
}

/** Tokens of an issuer in which a claim has one of these values, or lists one of them. */
export interface JwtCredentialSnapshot extends CredentialTermsSnapshot {
  kind: "jwt";
  /** Id of a JWT issuer. */
  issuer: string;
  claim: string;
  values: string[];
}

/** A certificate that a trusted proxy has verified: see ListenerSnapshot.clientCertificate. */
export interface CertificateCredentialSnapshot extends CredentialTermsSnapshot {
  kind: "mtls";
  by: CertificateName;
  /** Of a fingerprint: SHA-256, 64 hexadecimal digits in lower case. */
  value: string;
}

export type JwtAlgorithm =
  | "HS256"
  | "HS384"
  | "HS512"
  | "RS256"
  | "RS384"
  | "RS512"
  | "PS256"
  | "PS384"
  | "PS512"
  | "ES256"
  | "ES384"
  | "ES512"
  | "EdDSA";

/** A JSON Web Key (RFC 7517). Symmetric ones (`oct`) are secrets. */
export interface JsonWebKeySnapshot {
  kty: string;
  kid?: string;
  use?: string;
  alg?: string;
  [member: string]: unknown;
}

/** Whose JSON Web Tokens (RFC 7519) are believed. */
export interface JwtIssuerSnapshot {
  id: string;
  /** The claim `iss`; unique. */
  issuer: string;
  /** Of which a token's `aud` must name one; empty: it is not looked at. */
  audiences: string[];
  algorithms: JwtAlgorithm[];
  /** The keys, or where to fetch them as a JSON Web Key Set. */
  keys: { source: "inline"; keys: JsonWebKeySnapshot[] } | { source: "url"; url: string; refreshMs: number };
  /** Tokens in which this claim is the id of an application are that application's; null: only credentials count. */
  applicationClaim: string | null;
  /** Ids for which that claim does not speak: of applications that somebody else keeps. Absent: none. */
  notApplications?: string[];
  /** By how much clocks may differ. */
  clockToleranceMs: number;
  /** Whether tokens without `exp` are refused. */
  requiresExpiry: boolean;
  /** Whether the token goes on to the service. */
  forwardsToken: boolean;
}

export type SubscriptionState = "pending" | "approved" | "rejected" | "revoked" | "cancelled" | "expired";

/** An application's leave to call a service. Of several to one service an approved one counts, else the last. */
export interface SubscriptionSnapshot {
  /** Id of the service; `ai` is the built-in unified API. */
  service: string;
  state: SubscriptionState;
  /** Unix time from which on an approved one is expired; null: never. */
  expiresAtMs: number | null;
  /** Hold beside the application's and the service's. Counted for each subscription apart. */
  limits: LimitSnapshot[];
  policies?: PoliciesSnapshot;
}

export interface ApplicationSnapshot {
  id: string;
  team: string;
  credentials: CredentialSnapshot[];
  subscriptions: SubscriptionSnapshot[];
  limits: LimitSnapshot[];
  policies?: PoliciesSnapshot;
}

/** Where answers are stored: in the memory of each worker. */
export interface CacheSnapshot {
  maxBytes: number;
  /** Of one answer, with its headers. */
  maxEntryBytes: number;
}

export interface CallLogSnapshot {
  bodies: "off" | "errors" | "all";
  /** At most this much of each body is kept. */
  maxBodyBytes: number;
  /** JSON field names whose values are replaced by `[redacted]`, at any depth, case-insensitive. */
  redactFields: string[];
  /** Regular expressions whose matches are replaced by `[redacted]`. */
  redactPatterns: string[];
  /** A file is rotated at this size or age. */
  rotateBytes: number;
  rotateMs: number;
  /** The oldest files are deleted above this total. */
  keepBytes: number;
}
