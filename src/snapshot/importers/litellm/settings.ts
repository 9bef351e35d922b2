import type { Path } from "../../schema/introspection.ts";
import type { Notebook } from "../notebook.ts";
import { type Fields, fieldsOf, listOf, numberOf, textOf, wholeNumber } from "../shape.ts";
import type { SourceDocument } from "../source-document.ts";

export interface RouterSettings {
  strategy: "weighted" | "latency" | "least-busy" | "cost";
  retries: number | null;
  timeoutMs: number | null;
  allowedFails: number | null;
  cooldownMs: number | null;
  /** For each model those to try after it. */
  fallbacks: ReadonlyMap<string, readonly string[]>;
  defaultFallbacks: readonly string[];
  /** Further names of models. */
  aliases: ReadonlyMap<string, string>;
}

interface Saying {
  why: string;
  instead: string;
}

const NO_COUNTERPART: Saying = {
  why: "it has no counterpart",
  instead: "see the configuration reference for what there is",
};
const OWN_LOG: Saying = {
  why: "calls are recorded in Tidegate's own call log and metrics",
  instead: "read them with `tidegate logs`, or from /metrics",
};
const OTHER_FALLBACKS: Saying = {
  why: "the next target is tried when one fails, whatever the reason; errors that are the caller's own (a prompt too long, or refused) are passed on",
  instead: "let callers choose the other model, or put it among the model's targets",
};
const STATE: Saying = { why: "counters and caches are kept by Tidegate itself", instead: "nothing" };

const SAYINGS: readonly [RegExp, Saying][] = [
  [
    /^master_key$/,
    {
      why: "it is the key of LiteLLM's administrators and of its callers",
      instead: "give each caller an application with a key and `subscriptions: [ai]`",
    },
  ],
  [
    /^(?:database_.*|store_model_in_db|store_prompts_in_.*)$/,
    {
      why: "what LiteLLM keeps in its database (keys, teams, budgets, models) is not in the file",
      instead: "give callers applications with keys and limits",
    },
  ],
  [/^(?:context_window_fallbacks|content_policy_fallbacks)$/, OTHER_FALLBACKS],
  [
    /^(?:(?:success|failure|service)_callbacks?|callbacks|json_logs|set_verbose|turn_off_message_logging|redact_.*|langfuse_.*|debug_level|store_audit_logs|alerting.*)$/,
    OWN_LOG,
  ],
  [
    /^(?:cache|cache_params|caching.*|cache_responses|cache_kwargs)$/,
    { why: "answers are not cached", instead: "nothing" },
  ],
  [/^redis_/, STATE],
  [
    /^(?:max_budget|budget_duration|max_.*_budget|default_(?:team|key|internal_user)_.*|upperbound_key_.*|max_parallel_requests|global_max_.*)$/,
    {
      why: "budgets belong to applications",
      instead: "set `limits` of applications: requests, tokens or cost_usd in a window",
    },
  ],
  [
    /^(?:drop_params|modify_params)$/,
    { why: "what a provider's dialect has no place for is left out by the translation, always", instead: "nothing" },
  ],
  [/^(?:guardrails|prompt_injection_.*|mcp_.*|pass_through_endpoints)$/, NO_COUNTERPART],
  [
    /^(?:enable_pre_call_checks|routing_strategy_args|retry_after|retry_policy|model_group_retry_policy|allowed_fails_policy|disable_cooldowns|enable_loadbalancing_.*)$/,
    {
      why: "how failing targets are avoided is set by `retries` and `circuit_breaker` of each model",
      instead: "adjust them there",
    },
  ],
];

const STRATEGIES: Readonly<Record<string, RouterSettings["strategy"]>> = {
  "simple-shuffle": "weighted",
  "least-busy": "least-busy",
  "latency-based-routing": "latency",
  "cost-based-routing": "cost",
};

const READ_OF_ROUTER = new Set([
  "routing_strategy",
  "num_retries",
  "timeout",
  "allowed_fails",
  "cooldown_time",
  "fallbacks",
  "default_fallbacks",
  "model_group_alias",
]);
const READ_OF_LITELLM = new Set([
  "num_retries",
  "request_timeout",
  "fallbacks",
  "default_fallbacks",
  "allowed_fails",
  "cooldown_time",
]);
const SECTIONS = new Set(["model_list", "router_settings", "litellm_settings", "credential_list"]);

/** `router_settings`, and what `litellm_settings` says of the same. All other settings are noted. */
export function readSettings(source: SourceDocument, notes: Notebook): RouterSettings {
  const document = fieldsOf(source.value);
  const router = fieldsOf(document.router_settings);
  const litellm = fieldsOf(document.litellm_settings);
  noteOthers("router_settings", router, READ_OF_ROUTER, source, notes);
  noteOthers("litellm_settings", litellm, READ_OF_LITELLM, source, notes);
  noteOthers("general_settings", fieldsOf(document.general_settings), new Set(), source, notes);
  noteSections(document, source, notes);
  const timeoutS = numberOf(router.timeout) ?? numberOf(litellm.request_timeout);
  const cooldownS = numberOf(router.cooldown_time) ?? numberOf(litellm.cooldown_time);
  const allowedFails = wholeNumber(router.allowed_fails ?? litellm.allowed_fails, 0, 999);
  if (allowedFails !== null) {
    const path =
      router.allowed_fails === undefined ? ["litellm_settings", "allowed_fails"] : ["router_settings", "allowed_fails"];
    const why = "LiteLLM counts failures within a minute, Tidegate failures in a row";
    notes.changed(source.placeOf(path), "allowed_fails", why, "adjust `circuit_breaker.failures`");
  }
  return {
    strategy: strategyOf(router, source, notes),
    retries: wholeNumber(router.num_retries ?? litellm.num_retries, 0, 10),
    timeoutMs: timeoutS === null ? null : timeoutS * 1000,
    allowedFails,
    cooldownMs: cooldownS === null ? null : cooldownS * 1000,
    fallbacks: fallbacksOf([...listOf(router.fallbacks), ...listOf(litellm.fallbacks)]),
    defaultFallbacks: [...listOf(router.default_fallbacks), ...listOf(litellm.default_fallbacks)].flatMap(
      (one) => textOf(one) ?? [],
    ),
    aliases: aliasesOf(fieldsOf(router.model_group_alias)),
  };
}

function strategyOf(router: Fields, source: SourceDocument, notes: Notebook): RouterSettings["strategy"] {
  const given = textOf(router.routing_strategy);
  if (given === null) return "weighted";
  const strategy = STRATEGIES[given];
  if (strategy !== undefined) return strategy;
  const isUsage = given.startsWith("usage-based-routing");
  const why = isUsage
    ? "targets are not chosen by the tokens they have used; the one with the fewest open calls is taken"
    : "there is no such strategy; targets are drawn by weight";
  notes.changed(
    source.placeOf(["router_settings", "routing_strategy"]),
    `routing_strategy ${given}`,
    why,
    "choose another `strategy` of the models, if needed",
  );
  return isUsage ? "least-busy" : "weighted";
}

/** A list of mappings, each from models to lists of models. */
function fallbacksOf(list: readonly unknown[]): Map<string, readonly string[]> {
  const fallbacks = new Map<string, readonly string[]>();
  for (const entry of list) {
    for (const [name, others] of Object.entries(fieldsOf(entry))) {
      const names = listOf(others).flatMap((one) => textOf(one) ?? textOf(fieldsOf(one).model) ?? []);
      fallbacks.set(name, [...(fallbacks.get(name) ?? []), ...names]);
    }
  }
  return fallbacks;
}

function aliasesOf(aliases: Fields): Map<string, string> {
  return new Map(
    Object.entries(aliases).flatMap(([name, value]): [string, string][] => {
      const model = textOf(value) ?? textOf(fieldsOf(value).model);
      return model === null ? [] : [[name, model]];
    }),
  );
}

function noteOthers(
  section: string,
  fields: Fields,
  read: ReadonlySet<string>,
  source: SourceDocument,
  notes: Notebook,
): void {
  for (const [key, value] of Object.entries(fields)) {
    // What is turned off is not missed; but `drop_params: false` asks for errors.
    const isOff = (value === false || value === null) && key !== "drop_params";
    if (read.has(key) || isOff) continue;
    const { why, instead } = SAYINGS.find(([names]) => names.test(key))?.[1] ?? NO_COUNTERPART;
    notes.leftOut(source.placeOfKey([section, key]), `${section}.${key}`, why, instead);
  }
}

function noteSections(document: Fields, source: SourceDocument, notes: Notebook): void {
  for (const key of Object.keys(document)) {
    const path: Path = [key];
    if (SECTIONS.has(key) || key === "general_settings") continue;
    if (key === "environment_variables") {
      const names = Object.keys(fieldsOf(document[key])).join(", ");
      const why = `a configuration file sets no environment variables (${names})`;
      notes.leftOut(source.placeOfKey(path), key, why, "set those that are still needed in Tidegate's environment");
    } else if (key === "include") {
      notes.leftOut(source.placeOfKey(path), key, "other files are not read with it", "import each of them");
    } else notes.leftOut(source.placeOfKey(path), key, NO_COUNTERPART.why, NO_COUNTERPART.instead);
  }
}
