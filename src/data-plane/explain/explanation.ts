import type { ErrorCode } from "../../contracts/errors.ts";
import type { PolicyLevel } from "../../contracts/policies.ts";
import type {
  Access,
  HedgingSnapshot,
  LimitSnapshot,
  ModelTimeoutsSnapshot,
  RoutePathMatch,
  SubscriptionState,
} from "../../contracts/snapshot.ts";
import type { ReleaseChoice } from "../pipeline/releases/choose-release.ts";

/** A call that is not made. */
export interface ExplainRequest {
  /** Upper case. */
  method: string;
  scheme: "http" | "https";
  /** Lower case, without port. */
  host: string;
  /** As sent, without the query. Begins with `/`. */
  path: string;
  /** Without `?`; "" when there is none. */
  query: string;
  /** Lower-case names, and values. May hold a key: nothing of it comes out again. */
  headers: readonly (readonly [string, string])[];
  /** The caller's. */
  clientAddress: string;
  bodyBytes: number;
  /** The limit of the listener it would come in by. */
  maxBodyBytes: number;
  /** Unix time of the call. */
  atMs: number;
  /** The model that a body would name; null: not said. */
  model: string | null;
  /** What the body would be, for what depends on it: rules, hints, fields that targets can't do. Absent: not said. */
  body?: Buffer;
}

/** What a gateway would do with a call, and why. Plain data. */
export interface Explanation {
  /** `forwarded`: to an upstream. `answered`: by the gateway itself. `refused`: with `error`. */
  verdict: "forwarded" | "answered" | "refused";
  error: { code: ErrorCode; status: number; message: string } | null;
  route: ExplainedRoute | null;
  /** Other routes for the path, and what kept the call from them. */
  nearMisses: (ExplainedRoute & { because: NearMiss[] })[];
  service: { id: string; team: string; access: Access } | null;
  release: ExplainedRelease | null;
  /** `recognisedBy`: names of the headers that carried its credentials. */
  application: { id: string; team: string; recognisedBy: readonly string[] } | null;
  /** null: none is needed, or there is none. */
  subscription: { state: SubscriptionState; expiresAtMs: number | null } | null;
  /** Of each kind, from the most general level to the most specific; as far as route and caller are known. */
  policies: ExplainedPolicy[];
  /** In the order in which they are reserved. Empty for a call that is refused before. */
  limits: ExplainedLimit[];
  /** null: no cache policy holds. */
  cache: ExplainedCache | null;
  upstream: ExplainedUpstream | null;
}

/** Whether a stored answer is looked for; if there is one is known to a running gateway alone. */
export interface ExplainedCache {
  isLookedUp: boolean;
  /** Why not; null: it is. `method`: only GET and HEAD are. `request`: what the request says or has takes the upstream. */
  because: "method" | "request" | null;
}

export interface ExplainedRoute {
  id: string;
  service: string;
  release: number | null;
  path: string;
  match: RoutePathMatch;
  /** null: any. */
  host: string | null;
  /** null: any. */
  methods: readonly string[] | null;
}

/**
 * `precedence`: a narrower route, or one for a narrower host, comes first. `release`: the call is for another release.
 * `undecided`: the call is refused before a release is chosen.
 */
export type NearMiss = "host" | "method" | "release" | "precedence" | "undecided";

export interface ExplainedRelease {
  release: number | null;
  /** null: the service has no other that the call could go to. */
  by: ReleaseChoice["by"] | null;
  /** Releases that the call goes to instead by chance, in percent of such calls. */
  chances: { release: number | null; percent: number }[];
}

export interface ExplainedPolicy {
  /** As in `tidegate.yaml`. */
  kind: string;
  source: PolicyLevel;
  /** For people. */
  says: string;
  /** False: a more specific level says something else. */
  holds: boolean;
}

export interface ExplainedLimit extends LimitSnapshot {
  source: PolicyLevel;
  /** The counter's name. */
  counter: string;
}

export interface ExplainedUpstream {
  /** How one of the targets is chosen. */
  strategy: string;
  /** What is asked for there; null for models. */
  path: string | null;
  /**
   * In the order in which they are tried; where chance or the moment decides, in that of the configuration. Which of them are well
   * is known to a running gateway alone.
   */
  targets: ExplainedTarget[];
  /** Of a call to a model. */
  model?: ExplainedModel;
}

export interface ExplainedTarget {
  name: string;
  weight: number;
  keys: ExplainedKey[];
  /** Of a call to a model whose body is known: fields that the target is not told. */
  dropped?: string[];
  /** Likewise: why the target can't be asked; null: it can. */
  refused?: { code: ErrorCode; param: string | null; message: string } | null;
}

/** How the targets of a call to a model were chosen. */
export interface ExplainedModel {
  /** As the caller names it. */
  asked: string;
  /** The model route, or `provider/model`, by whose rules the call goes. */
  route: string;
  /** As in the call's record. */
  routedBy: string | null;
  /** False: a rule asks what the body holds, and that is not known. The targets are those of no rule. */
  isDecided: boolean;
  /** Up to the first that holds. Null: it depends on the body. */
  rules: { name: string; holds: boolean | null }[];
  /** `isChosen`: by its header, or for this caller. Where chance decides it is not. */
  canary: { percent: number; header: string | null; sticky: boolean; to: string; isChosen: boolean } | null;
  mirror: { percent: number; to: string } | null;
  /** Headers and fields by which the caller has a say. */
  hints: string[];
  /** Null: as many as there are targets, or `retries` of the route says. */
  maxAttempts: number | null;
  timeouts: Pick<ModelTimeoutsSnapshot, "firstByteMs" | "firstTokenMs" | "betweenTokensMs" | "totalMs">;
  /** When a second target is asked as well; null: never. */
  hedging: HedgingSnapshot | null;
  /** What becomes of a stream that breaks off. */
  onBrokenStream: "error" | "continue" | "restart";
  unsupportedFields: "refuse" | "drop";
}

/** A key of the provider that a target is at; no secret. Which of them are out is known to a running gateway alone. */
export interface ExplainedKey {
  id: string;
  weight: number;
  priority: number;
  /** Unix time; null: never. */
  expiresAtMs: number | null;
  isExpired: boolean;
  limits: Pick<LimitSnapshot, "unit" | "amount" | "windowMs">[];
}
