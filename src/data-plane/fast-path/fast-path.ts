import type {
  GovernorEvents,
  Handover,
  NativeEngine,
  NativePlan,
  NativeRoute,
  ToldByJavaScript,
  TranslatedByJavaScript,
} from "../../../native-bindings/engine.ts";
import type { CallRecordValue } from "../../contracts/call-record.ts";
import { type ErrorCode, GatewayError } from "../../contracts/errors.ts";
import type { DialectName, Usage } from "../../contracts/ir.ts";
import { type InboundName, inboundDialects, outboundDialects, passthroughs } from "../../dialects/index.ts";
import type { AiRuntime } from "../pipeline/ai/ai-runtime.ts";
import { type AiTarget, dialectAt } from "../pipeline/ai/ai-target.ts";
import { judgeFailure } from "../pipeline/ai/judge-failure.ts";
import type { ModelRoute } from "../pipeline/ai/model-routes.ts";
import { providerFailed, withoutKeys } from "../pipeline/ai/provider-failed.ts";
import { parseRawEvent, SseSplitter } from "../pipeline/ai/sse-splitter.ts";
import {
  type AiOperation,
  type BuiltCall,
  buildText,
  type CallPlan,
  type InspectedRequest,
  parseBody,
  translateAnswer,
} from "../pipeline/ai/translation.ts";
import { isSafe } from "../pipeline/cache/bypass.ts";
import type { RouteTarget } from "../pipeline/compiled.ts";
import type { Context } from "../pipeline/context.ts";
import type { CompiledCredentials } from "../pipeline/credentials/compile-credentials.ts";
import type { CompiledCredential } from "../pipeline/credentials/compiled-credential.ts";
import type { Pipeline } from "../pipeline/pipeline.ts";
import { isOfCaller } from "../pipeline/policies/call-policies.ts";
import type { CompiledCors } from "../pipeline/policies/cors.ts";
import { noteHealth } from "../pipeline/rest/rest-call.ts";
import type { RestService, RestTarget } from "../pipeline/rest/rest-service.ts";
import type { Router } from "../pipeline/router.ts";
import { aiPlan } from "./ai-plan.ts";
import { NativeCallers } from "./native-callers.ts";
import { restPlan } from "./rest-plan.ts";

/** Beyond this many other routes below a prefix, its paths are learned one by one. */
const MAX_HOLES = 1_000;
/** Of routes, and of models: paths and names come from callers. */
const MAX_LEARNED = 50_000;
/** What the native side looks up at all: governor.cc and governed-call.cc. */
const MAX_PATH_LENGTH = 1_024;
const MAX_MODEL_LENGTH = 200;

interface LearnedPlan {
  /** Whose decision it is: what began by it goes on in it. */
  pipeline: Pipeline;
  targets: readonly (RestTarget | AiTarget)[];
  /** Of calls to an ordinary service. */
  service: RestService | null;
  /** The model route has no other target. */
  isOnly: boolean;
  /** The caller's dialect, of a call to a model. */
  inbound: InboundName | null;
  /** The request as it was built when the plan was made; those of the plan differ in their bodies alone. */
  built: BuiltCall | null;
  operation: AiOperation;
  /** Longer bodies are translated in the pool. */
  offloadBytes: number;
}

/**
 * Teaches the native governor what the stages decide, so that the next calls of a kind need no JavaScript. The stages stay
 * the one place where rules are: what is learned is one of their decisions, with all that it depended on as its key, and it
 * is forgotten with the snapshot.
 */
export class FastPath implements GovernorEvents {
  readonly #engine: NativeEngine;
  readonly #runtime: AiRuntime;
  readonly #decodeRecord: (bytes: Buffer) => CallRecordValue[];
  #generation = 0;
  #pipeline: Pipeline | null = null;
  #enabled = false;
  #byHost = false;
  #hasCors = false;
  #callers: NativeCallers | null = null;
  #certificateHeaders: readonly string[] = [];
  #learnedRoutes = new Map<string, number>();
  #learnedModels = new Set<string>();
  #restPlans = new Map<string, number>();
  #plans = new Map<number, LearnedPlan>();
  /** Of snapshots before, by generation: calls that began with them may still ask. */
  readonly #formerPlans = new Map<number, ReadonlyMap<number, LearnedPlan>>();
  #nextPlan = 1;

  constructor(engine: NativeEngine, runtime: AiRuntime, decodeRecord: (bytes: Buffer) => CallRecordValue[]) {
    this.#engine = engine;
    this.#runtime = runtime;
    this.#decodeRecord = decodeRecord;
    engine.setGovernor(this);
  }

  /** A new snapshot holds: everything learned is forgotten. */
  begin(
    pipeline: Pipeline,
    { byHost, hasCors }: Pick<Router, "byHost" | "hasCors">,
    credentials: CompiledCredentials,
  ): void {
    // Bodies in the log go through JavaScript, which cuts and redacts them.
    this.#enabled = pipeline.snapshot.callLog.bodies === "off";
    this.#byHost = byHost;
    this.#hasCors = hasCors;
    this.#learnedRoutes = new Map();
    this.#learnedModels = new Set();
    this.#restPlans = new Map();
    this.#pipeline = pipeline;
    this.#keepPlansInUse();
    const { signatures, certificates, certificateHeaders } = credentials;
    this.#certificateHeaders = certificateHeaders;
    this.#generation = this.#engine.addon.governorBegin(this.#engine.handle, {
      byHost,
      signatures: signatures !== null,
      certificateHeaders: certificates === null ? [] : certificateHeaders,
    });
    this.#callers = new NativeCallers(this.#engine, this.#generation, pipeline.modelAccess);
  }

  /** Applications of these numbers are other ones than before: what was learned of routes and models stays. */
  forgetApplications(numbers: readonly Buffer[]): void {
    this.#engine.addon.forgetApplications(this.#engine.handle, Buffer.concat(numbers));
  }

  #keepPlansInUse(): void {
    if (this.#plans.size > 0) this.#formerPlans.set(this.#generation, this.#plans);
    this.#plans = new Map();
    const oldest = this.#engine.addon.governorOldest(this.#engine.handle);
    for (const generation of this.#formerPlans.keys()) {
      if (generation < oldest) this.#formerPlans.delete(generation);
    }
  }

  // --- learning ---

  /** A key that was let through. */
  learnKey({ pipeline }: Context, digest: string, credential: CompiledCredential): void {
    if (this.#enabled && pipeline === this.#pipeline) this.#callers?.learnKey(digest, credential);
  }

  /** A token that was verified: until then the governor takes it like a key. */
  learnToken({ pipeline }: Context, digest: string, credential: CompiledCredential, untilMs: number): void {
    if (!this.#enabled || pipeline !== this.#pipeline) return;
    this.#callers?.learnToken(digest, credential, Math.min(untilMs, credential.expiresAtMs));
  }

  /**
   * A call that began with another snapshot teaches nothing: what held for it may hold no more. Nor does one with policies
   * that take JavaScript, or that are the caller's own.
   */
  #learning(context: Context): Pipeline | null {
    const { pipeline, exchange, policies } = context;
    if (!this.#enabled || pipeline !== this.#pipeline || exchange.path.length > MAX_PATH_LENGTH) return null;
    // About another method, and so by another route's policy.
    if (this.#hasCors && exchange.method === "OPTIONS") return null;
    if ((policies !== null && !policies.isNative) || isOfCaller(context)) return null;
    return this.#pipeline;
  }

  learnRest(context: Context, service: RestService, route: Extract<RouteTarget, { kind: "rest" }>): void {
    // Which release the next call is for depends on more than its path.
    const pipeline = route.isChosen ? null : this.#learning(context);
    if (pipeline === null) return;
    const { exchange } = context;
    // What it may make invalid is known to JavaScript alone.
    if (route.invalidates && !isSafe(exchange.method)) return;
    // `OPTIONS *` is about no path.
    if (!exchange.path.startsWith("/")) return;
    if (route.route.match === "pattern" || exchange.path.includes("%")) return;
    const prefix = route.route.match === "prefix" && route.holes !== null && route.holes.length <= MAX_HOLES;
    const base = route.route.path.replace(/\/+$/, "");
    // Equivalent spellings of a configured path are the router's to know.
    if (prefix && !exchange.path.startsWith(base)) return;
    const path = prefix ? base : exchange.path;
    const key = this.#key(exchange.method, exchange.host, path);
    if (this.#learnedRoutes.has(key) || this.#learnedRoutes.size >= MAX_LEARNED) return;
    this.#learnedRoutes.set(key, -1);
    const plan = this.#restPlan(pipeline, exchange.method, service, route, context.cors);
    if (plan === null) return;
    const holes = prefix ? (route.holes ?? []).map((hole) => this.#key(exchange.method, exchange.host, hole)) : [];
    this.#learnRoute(key, prefix, this.#routeOf(context), plan, holes);
  }

  /** Routes of a service differ in little: those that forward alike share a plan, and with it the targets' turns. */
  #restPlan(
    pipeline: Pipeline,
    method: string,
    service: RestService,
    route: Extract<RouteTarget, { kind: "rest" }>,
    cors: CompiledCors | null,
  ): NativePlan | number | null {
    const id = this.#nextPlan;
    const answerFields = cors?.fixed ?? null;
    const plan = restPlan(service, route, method, id, this.#certificateHeaders, answerFields);
    if (plan === null) return null;
    const edits = JSON.stringify([service.edits, answerFields]);
    const key = `${service.snapshot.id} ${service.snapshot.release} ${method} ${plan.stripSegments} ${edits}`;
    const known = this.#restPlans.get(key);
    if (known !== undefined) return known;
    this.#restPlans.set(key, id);
    this.#nextPlan++;
    const { targetNumbers } = this.#runtime;
    for (const { state, host } of service.targets) targetNumbers.label(state.numbers, service.snapshot.id, host);
    const learned = { targets: service.targets, inbound: null, built: null, offloadBytes: 0, isOnly: false };
    this.#plans.set(id, { ...learned, pipeline, service, operation: "chat" });
    return plan;
  }

  learnAi(
    context: Context,
    operation: AiOperation,
    inbound: InboundName,
    route: ModelRoute,
    request: InspectedRequest,
    built: BuiltCall,
    index: number,
  ): void {
    // Only what the first attempt of an undisturbed call is. What its answers say to other origins is JavaScript's.
    const pipeline = this.#learning(context);
    if (pipeline === null || context.attempts > 0 || context.cors !== null) return;
    const { target: called } = context;
    // Which release the next call is for depends on more than its path.
    if (called?.kind !== "ai" || called.isChosen) return;
    if (index !== 0 && route.strategy !== "weighted") return;
    const { exchange } = context;
    if (request.model.length > MAX_MODEL_LENGTH) return;
    const key = this.#key(exchange.method, exchange.host, exchange.path);
    let nativeRoute = this.#learnedRoutes.get(key);
    if (nativeRoute === undefined) {
      if (exchange.path.includes("%")) return;
      nativeRoute = this.#learnRoute(key, false, this.#routeOf(context), null, []);
    }
    if (nativeRoute < 0) return;
    // As governed-call.cc reads them from the body: stream, and whether usage is asked for in so many words.
    const asks = request.stream && inbound === "openai" && request.includeUsage;
    const flags = (request.stream ? 1 : 0) | (asks ? 2 : 0);
    const access = pipeline.modelAccess.callerNumber(context.application);
    const modelKey = `${nativeRoute} ${flags} ${access} ${request.model}`;
    if (this.#learnedModels.has(modelKey) || this.#learnedModels.size >= MAX_LEARNED) return;
    this.#learnedModels.add(modelKey);
    const { maxResponseBytes, offloadBytes } = pipeline.snapshot.ai;
    const { releaseHeaders } = called;
    const made = aiPlan({
      ...{ operation, inbound, route, request, built, maxResponseBytes, releaseHeaders },
      id: this.#nextPlan,
    });
    if (made === null) return;
    this.#plans.set(this.#nextPlan++, {
      pipeline,
      targets: made.targets,
      service: null,
      isOnly: route.targets.length === 1,
      inbound,
      built,
      operation,
      offloadBytes,
    });
    for (const { load, provider, target } of made.targets) {
      this.#runtime.targetNumbers.label(load.numbers, provider.id, target.model);
    }
    const { addon, handle } = this.#engine;
    addon.learnModel(handle, this.#generation, nativeRoute, flags, access, request.model, made.plan);
  }

  #key(method: string, host: string, path: string): string {
    return `${method} ${this.#byHost ? host : ""} ${path}`;
  }

  #learnRoute(
    key: string,
    prefix: boolean,
    route: NativeRoute | null,
    plan: NativePlan | number | null,
    holes: string[],
  ): number {
    const { addon, handle } = this.#engine;
    const learned = route === null ? -1 : addon.learnRoute(handle, this.#generation, key, prefix, route, plan, holes);
    this.#learnedRoutes.set(key, learned);
    return learned;
  }

  #routeOf({ target }: Context): NativeRoute | null {
    if (target === null || target.kind === "health") return null;
    const service = this.#callers?.service(target.service) ?? -1;
    if (service < 0) return null;
    return {
      name: target.kind === "rest" ? target.route.id : target.routeId,
      service,
      ai: target.kind === "ai",
      // Each listener's own limit holds besides.
      maxBodyBytes: target.maxBodyBytes ?? Number.MAX_SAFE_INTEGER,
    };
  }

  // --- what the native side asks ---

  onRecord(record: Buffer): void {
    this.#runtime.callLog.append(this.#decodeRecord(record));
  }

  onStreamError(plan: number, target: number, requestId: string, error: Handover["error"], data: string): string {
    const learned = this.#planOf(plan);
    const at = learned?.targets[target];
    if (learned === undefined || learned.inbound === null || at === undefined || !("provider" in at)) return "";
    const { operation, inbound } = learned;
    const failure =
      error === null
        ? withoutKeys(at, providerError(at, dialectAt(at, operation, inbound), data))
        : new GatewayError(...STREAM_ERRORS[error]);
    // That the call's time is up, or this worker's, says nothing of the target.
    if (error !== "draining" && error !== "total-timeout") {
      judgeFailure(at, failure, Date.now(), learned.isOnly, this.#runtime.metrics);
    }
    return `${failure.code}\n${inboundDialects[learned.inbound].formatStreamError(failure, requestId)}`;
  }

  onTargetFailed(plan: number, target: number): void {
    const learned = this.#planOf(plan);
    const at = learned?.targets[target];
    if (learned === undefined || learned.service === null || at === undefined || !("state" in at)) return;
    noteHealth(learned.service, at, false, this.#runtime);
  }

  onCost(plan: number, target: number, input: number, output: number, cached: number, written: number): number {
    const at = this.#planOf(plan)?.targets[target];
    if (at === undefined || !("price" in at) || at.price === null) return -1;
    const usage: Usage = { inputTokens: Math.max(0, input), outputTokens: Math.max(0, output) };
    if (cached >= 0) usage.cachedInputTokens = cached;
    if (written >= 0) usage.cacheWriteTokens = written;
    return this.#runtime.prices.costUsd(at.price, usage);
  }

  onTranslateRequest(plan: number, target: number, body: Buffer): string | null {
    const found = this.#callPlanOf(plan, target);
    if (found === null || body.length > found.learned.offloadBytes) return null;
    try {
      const built = buildText(parseBody(body), found.callPlan);
      const { path, query, headers } = found.built;
      // The caller is told of it.
      if (built.dropped !== undefined) return null;
      if (built.path !== path || built.query !== query || !sameHeaders(built.headers, headers)) return null;
      return built.body;
    } catch {
      // The stages find the same, and say so.
      return null;
    }
  }

  onTranslateAnswer(plan: number, target: number, requestId: string, body: Buffer): TranslatedByJavaScript | null {
    const found = this.#callPlanOf(plan, target);
    if (found === null || body.length > found.learned.offloadBytes) return null;
    const context = { model: found.callPlan.target.model, requestId, includeUsage: true };
    try {
      const { text, usage, model } = translateAnswer(body, "float", found.callPlan, false, context);
      return text === null ? null : { text, tokens: tokensOf(usage), model: model ?? "" };
    } catch {
      return null;
    }
  }

  onStreamUsage(plan: number, target: number, events: Buffer): ToldByJavaScript | null {
    const learned = this.#planOf(plan);
    const at = learned?.targets[target];
    if (learned === undefined || learned.inbound === null || at === undefined || !("provider" in at)) return null;
    const watcher = passthroughs[dialectAt(at, learned.operation, learned.inbound)]?.createUsageWatcher(true);
    if (watcher === undefined) return null;
    const splitter = new SseSplitter(events.length);
    const look = (raw: Buffer) => void watcher.push(parseRawEvent(raw));
    splitter.push(events, look);
    // A stream's last event may have come without its empty line.
    if (splitter.rest.length > 0) look(splitter.rest);
    return { tokens: tokensOf(watcher.usage), model: (watcher.model ?? "").slice(0, MAX_MODEL_LENGTH) };
  }

  #callPlanOf(plan: number, target: number): { learned: LearnedPlan; built: BuiltCall; callPlan: CallPlan } | null {
    const learned = this.#planOf(plan);
    const at = learned?.targets[target];
    if (learned === undefined || learned.built === null || learned.inbound === null) return null;
    if (at === undefined || !("provider" in at)) return null;
    const { operation, inbound, built } = learned;
    const outbound = dialectAt(at, operation, inbound);
    const callPlan = { operation, inbound, outbound, target: at.target, mayHoldForeign: false };
    return { learned, built, callPlan };
  }

  /** What a handover's attempt was made at, and the pipeline that the call goes on in. */
  originOf({ plan, target }: Handover): { pipeline: Pipeline; target: RestTarget | AiTarget } | null {
    const learned = this.#planOf(plan);
    const at = learned?.targets[target];
    return learned === undefined || at === undefined ? null : { pipeline: learned.pipeline, target: at };
  }

  #planOf(id: number): LearnedPlan | undefined {
    const current = this.#plans.get(id);
    if (current !== undefined) return current;
    for (const plans of this.#formerPlans.values()) {
      const former = plans.get(id);
      if (former !== undefined) return former;
    }
    return undefined;
  }
}

const NO_TOKENS = [-1, -1, -1, -1, -1] as const;

function tokensOf(usage: Usage | null): TranslatedByJavaScript["tokens"] {
  if (usage === null) return NO_TOKENS;
  return [
    usage.inputTokens,
    usage.outputTokens,
    usage.cachedInputTokens ?? -1,
    usage.cacheWriteTokens ?? -1,
    usage.reasoningTokens ?? -1,
  ];
}

function sameHeaders(one: Readonly<Record<string, string>>, other: Readonly<Record<string, string>>): boolean {
  for (const name in one) if (one[name] !== other[name]) return false;
  for (const name in other) if (one[name] === undefined) return false;
  return true;
}

/** The error event of a provider that spoke in the middle of its stream. */
function providerError(target: AiTarget, dialect: DialectName, data: string): GatewayError {
  const parser = outboundDialects[dialect].createStreamParser(target.target);
  const event = parser.push({ event: "error", data }).find((one) => one.type === "error");
  if (event?.type === "error") return providerFailed(event.failure);
  return new GatewayError("upstream_reset", "the provider's stream ended with an error");
}

type StreamError = Exclude<Handover["error"], null>;

const STREAM_ERRORS: Record<StreamError, [ErrorCode, string]> = {
  unreachable: ["upstream_unreachable", "the upstream can't be reached"],
  "connect-timeout": ["upstream_connect_timeout", "the upstream did not accept a connection in time"],
  reset: ["upstream_reset", "the upstream closed the connection before its answer was complete"],
  "ended-early": ["upstream_reset", "the provider's stream ended before the answer was complete"],
  "first-byte-timeout": ["upstream_first_byte_timeout", "the upstream did not answer in time"],
  "idle-timeout": ["upstream_idle_timeout", "the upstream stopped sending in the middle of its answer"],
  protocol: ["upstream_protocol_error", "the provider's event stream is malformed"],
  switched: ["upstream_protocol_error", "the upstream switched protocols without being asked"],
  "total-timeout": ["upstream_total_timeout", "the call took longer than its total timeout"],
  draining: ["not_ready", "the gateway is shutting down: try again"],
};
