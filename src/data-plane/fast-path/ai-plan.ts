import type { NativePlan, NativePlanTarget } from "../../../native-bindings/engine.ts";
import { type InboundName, outboundDialects, passthroughs } from "../../dialects/index.ts";
import type { Price } from "../../providers/prices.ts";
import { NativeDispatcher } from "../../upstream/native-dispatcher.ts";
import { type AiTarget, dialectAt } from "../pipeline/ai/ai-target.ts";
import { DIALECT_HEADERS } from "../pipeline/ai/attempt-request.ts";
import type { ModelRoute } from "../pipeline/ai/model-routes.ts";
import { ID_MARK } from "../pipeline/ai/stored/object-ids.ts";
import {
  type AiOperation,
  type BuiltCall,
  type InspectedRequest,
  passthroughPath,
} from "../pipeline/ai/translation.ts";
import { EMPTY_PLAN, EMPTY_TARGET } from "./empty-plan.ts";

export interface AiPlanOptions {
  operation: AiOperation;
  inbound: InboundName;
  route: ModelRoute;
  request: InspectedRequest;
  /** The first attempt's. */
  built: BuiltCall;
  id: number;
  maxResponseBytes: number;
  /** Names and values, alternating, that every answer carries. */
  releaseHeaders: readonly string[];
}

const DIALECTS: Partial<Record<string, number>> = { openai: 1, anthropic: 2 };

/**
 * How the native side makes calls of one model and one way of asking; null where it can't: another dialect, TLS, or a
 * choice of target that depends on how targets do. With failover it makes the first attempt, and JavaScript all others.
 */
export function aiPlan(options: AiPlanOptions): { plan: NativePlan; targets: readonly AiTarget[] } | null {
  const { operation, inbound, route, request, built, id, maxResponseBytes, releaseHeaders } = options;
  const { strategy } = route;
  // Clocks of tokens, races and rescues are JavaScript's.
  if (route.onBrokenStream !== null && request.stream) return null;
  if (route.hedging !== null || route.targets.some(({ isTimed }) => isTimed)) return null;
  if (strategy === "latency" || strategy === "least-busy" || strategy === "sticky") return null;
  // Streams are translated piece by piece, and requests for each target in its own way: JavaScript's.
  if (!built.passthrough && (request.stream || operation !== "chat")) return null;
  // What an answer repeats of its request is known to JavaScript alone.
  if (built.echo !== undefined) return null;
  const targets = strategy === "weighted" ? route.targets : route.targets.slice(0, 1);
  if (!built.passthrough && targets.length > 1) return null;
  if (targets.some(({ timeouts }) => differ(timeouts, targets[0]?.timeouts))) return null;
  const native: NativePlanTarget[] = [];
  for (const target of targets) {
    const made = nativeTarget(target, operation, inbound, built, lines(releaseHeaders));
    if (made === null) return null;
    native.push(made);
  }
  const { timeouts } = route;
  const [first] = targets;
  const plan: NativePlan = {
    ...EMPTY_PLAN,
    id,
    ai: true,
    targets: native,
    firstByteMs: first?.timeouts.firstByteMs ?? timeouts.firstByteMs,
    idleMs: first?.timeouts.idleMs ?? timeouts.idleMs,
    totalMs: timeouts.totalMs,
    modelAsked: request.model.slice(0, 200),
    stream: request.stream,
    includeUsage: request.includeUsage,
    addUsage: request.stream && !request.includeUsage,
    requestIdTwice: inbound === "anthropic",
    forwardedFields: built.passthrough ? [...(DIALECT_HEADERS[inbound] ?? [])] : [],
    maxResponseBytes,
    foreignMarks: foreignMarks(targets, operation, inbound, built),
  };
  return { plan, targets };
}

/** A plan has one set of timeouts. */
function differ(one: AiTarget["timeouts"], other: AiTarget["timeouts"] = one): boolean {
  return one.firstByteMs !== other.firstByteMs || one.idleMs !== other.idleMs;
}

/**
 * Of bodies that are JavaScript's: those that name what some provider keeps, those whose answers may hold what it will keep, those that
 * are sent with headers of their own, and those of which something has to be taken out before they go to a provider of the caller's dialect.
 */
function foreignMarks(
  targets: readonly AiTarget[],
  operation: AiOperation,
  inbound: InboundName,
  { passthrough }: BuiltCall,
): string[] {
  const marks = [ID_MARK];
  if (!passthrough) {
    for (const target of targets)
      marks.push(...(outboundDialects[dialectAt(target, operation, inbound)].ownHeaderMarks ?? []));
    return marks;
  }
  const { foreign, madeFiles } = passthroughs[inbound] ?? {};
  if (madeFiles?.askedBy !== undefined && targets.some(({ target }) => target.endpoints?.files !== undefined)) {
    marks.push(madeFiles.askedBy);
  }
  if (foreign !== undefined && targets.some(({ mayHoldForeign }) => mayHoldForeign)) marks.push(...foreign.marks);
  return marks;
}

function nativeTarget(
  target: AiTarget,
  operation: AiOperation,
  inbound: InboundName,
  built: BuiltCall,
  releaseFields: string,
): NativePlanTarget | null {
  const { provider, dispatcher, load } = target;
  const outbound = dialectAt(target, operation, inbound);
  const same = passthroughPath({ operation, inbound, outbound, target: target.target });
  const translated = !built.passthrough;
  const dialect = translated ? 0 : DIALECTS[outbound];
  const path = translated ? built.path + (built.query === "" ? "" : `?${built.query}`) : same;
  if (path === undefined || dialect === undefined || translated !== (same === undefined)) return null;
  if (!(dispatcher instanceof NativeDispatcher) || load.numbers.index === 0) return null;
  // What differs from call to call besides the body, or has to be looked for in it, is JavaScript's.
  if (!target.keys.isPlain || target.query !== "" || provider.quirks !== undefined) return null;
  const { model } = target.target;
  const answer = `x-tidegate-provider: ${provider.id}\r\nx-tidegate-model: ${model}\r\nx-tidegate-attempts: 1\r\n${releaseFields}`;
  const replaceable = translated ? [] : (DIALECT_HEADERS[inbound] ?? []);
  const first = target.heads[0] ?? [];
  return {
    ...EMPTY_TARGET,
    origin: dispatcher.originId,
    numbers: load.numbers.index,
    weight: target.weight,
    upstream: target.host,
    requestLine: `POST ${target.pathPrefix}${path} HTTP/1.1\r\n`,
    heads: target.heads.map((headers, index) => ({
      fields: lines(
        withFields(
          selected(headers, (name) => !replaceable.includes(name)),
          built.headers,
        ),
      ),
      weight: target.keys.keys[index]?.weight ?? 1,
    })),
    replaceable: selected(first, (name) => replaceable.includes(name)),
    provider: provider.id,
    model,
    modelJson: JSON.stringify(model),
    answerFields: `content-type: application/json\r\n${answer}`,
    streamFields: `content-type: text/event-stream; charset=utf-8\r\n${answer}`,
    dialect,
    translated,
    price: nativePrice(target.price),
  };
}

function nativePrice(price: Price | null): NativePlanTarget["price"] {
  if (price === null) return null;
  const { variable } = price;
  const above = variable === null ? -1 : variable.aboveInputTokens < 0 ? -2 : variable.aboveInputTokens;
  return {
    input: price.inputPerToken,
    output: price.outputPerToken,
    cached: price.cachedInputPerToken,
    written: price.cacheWritePerToken,
    above,
  };
}

function selected(headers: readonly string[], keep: (name: string) => boolean): string[] {
  const kept: string[] = [];
  for (let i = 0; i < headers.length; i += 2) {
    if (keep(headers[i] as string)) kept.push(headers[i] as string, headers[i + 1] as string);
  }
  return kept;
}

/** What a translated request adds to, or replaces of, a target's fields. */
function withFields(headers: string[], added: Readonly<Record<string, string>>): string[] {
  const kept = selected(headers, (name) => added[name] === undefined);
  return [...kept, ...Object.entries(added).flat()];
}

function lines(headers: readonly string[]): string {
  let text = "";
  for (let i = 0; i < headers.length; i += 2) text += `${headers[i]}: ${headers[i + 1]}\r\n`;
  return text;
}
