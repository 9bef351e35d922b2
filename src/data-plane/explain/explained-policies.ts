import type { HeaderEditsSnapshot, PoliciesSnapshot } from "../../contracts/policies.ts";
import type { Context } from "../pipeline/context.ts";
import { layersOf } from "../pipeline/policies/call-policies.ts";
import type { PolicyLayer } from "../pipeline/policies/compile-policies.ts";
import type { ExplainedPolicy } from "./explanation.ts";

/** Limits are listed apart, with what else limits a call. */
type Kind = Exclude<keyof PoliciesSnapshot, "limits">;

/** Of these, what every level says holds; of all others, what the most specific level says. */
const CUMULATIVE: ReadonlySet<Kind> = new Set<Kind>([
  "addresses",
  "models",
  "tools",
  "requestHeaders",
  "responseHeaders",
]);

/** In a few words, and without values of headers: they may be secrets. */
const SUMMARIES: { [One in Kind]-?: (value: NonNullable<PoliciesSnapshot[One]>) => string } = {
  addresses: ({ allow, deny }) => summaryOfList(allow, deny),
  models: ({ allow, deny }) => summaryOfList(allow, deny),
  tools: ({ allow, deny }) => summaryOfList(allow, deny),
  requestHeaders: summaryOfEdits,
  responseHeaders: summaryOfEdits,
  maxBodyBytes: (bytes) => `${bytes} bytes`,
  requestSchema: ({ maxBytes }) => `JSON of at most ${maxBytes} bytes that fits a schema`,
  mirror: ({ url, percent }) => `${percent} % of the calls to ${url}`,
  mock: ({ status }) => `answers ${status} itself`,
  cache: ({ scope, defaultTtlMs, overrideTtlMs }) =>
    [
      `shared by callers of one ${scope}`,
      ...(defaultTtlMs === null ? [] : [`default_ttl ${defaultTtlMs} ms`]),
      ...(overrideTtlMs === null ? [] : [`override_ttl ${overrideTtlMs} ms`]),
    ].join(", "),
  cors: ({ origins, credentials }) => `${origins.join(", ")}${credentials ? ", with credentials" : ""}`,
};

/** The order in which they are listed. */
const KINDS = Object.keys(SUMMARIES) as Kind[];

/** Every policy that there is for a call, from the most general level to the most specific; of each kind. */
export function explainedPolicies(context: Context): ExplainedPolicy[] {
  const { target, application, subscription, modelAccess, toolAccess } = context;
  if (target === null || target.kind === "health" || target.releases !== null) return [];
  const ofModels = (modelAccess?.layers ?? []).map(({ level, models }) => ({ level, policies: { models } }));
  const ofTools = (toolAccess?.layers ?? []).map(({ level, tools }) => ({ level, policies: { tools } }));
  // Which of them hold depends on who calls.
  const others = layersOf(target, application, subscription).map(({ level, policies }) => {
    const { models: _models, tools: _tools, ...rest } = policies;
    return { level, policies: rest };
  });
  const layers: readonly PolicyLayer[] = [...others, ...ofModels, ...ofTools];
  return KINDS.flatMap((kind) => {
    const said = layers.filter(({ policies }) => policies[kind] !== undefined);
    const last = said.at(-1);
    return said.map((layer) => ({
      kind: NAMES[kind],
      source: layer.level,
      says: summaryOf(kind, layer.policies),
      holds: CUMULATIVE.has(kind) || layer === last,
    }));
  });
}

/** As in `tidegate.yaml`. */
const NAMES: Record<Kind, string> = {
  addresses: "addresses",
  models: "models",
  tools: "tools",
  requestHeaders: "request_headers",
  responseHeaders: "response_headers",
  maxBodyBytes: "max_body_size",
  cache: "cache",
  cors: "cors",
  requestSchema: "request_schema",
  mirror: "mirror",
  mock: "mock",
};

function summaryOf<One extends Kind>(kind: One, policies: PoliciesSnapshot): string {
  const value = policies[kind];
  const summarise = SUMMARIES[kind] as (value: NonNullable<PoliciesSnapshot[One]>) => string;
  return value === null || value === undefined ? "none" : summarise(value);
}

function summaryOfList(allow: readonly string[] | null, deny: readonly string[]): string {
  return [
    ...(allow === null ? [] : [`allow ${allow.join(", ")}`]),
    ...(deny.length === 0 ? [] : [`deny ${deny.join(", ")}`]),
  ].join("; ");
}

function summaryOfEdits({ add, set, remove }: HeaderEditsSnapshot): string {
  const parts = [
    { verb: "remove", names: remove },
    { verb: "set", names: set.map(([name]) => name) },
    { verb: "add", names: add.map(([name]) => name) },
  ];
  return parts.flatMap(({ verb, names }) => (names.length === 0 ? [] : [`${verb} ${names.join(", ")}`])).join("; ");
}
