import type { InboundDialect, OutboundDialect, TargetModel } from "../contracts/dialect.ts";
import type { ChatRequest, Part } from "../contracts/ir.ts";
import { isObject } from "./checks.ts";

/**
 * What a request loses on its way to a provider of another dialect: hints, which don't change what the model is asked, always;
 * what the provider can't do, where the caller or the model route allows it. By Chat Completions names; the caller is told in
 * its own words.
 */

/** Hints that a dialect for providers may have no word for. `detail` and `cache_control` are of parts, `is_error` of results, `name` of messages. */
export type Hint =
  | "seed"
  | "user"
  | "safety_identifier"
  | "metadata"
  | "cache_control"
  | "detail"
  | "name"
  | "strict"
  | "is_error";

const SAYS: Record<Hint, (request: ChatRequest) => boolean> = {
  seed: ({ seed }) => seed !== undefined,
  user: ({ user }) => user !== undefined,
  safety_identifier: ({ safetyIdentifier }) => safetyIdentifier !== undefined,
  metadata: ({ metadata }) => metadata !== undefined && Object.keys(metadata).length > 0,
  cache_control: ({ messages, tools }) =>
    tools?.some(({ cache }) => cache !== undefined) === true || messages.some(({ content }) => content.some(isMarked)),
  detail: ({ messages }) => messages.some(({ content }) => content.some(hasDetail)),
  name: ({ messages }) => messages.some(({ name }) => name !== undefined),
  // The result says in its own words what went wrong.
  is_error: ({ messages }) =>
    messages.some(({ content }) => content.some((part) => part.type === "tool_result" && part.isError === true)),
  strict: ({ tools }) => tools?.some(({ strict }) => strict === true) === true,
};

function isMarked(part: Part): boolean {
  if ("cache" in part && part.cache !== undefined) return true;
  return part.type === "tool_result" && part.content.some(isMarked);
}

function hasDetail(part: Part): boolean {
  if (part.type === "tool_result") return part.content.some(hasDetail);
  return part.type === "image" && part.detail !== undefined && part.detail !== "auto";
}

export function saysHint(request: ChatRequest, hint: Hint): boolean {
  return SAYS[hint](request);
}

/** For dialects that leave out no more than these. */
export function leavingOut(...hints: readonly Hint[]): (request: ChatRequest) => string[] {
  return (request) => hints.filter((hint) => saysHint(request, hint));
}

/** In the caller's words, without what was dropped because the target can't do it; undefined: nothing is lost. */
export function droppedHints(
  inbound: InboundDialect,
  outbound: OutboundDialect,
  request: ChatRequest,
  target: TargetModel,
): string[] | undefined {
  const { extra } = request;
  if (extra?.dialect === outbound.name) return undefined;
  const left: string[] = [...(outbound.leavesOut?.(request, target) ?? [])];
  const quirks = outbound.name === "openai" ? (target.quirks?.droppedFields ?? []) : [];
  for (const param of quirks) if (!left.includes(param) && isSaid(request, param)) left.push(param);
  const dropped = left.map((param) => inbound.spell?.(param, request) ?? param);
  for (const field in extra?.fields) {
    if ((extra.fields[field] ?? null) === null || inbound.heldBesides?.has(field) === true) continue;
    if (outbound.takes?.(inbound.name, field) !== true && !dropped.includes(field)) dropped.push(field);
  }
  return dropped.length === 0 ? undefined : dropped;
}

/** The IR's names of what may be dropped although the target can't do it: an answer is one to the same question without them. */
const DROPPABLE: ReadonlyMap<string, readonly (keyof ChatRequest)[]> = new Map([
  ["temperature", ["temperature"]],
  ["top_p", ["topP"]],
  ["top_k", ["topK"]],
  ["frequency_penalty", ["frequencyPenalty"]],
  ["presence_penalty", ["presencePenalty"]],
  ["seed", ["seed"]],
  ["n", ["n"]],
  ["logprobs", ["logprobs", "topLogprobs"]],
  ["top_logprobs", ["topLogprobs"]],
  ["verbosity", ["verbosity"]],
  ["service_tier", ["serviceTier"]],
  ["parallel_tool_calls", ["parallelToolCalls"]],
  ["reasoning_effort", ["reasoning"]],
  ["reasoning.max_tokens", ["reasoning"]],
] as const);

/** Further ones: fields of the caller's dialect, and of servers of OpenAI's. */
const DROPPABLE_FIELDS =
  /^(?:logit_bias|min_p|user|metadata|truncation|citation_options\.mode|include\[\d+\]|reasoning\.(?:mode|context))$/;

/** Whether a refused field may be dropped at all: without the others, the answer would be one to another question. */
export function isDroppable(param: string): boolean {
  return DROPPABLE.has(param) || DROPPABLE_FIELDS.test(param);
}

/** Takes out of a request what a target has refused; false: it must not be, or is not there. */
export function dropField(request: ChatRequest, param: string): boolean {
  if (!isDroppable(param)) return false;
  let isChanged = false;
  for (const key of DROPPABLE.get(param) ?? []) {
    if (request[key] === undefined) continue;
    delete request[key];
    isChanged = true;
  }
  const { untranslatable, extra } = request;
  if (untranslatable?.some((entry) => entry.param === param) === true) {
    request.untranslatable = untranslatable.filter((entry) => entry.param !== param);
    isChanged = true;
  }
  if (extra !== undefined && Object.hasOwn(extra.fields, param)) {
    const { [param]: _dropped, ...fields } = extra.fields;
    request.extra = { ...extra, fields };
    isChanged = true;
  }
  return isChanged;
}

function isSaid(request: ChatRequest, param: string): boolean {
  if (Object.hasOwn(SAYS, param)) return saysHint(request, param as Hint);
  const keys = DROPPABLE.get(param);
  if (keys !== undefined) return keys.some((key) => request[key] !== undefined);
  const { extra } = request;
  return isObject(extra?.fields) && (extra.fields[param] ?? null) !== null;
}

/** How much of what was lost is told: names come from callers. */
const MAX_NAMES = 16;
const MAX_NAME_LENGTH = 64;

/** The value of `x-tidegate-dropped`. */
export function droppedValue(names: readonly string[]): string {
  const shown = names.slice(0, MAX_NAMES).map((name) => name.slice(0, MAX_NAME_LENGTH).replace(/[^\w.[\]-]/g, "?"));
  return names.length > MAX_NAMES ? `${shown.join(", ")}, ...` : shown.join(", ");
}
