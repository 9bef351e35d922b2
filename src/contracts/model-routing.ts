import type { ModelFacts } from "./model-facts.ts";
import type { ModelPrices } from "./prices.ts";
import type { ModelTimeoutsSnapshot, OpenaiApi } from "./snapshot.ts";

/** How calls of one model name come to one of several sets of targets: rules, a canary, a mirror; what callers may have a say in. */

export interface ModelTargetSnapshot {
  provider: string;
  model: string;
  weight: number;
  /** In place of the provider's. */
  api?: OpenaiApi;
  /** Over those of the route; `totalMs` is one attempt's. */
  timeouts?: Partial<ModelTimeoutsSnapshot>;
  /** Absent: as is known of the provider. */
  prefill?: boolean;
  /** Absent: the provider's. */
  price?: ModelPrices;
  /** Absent: nothing is known. */
  facts?: ModelFacts;
}

export type ModelStrategy = "failover" | "weighted" | "latency" | "least-busy" | "cost" | "sticky";

/** What `sticky` goes by. */
export type StickToSnapshot =
  | { type: "application" | "user" | "address" | "session" }
  | { type: "header"; name: string };

/** Where calls go: targets, with the route's own timeouts and retries; or wherever calls of another name go. */
export type ModelDestinationSnapshot =
  | { model: string }
  | { strategy: ModelStrategy; stickTo?: StickToSnapshot; targets: ModelTargetSnapshot[] };

/** What a request may hold beside text. */
export const CONTENT_KINDS = ["image", "audio", "video", "document", "tools", "structured_output"] as const;
export type ContentKind = (typeof CONTENT_KINDS)[number];

/** All that are there must hold. */
export interface RouteConditionsSnapshot {
  /** Names as callers give them; a final `*` stands for any rest. */
  models?: string[];
  /** Lower-case names; one of the values, or (empty) any. */
  headers?: { name: string; values: string[] }[];
  /** Labels that the request has, by name; values as above. */
  metadata?: { name: string; values: string[] }[];
  /** Estimated tokens of the input, both inclusive. */
  inputTokens?: { min: number; max: number | null };
  /** One of them. */
  content?: ContentKind[];
  stream?: boolean;
  applications?: string[];
  teams?: string[];
}

export interface ModelRuleSnapshot {
  /** For the log, and for people. */
  name: string;
  when: RouteConditionsSnapshot;
  to: ModelDestinationSnapshot;
}

export interface ModelCanarySnapshot {
  /** Share of the calls that no rule has taken, 0 to 100. */
  percent: number;
  /** Calls with this header (lower-case name) and value come here whatever the share. */
  header: { name: string; value: string } | null;
  /** One application, or address of a caller without one, stays on one side. */
  sticky: boolean;
  to: ModelDestinationSnapshot;
}

export interface ModelMirrorSnapshot {
  /** Share of the calls of which a copy is made, above 0. */
  percent: number;
  /** How long a copy may take. */
  timeoutMs: number;
  to: ModelDestinationSnapshot;
}

/** What callers may say of how their call is made. */
export const CLIENT_HINTS = ["fallbacks", "attempts", "timeouts", "providers", "unsupported_fields", "tags"] as const;
export type ClientHint = (typeof CLIENT_HINTS)[number];
