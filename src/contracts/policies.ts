/**
 * Policies as they are attached to an organisation, a team, an application, a service, a route or a subscription: plain data.
 * What is absent is not said there; `null` says that what a more general level has does not hold.
 */
export interface PoliciesSnapshot {
  addresses?: AddressPolicySnapshot;
  requestHeaders?: HeaderEditsSnapshot;
  responseHeaders?: HeaderEditsSnapshot;
  maxBodyBytes?: number;
  cors?: CorsSnapshot | null;
  mock?: MockSnapshot;
  requestSchema?: RequestSchemaSnapshot | null;
  mirror?: MirrorSnapshot | null;
  cache?: CachePolicySnapshot | null;
  /** Of an organisation, the unified API, a team that calls, an application, or a subscription to the unified API. */
  models?: ModelAccessSnapshot;
  /** Of an organisation, an MCP service, a team that calls, an application, or a subscription to an MCP service. */
  tools?: ToolAccessSnapshot;
  /** Of an organisation, a team or a route: what else has limits has them beside its policies. */
  limits?: LimitSnapshot[];
}

/** Where policies are attached, from the most general to the most specific (src/docs/policies.md). */
export const POLICY_LEVELS = ["organisation", "team", "application", "service", "route", "subscription"] as const;
export type PolicyLevel = (typeof POLICY_LEVELS)[number];

/** From where calls are let in. Addresses and CIDR ranges. */
export interface AddressPolicySnapshot {
  /** null: any that `deny` does not name. */
  allow: string[] | null;
  /** Wins over `allow`. */
  deny: string[];
}

/** Which models may be called: their names, with `*` for any characters. */
export interface ModelAccessSnapshot {
  /** null: any that `deny` does not name. */
  allow: string[] | null;
  /** Wins over `allow`. */
  deny: string[];
}

/** Which tools may be called: their names, or `service/name`, with `*` for any characters. */
export interface ToolAccessSnapshot {
  /** null: any that `deny` does not name. */
  allow: string[] | null;
  /** Wins over `allow`. */
  deny: string[];
}

/** What pages of other origins may do: the CORS protocol of the Fetch standard. */
export interface CorsSnapshot {
  /** Serialised origins (RFC 6454 §6.2), such with `*.` before the host, or `*`: any. */
  origins: string[];
  /** Upper case; null: those that have a route. */
  methods: string[] | null;
  /** Lower case; null: any. */
  requestHeaders: string[] | null;
  /** Lower case. */
  exposedHeaders: string[];
  /** Cookies and HTTP authentication; never with `*`. */
  credentials: boolean;
  /** How long a browser may remember a preflight answer. */
  maxAgeMs: number;
}

/** An answer that the gateway gives in the upstream's place. */
export interface MockSnapshot {
  /** 200 to 599. */
  status: number;
  /** Lower-case names. */
  headers: [string, string][];
  body: string;
}

/** What the JSON body of a request has to be. */
export interface RequestSchemaSnapshot {
  /** JSON Schema, as JSON: draft 2020-12, or draft-07 by its `$schema`. Checked when it was compiled. */
  schema: string;
  /** The longest body that is checked; longer ones are refused. */
  maxBytes: number;
}

/** Where copies of requests go besides; their answers are nobody's. */
export interface MirrorSnapshot {
  /** As of an upstream's target. */
  url: string;
  /** Share of the calls, above 0 and up to 100. */
  percent: number;
  /** For all of a copy. */
  timeoutMs: number;
}

/** Which answers are kept and given again, and to whom (RFC 9111, RFC 5861). */
export interface CachePolicySnapshot {
  /** Whose calls share them: those of one application, of one team's applications, or all by the route. */
  scope: "application" | "team" | "route";
  /** For how long answers are fresh that say nothing of it; null: they are not. */
  defaultTtlMs: number | null;
  /** The same, whatever they say; null: what they say holds. */
  overrideTtlMs: number | null;
  /** Of answers that say nothing of it. */
  staleWhileRevalidateMs: number;
  staleIfErrorMs: number;
  /** Request headers, lower case, whose values tell answers apart besides those that `Vary` names. */
  varyBy: string[];
}

export interface HeaderEditsSnapshot {
  /** Lower-case names. */
  add: [string, string][];
  set: [string, string][];
  remove: string[];
}

/**
 * Per `organisation` and per `route`: limits of the organisation and of a route alone. Per `team`: limits of a team, and of the
 * organisation for each team.
 */
export type LimitSubject = "organisation" | "team" | "route" | "application" | "service" | "address";

export interface LimitSnapshot {
  /** What one counter is kept for. */
  per: LimitSubject;
  /**
   * `window`: fixed window. `sliding-window`: the window before counts, too, by how much of it is less than a window ago.
   * `token-bucket`: refills evenly over the window, at most `amount` at once.
   */
  algorithm: "window" | "sliding-window" | "token-bucket";
  /** What is counted: requests, tokens, or US dollars. */
  unit: "requests" | "tokens" | "cost_usd";
  amount: number;
  windowMs: number;
  /** Whether it holds over all nodes of the cluster together, or on each by itself. Absent: as `Snapshot.limitsCluster`. */
  cluster?: LimitScope;
}

export type LimitScope = "shared" | "per_node";
