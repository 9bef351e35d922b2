import { GatewayError } from "../../../../contracts/errors.ts";
import type { Exchange } from "../../../../contracts/exchange.ts";
import type { ClientHint } from "../../../../contracts/model-routing.ts";

/** What a caller says of how its call is to be made: in headers, and of fallbacks in the body as well. */
export interface ClientHints {
  /** Names of models, each with where the caller has named it. */
  fallbacks: readonly { model: string; param: string }[];
  noFallback: boolean;
  /** Null here and below: not said. */
  maxAttempts: number | null;
  totalMs: number | null;
  firstByteMs: number | null;
  /** Ids of providers that come first. */
  providerOrder: readonly string[] | null;
  /** Ids of providers that alone are asked. */
  providerOnly: readonly string[] | null;
  dropsUnsupported: boolean | null;
  /** JSON text of an object. */
  tags: string | null;
  /** What was said, for the check of what may be: each hint with a header, or field, that said it. */
  said: ReadonlyMap<ClientHint, string>;
}

const PREFIX = "x-tidegate-";

/** A header by which nobody can be told anything is no hint. */
const HEADERS: ReadonlyMap<string, ClientHint> = new Map([
  ["x-tidegate-fallbacks", "fallbacks"],
  ["x-tidegate-no-fallback", "fallbacks"],
  ["x-tidegate-max-attempts", "attempts"],
  ["x-tidegate-timeout", "timeouts"],
  ["x-tidegate-first-byte-timeout", "timeouts"],
  ["x-tidegate-provider-order", "providers"],
  ["x-tidegate-provider-only", "providers"],
  ["x-tidegate-unsupported-fields", "unsupported_fields"],
  ["x-tidegate-tags", "tags"],
]);

const MAX_FALLBACKS = 8;
const MAX_ATTEMPTS = 20;
const MAX_PROVIDERS = 16;
const MAX_TAGS = 16;
const MAX_TIMEOUT_MS = 24 * 3_600_000;

type Mutable = { -readonly [Name in keyof ClientHints]: ClientHints[Name] } & {
  fallbacks: { model: string; param: string }[];
  said: Map<ClientHint, string>;
};

/** Null: nothing is said. Throws `invalid_request` naming the header. */
export function readHintHeaders({ rawHeaders }: Pick<Exchange, "rawHeaders">): ClientHints | null {
  let hints: Mutable | null = null;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string;
    if (!name.startsWith(PREFIX)) continue;
    const hint = HEADERS.get(name);
    if (hint === undefined) continue;
    hints ??= nothingSaid();
    if (!hints.said.has(hint)) hints.said.set(hint, name);
    readHeader(hints, name, (rawHeaders[i + 1] as string).trim());
  }
  return hints;
}

/**
 * With what `models` and `fallbacks` of the body say. `model`: as the body names it; null: it is the first of `models`, as
 * OpenRouter's callers may have it. Throws `invalid_request` naming the field.
 */
export function withBodyFallbacks(
  headers: ClientHints | null,
  model: string | null,
  { models, fallbacks }: { models?: unknown; fallbacks?: unknown },
): ClientHints | null {
  const ofModels = namesIn(models, "models");
  const asked = model ?? ofModels[0]?.model;
  const named = [...ofModels, ...namesIn(fallbacks, "fallbacks")].filter((one) => one.model !== asked);
  if (named.length === 0) return headers;
  const field = ofModels.length > 0 ? "models" : "fallbacks";
  const hints = headers === null ? nothingSaid() : (headers as Mutable);
  if (!hints.said.has("fallbacks")) hints.said.set("fallbacks", field);
  hints.fallbacks.unshift(...named);
  limitFallbacks(hints.fallbacks, field);
  return hints;
}

function nothingSaid(): Mutable {
  return {
    fallbacks: [],
    noFallback: false,
    maxAttempts: null,
    totalMs: null,
    firstByteMs: null,
    providerOrder: null,
    providerOnly: null,
    dropsUnsupported: null,
    tags: null,
    said: new Map(),
  };
}

function readHeader(hints: Mutable, name: string, value: string): void {
  switch (name) {
    case "x-tidegate-fallbacks":
      hints.fallbacks.push(...listOf(value, name, MAX_FALLBACKS, "models").map((model) => ({ model, param: name })));
      limitFallbacks(hints.fallbacks, name);
      return;
    case "x-tidegate-no-fallback":
      hints.noFallback = truth(value, name);
      return;
    case "x-tidegate-max-attempts":
      if (!/^\d{1,2}$/.test(value) || Number(value) < 1 || Number(value) > MAX_ATTEMPTS) {
        throw bad(name, `must be a whole number from 1 to ${MAX_ATTEMPTS}`);
      }
      hints.maxAttempts = Number(value);
      return;
    case "x-tidegate-timeout":
      hints.totalMs = durationMs(value, name);
      return;
    case "x-tidegate-first-byte-timeout":
      hints.firstByteMs = durationMs(value, name);
      return;
    case "x-tidegate-provider-order":
      hints.providerOrder = listOf(value, name, MAX_PROVIDERS, "providers");
      return;
    case "x-tidegate-provider-only":
      hints.providerOnly = listOf(value, name, MAX_PROVIDERS, "providers");
      return;
    case "x-tidegate-unsupported-fields":
      if (value !== "drop" && value !== "refuse") throw bad(name, "must be `drop` or `refuse`");
      hints.dropsUnsupported = value === "drop";
      return;
    case "x-tidegate-tags":
      hints.tags = tagsOf(value, name);
  }
}

/** OpenRouter's `models`, LiteLLM's `fallbacks`: names, or objects that name a model and say nothing more. */
function namesIn(value: unknown, field: string): { model: string; param: string }[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw bad(field, "must be a list of models' names");
  return value.map((entry: unknown, index) => {
    const param = `${field}[${index}]`;
    const model = typeof entry === "object" && entry !== null ? nameOf(entry as Record<string, unknown>, param) : entry;
    if (typeof model !== "string" || model === "" || model.length > 200) throw bad(param, "must be a model's name");
    return { model, param };
  });
}

function nameOf(entry: Record<string, unknown>, param: string): unknown {
  const other = Object.keys(entry).find((name) => name !== "model");
  if (other !== undefined) throw bad(`${param}.${other}`.slice(0, 200), "can't be another one for a fallback");
  return entry.model;
}

function limitFallbacks(fallbacks: { model: string; param: string }[], field: string): void {
  // Of a name that is there twice the first one counts.
  const kept = fallbacks.filter(({ model }, index) => fallbacks.findIndex((one) => one.model === model) === index);
  fallbacks.splice(0, fallbacks.length, ...kept);
  if (kept.length > MAX_FALLBACKS) throw bad(field, `may name ${MAX_FALLBACKS} fallbacks at most`);
}

function listOf(value: string, name: string, maximum: number, what: string): string[] {
  const list = value.split(",").map((one) => one.trim());
  if (list.some((one) => one === "" || one.length > 200)) throw bad(name, `must be ${what}, separated by commas`);
  if (list.length > maximum) throw bad(name, `may name ${maximum} ${what} at most`);
  return list;
}

function truth(value: string, name: string): boolean {
  if (value !== "true" && value !== "false") throw bad(name, "must be `true` or `false`");
  return value === "true";
}

const UNITS_MS: Record<string, number> = { ms: 1, s: 1_000, m: 60_000 };

/** As in `tidegate.yaml`. */
function durationMs(value: string, name: string): number {
  const [, amount, unit] = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m)$/.exec(value) ?? [];
  const ms = Math.round(Number(amount) * (UNITS_MS[unit ?? ""] ?? Number.NaN));
  if (Number.isNaN(ms) || ms < 1 || ms > MAX_TIMEOUT_MS) throw bad(name, "must be a duration such as 500ms, 30s or 5m");
  return ms;
}

/** `name=value`, separated by commas. */
function tagsOf(value: string, name: string): string {
  const tags: Record<string, string> = {};
  for (const pair of value.split(",")) {
    const [, tag, text] = /^\s*([\w.-]{1,64})=([\x20-\x2b\x2d-\x7e]{0,128})\s*$/.exec(pair) ?? [];
    if (tag === undefined || tag === "__proto__" || text === undefined) {
      throw bad(name, "must be `name=value` pairs, separated by commas: names of letters, digits, `.`, `_` and `-`");
    }
    tags[tag] = text.trim();
  }
  if (Object.keys(tags).length > MAX_TAGS) throw bad(name, `may have ${MAX_TAGS} tags at most`);
  return JSON.stringify(tags);
}

function bad(param: string, problem: string): GatewayError {
  return new GatewayError("invalid_request", `\`${param}\` ${problem}`, { param });
}
