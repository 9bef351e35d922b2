import { loadAddon } from "./load.ts";

declare const engineBrand: unique symbol;
declare const exchangeBrand: unique symbol;
declare const callBrand: unique symbol;
/** The native engine of one environment's gateway. */
export type EngineHandle = { readonly [engineBrand]: true };
/** A request. Used once: a handle whose exchange is over does nothing. */
export type ExchangeHandle = number & { readonly [exchangeBrand]?: true };
/** A call to an upstream. */
export type CallHandle = number & { readonly [callBrand]?: true };

/** Separators in a head as it comes from the parser; no head holds control characters. */
export const BEFORE_NAME = "\u0001";
export const BEFORE_VALUE = "\u0002";
export const BETWEEN = "\u0003";

/** The order of RequestRefusal in native-bindings/src/http/request-parser.h. */
export const REQUEST_REFUSALS = [
  "none",
  "bad-request-line",
  "bad-method",
  "bad-target",
  "bad-version",
  "bad-line-end",
  "bad-field-line",
  "bad-field-name",
  "bad-field-value",
  "duplicate-length",
  "bad-length",
  "length-and-chunked",
  "bad-transfer-coding",
  "chunked-in-http10",
  "missing-host",
  "duplicate-host",
  "bad-host",
  "bad-expectation",
  "target-too-long",
  "head-too-long",
] as const;
export type RequestRefusal = (typeof REQUEST_REFUSALS)[number];

/** The order of UpstreamError in native-bindings/src/client/upstream-call.h. */
export const UPSTREAM_ERRORS = [
  "unreachable",
  "connect-timeout",
  "reset",
  "first-byte-timeout",
  "idle-timeout",
  "protocol",
  "switched",
] as const;
export type UpstreamErrorName = (typeof UPSTREAM_ERRORS)[number];

export interface ListenOptions {
  host: string;
  /** 0: the kernel chooses. */
  port: number;
  headBytes: number;
  targetBytes: number;
  maxBodyBytes: number;
  /** Between two requests of a connection. */
  idleTimeoutMs: number;
  /** For a whole head, from its first byte. */
  headTimeoutMs: number;
  /** 0: none is asked for. */
  minBodyBytesPerSecond: number;
}

export interface OriginOptions {
  /** Name or address, without brackets; "" with `unixPath`. */
  host: string;
  port: number;
  /** "" for TCP. */
  unixPath: string;
  connectTimeoutMs: number;
}

/** What happens to a request that JavaScript works on. `bytes`: undefined when they are in the engine's scratch. */
export interface ExchangeEvents {
  onWholeBody(length: number, bytes: Buffer | undefined, tooLong: boolean): void;
  onBodyChunk(length: number, bytes: Buffer | undefined): boolean;
  onBodyEnd(): void;
  onDrain(): void;
  onAborted(): void;
}

export interface ListenerEvents {
  /** `head`: method, path, query, host name and peer address, joined by BETWEEN; then BEFORE_NAME name BEFORE_VALUE value for each field. */
  onRequest(handle: ExchangeHandle, head: string, contentLength: number, beyondAscii: boolean): ExchangeEvents;
  /** The exchange that `onRequest` made is known to the engine: from here on it may be called back. */
  onReady(exchange: ExchangeEvents): void;
  /** As onReady, for a request that the native part gives up with what it has tried. */
  onHandover(exchange: ExchangeEvents, handover: Handover): void;
  /** Returns the body of the refusal, JSON. */
  onRefused(path: string, refusal: RequestRefusal): string;
  onTimedOut(path: string): string;
}

export interface CallEvents {
  /** `fields`: BEFORE_NAME name BEFORE_VALUE value for each. */
  onInterim(status: number, fields: string): void;
  onHead(status: number, fields: string): boolean;
  onData(length: number, bytes: Buffer | undefined): boolean;
  onComplete(): void;
  onError(error: UpstreamErrorName, reason: string): void;
  onDrain(): void;
}

/** What the native part has tried of a call before it gave the call to JavaScript. */
export interface Handover {
  /** Of the request. */
  id: string;
  /** Unix time. */
  startedAtMs: number;
  /** Since then, until now and until the attempt was sent. */
  elapsedMs: number;
  dispatchedMs: number;
  plan: number;
  /** Place in the plan's targets. */
  target: number;
  /** Place in the target's heads. */
  head: number;
  /** Null: there is an answer, as far as it has come. With a status besides, that answer ended in the error. */
  error: UpstreamErrorName | "total-timeout" | "draining" | "ended-early" | null;
  reason: string;
  status: number;
  fields: string;
  data: Buffer;
  complete: boolean;
  /** The attempt, paused; null when it is over. */
  call: CallHandle | null;
}

/** What the governor asks JavaScript besides. */
export interface GovernorEvents {
  onRecord(record: Buffer): void;
  /** The code of the error, a line end, and the text that ends the stream. */
  onStreamError(plan: number, target: number, requestId: string, error: Handover["error"], data: string): string;
  /** Tokens below 0 are not known. Returns US dollars. */
  onCost(plan: number, target: number, input: number, output: number, cached: number, written: number): number;
  /** An answer to which nothing more can be done says that its target is not well, or broke off. */
  onTargetFailed(plan: number, target: number): void;
  /** The body for the provider; null: this call is not as its plan says. */
  onTranslateRequest(plan: number, target: number, body: Buffer): string | null;
  /** The body for the caller; null: the answer is not one. */
  onTranslateAnswer(plan: number, target: number, requestId: string, body: Buffer): TranslatedByJavaScript | null;
  /** `events`: those of a stream that may tell of usage and model, as they came. */
  onStreamUsage(plan: number, target: number, events: Buffer): ToldByJavaScript | null;
}

/** What an answer tells of itself. */
export interface ToldByJavaScript {
  /** Input, output, cached input, cache write and reasoning tokens; below 0: not known. */
  tokens: readonly [number, number, number, number, number];
  /** As the provider names it; "": not told. */
  model: string;
}

export interface TranslatedByJavaScript extends ToldByJavaScript {
  text: string;
}

export interface NativeLimit {
  /** 0 fixed window, 1 sliding window, 2 token bucket. */
  algorithm: number;
  /** 0 requests, 1 tokens, 2 cost. */
  unit: number;
  /** 0 as the counters say, 1 over all nodes of the cluster, 2 on each by itself. */
  sharing: number;
  amount: number;
  windowMs: number;
  /** 0 application, 1 service, 2 address. */
  subject: number;
  keyPrefix: string;
  key: string | null;
}

export interface NativeGeneration {
  byHost: boolean;
  /** Requests with `Signature-Input` are JavaScript's to authenticate, */
  signatures: boolean;
  /** and those with one of these fields, when they have no key. Lower case. */
  certificateHeaders: readonly string[];
}

export interface NativeService {
  id: string;
  team: string;
  /** 0 open, 1 key, 2 subscription. */
  access: number;
  limits: NativeLimit[];
  /** The number that subscriptions to it name. */
  subscribedAs: number;
  /** -1 for none. */
  release: number;
}

export interface NativeApplication {
  /** 8 bytes, of its own. */
  number: Buffer;
  id: string;
  team: string;
  limits: NativeLimit[];
  /**
   * Approved ones by ascending service: little-endian 32-bit numbers of the service and of a set of limits, and the Unix
   * time in milliseconds at which it ends, a 64-bit float.
   */
  subscriptions: Buffer;
  /** Models are learned for each number of this by itself. */
  modelAccess: number;
}

export interface NativePlanTarget {
  origin: number;
  numbers: number;
  weight: number;
  upstream: string;
  pathPrefix: string;
  host: string;
  requestLine: string;
  heads: { fields: string; weight: number }[];
  /** Names and values, alternating, of fields that a caller's own replaces. */
  replaceable: string[];
  provider: string;
  model: string;
  modelJson: string;
  answerFields: string;
  streamFields: string;
  /** 0 none, 1 OpenAI, 2 Anthropic. */
  dialect: number;
  /** The provider speaks another dialect. */
  translated: boolean;
  /** US dollars per token. `above`: input tokens above which JavaScript is asked; -1: never, -2: always. */
  price: { input: number; output: number; cached: number; written: number; above: number } | null;
}

/** See Plan in native-bindings/src/governor/plan.h. */
export interface NativePlan {
  id: number;
  ai: boolean;
  targets: NativePlanTarget[];
  roundRobin: boolean;
  firstByteMs: number;
  idleMs: number;
  totalMs: number;
  stripSegments: number;
  preserveHost: boolean;
  setsHost: boolean;
  writesFor: boolean;
  writesProto: boolean;
  writesForwardedHost: boolean;
  writesId: boolean;
  idempotent: boolean;
  droppedFields: string[];
  appendedFields: string;
  droppedAnswerFields: string[];
  appendedAnswerFields: string;
  writesAnswerId: boolean;
  gate: number[];
  modelAsked: string;
  stream: boolean;
  includeUsage: boolean;
  addUsage: boolean;
  requestIdTwice: boolean;
  forwardedFields: string[];
  maxResponseBytes: number;
  /** A body that holds one of these goes to JavaScript. */
  foreignMarks: string[];
}

export interface NativeRoute {
  name: string;
  service: number;
  ai: boolean;
  maxBodyBytes: number;
}

export const CALL_FLAGS = { head: 1, idempotent: 2, streamedBody: 4, chunkedBody: 8 } as const;

interface Addon {
  createEngine(callbacks: object): EngineHandle;
  destroyEngine(engine: EngineHandle): void;
  listen(engine: EngineHandle, options: ListenOptions): { id: number; port: number };
  stopAccepting(engine: EngineHandle, listener: number): void;
  closeListener(engine: EngineHandle, listener: number): void;
  connections(engine: EngineHandle, listener: number): number;
  readBody(engine: EngineHandle, exchange: ExchangeHandle, limitBytes: number): void;
  streamBody(engine: EngineHandle, exchange: ExchangeHandle): void;
  resumeBody(engine: EngineHandle, exchange: ExchangeHandle): void;
  setIdleTimeout(engine: EngineHandle, exchange: ExchangeHandle, ms: number): void;
  respond(
    engine: EngineHandle,
    exchange: ExchangeHandle,
    status: number,
    fields: string,
    body: Buffer | string | null,
  ): void;
  respondHead(engine: EngineHandle, exchange: ExchangeHandle, status: number, fields: string, length: number): void;
  /** Leaves HTTP: see `Exchange.detach`. */
  beginTunnel(engine: EngineHandle, exchange: ExchangeHandle): void;
  startStream(engine: EngineHandle, exchange: ExchangeHandle, status: number, fields: string, length: number): void;
  writeStream(engine: EngineHandle, exchange: ExchangeHandle, chunk: Buffer | string): boolean;
  endStream(engine: EngineHandle, exchange: ExchangeHandle): void;
  inform(engine: EngineHandle, exchange: ExchangeHandle, status: number, fields: string): void;
  destroyExchange(engine: EngineHandle, exchange: ExchangeHandle): void;
  addOrigin(engine: EngineHandle, options: OriginOptions): number;
  removeOrigin(engine: EngineHandle, origin: number): void;
  originStats(engine: EngineHandle, origin: number): number;
  startCall(
    engine: EngineHandle,
    origin: number,
    head: string,
    body: Buffer | string | null,
    flags: number,
    firstByteMs: number,
    idleMs: number,
  ): CallHandle;
  writeCall(engine: EngineHandle, call: CallHandle, chunk: Buffer | string): boolean;
  endCall(engine: EngineHandle, call: CallHandle): void;
  resumeCall(engine: EngineHandle, call: CallHandle): void;
  abortCall(engine: EngineHandle, call: CallHandle): void;
  governorSetUp(engine: EngineHandle, numbers: Buffer, worker: number, idProcess: string): void;
  governorLimits(engine: EngineHandle, limits: object | null): void;
  governorJournal(engine: EngineHandle, journal: object | null): void;
  governorProxies(engine: EngineHandle, listener: number, ranges: readonly string[]): void;
  governorBegin(engine: EngineHandle, generation: NativeGeneration): number;
  learnRoute(
    engine: EngineHandle,
    generation: number,
    key: string,
    isPrefix: boolean,
    route: NativeRoute,
    /** A number: the plan of that id, which another route has brought. */
    plan: NativePlan | number | null,
    holes: readonly string[],
  ): number;
  learnModel(
    engine: EngineHandle,
    generation: number,
    route: number,
    flags: number,
    /** Of the applications that may call it so. */
    modelAccess: number,
    model: string,
    plan: NativePlan,
  ): boolean;
  /** What follows is of a generation; -1 or false: another snapshot holds by now. */
  learnService(engine: EngineHandle, generation: number, service: NativeService): number;
  /** Addresses and CIDR ranges of callers; list 0 is there, and stands for any address. */
  learnAddresses(engine: EngineHandle, generation: number, ranges: readonly string[]): number;
  /** `keyPrefix` is what follows the subscription's own name. Set 0 is there, and empty. */
  learnSubscriptionLimits(engine: EngineHandle, generation: number, limits: readonly NativeLimit[]): number;
  /** One that is known stays as it was. False also: it can't be told from another one. */
  learnApplication(engine: EngineHandle, generation: number, application: NativeApplication): boolean;
  /** `digest`: SHA-256 of a key or bearer token. `application`: its number. False also: there are too many of them. */
  learnCredential(
    engine: EngineHandle,
    generation: number,
    digest: Buffer,
    application: Buffer,
    expiresAtMs: number,
    addresses: number,
    isToken: boolean,
  ): boolean;
  /** `numbers`: 8 bytes of each. Their credentials are JavaScript's until they are learned anew. */
  forgetApplications(engine: EngineHandle, numbers: Buffer): void;
  setServedModel(engine: EngineHandle, model: string): void;
  governorOpen(engine: EngineHandle): number;
  /** Calls sent to an upstream without JavaScript, and how many of them went on in JavaScript. */
  governorTaken(engine: EngineHandle): [forwarded: number, handedOver: number];
  /** The oldest generation that is still in use. */
  governorOldest(engine: EngineHandle): number;
  governorFail(engine: EngineHandle, error: number): void;
  /** Since the last time: calls by service, route and status; by service seconds, request and response bytes, and how many
   * calls each bucket of durations has; by provider and model input, output, cached input, reasoning tokens, US dollars. */
  governorCounts(
    engine: EngineHandle,
  ): [
    [string, string, number, number][],
    [string, number, number, number, ...number[]][],
    [string, string, number, number, number, number, number][],
  ];
}

const SCRATCH_BYTES = 64 * 1024;
/** The low bits of a handle are its place in the tables. */
const SLOTS = 2 ** 20;
const STATS_BASE = 2 ** 26;

/** One gateway's HTTP server and client. Everything is called back on the thread that made it. */
export class NativeEngine {
  readonly addon: Addon;
  readonly handle: EngineHandle;
  /** Where bytes of callbacks lie until the callback returns. */
  readonly scratch: Buffer = Buffer.alloc(SCRATCH_BYTES);
  readonly #listeners: (ListenerEvents | undefined)[] = [];
  readonly #exchanges: (ExchangeEvents | undefined)[] = [];
  readonly #calls: (CallEvents | undefined)[] = [];

  #governor: GovernorEvents | null = null;
  /** Tokens that were told last. */
  readonly #figures = new Float64Array(5);
  #servedModel = "";

  constructor() {
    this.addon = loadAddon() as Addon;
    this.handle = this.addon.createEngine({
      scratch: this.scratch,
      figures: Buffer.from(this.#figures.buffer),
      onRequest: (listener: number, handle: number, head: string, contentLength: number, beyondAscii: boolean) => {
        const events = this.#listeners[listener];
        if (events === undefined) return;
        const exchange = events.onRequest(handle, head, contentLength, beyondAscii);
        this.#exchanges[handle % SLOTS] = exchange;
        events.onReady(exchange);
      },
      onRefused: (listener: number, path: string, refusal: number) =>
        this.#listeners[listener]?.onRefused(path, REQUEST_REFUSALS[refusal] ?? "none") ?? "",
      onTimedOut: (listener: number, path: string) => this.#listeners[listener]?.onTimedOut(path) ?? "",
      onWholeBody: (exchange: number, length: number, bytes: Buffer | undefined, tooLong: boolean) =>
        this.#exchanges[exchange % SLOTS]?.onWholeBody(length, bytes, tooLong),
      onBodyChunk: (exchange: number, length: number, bytes: Buffer | undefined) =>
        this.#exchanges[exchange % SLOTS]?.onBodyChunk(length, bytes) ?? true,
      onBodyEnd: (exchange: number) => this.#exchanges[exchange % SLOTS]?.onBodyEnd(),
      onDrain: (exchange: number) => this.#exchanges[exchange % SLOTS]?.onDrain(),
      onAborted: (exchange: number) => this.#exchanges[exchange % SLOTS]?.onAborted(),
      onCallInterim: (call: number, status: number, fields: string) =>
        this.#calls[call % SLOTS]?.onInterim(status, fields),
      onCallHead: (call: number, status: number, fields: string) =>
        this.#calls[call % SLOTS]?.onHead(status, fields) ?? true,
      onCallData: (call: number, length: number, bytes: Buffer | undefined) =>
        this.#calls[call % SLOTS]?.onData(length, bytes) ?? true,
      onCallComplete: (call: number) => this.#endCall(call)?.onComplete(),
      onCallError: (call: number, error: number, reason: string) =>
        this.#endCall(call)?.onError(UPSTREAM_ERRORS[error] ?? "protocol", reason),
      onCallDrain: (call: number) => this.#calls[call % SLOTS]?.onDrain(),
      onHandover: (...all: HandoverArguments) => this.#takeOver(all),
      onRecord: (record: Buffer) => this.#governor?.onRecord(record),
      onStreamError: (plan: number, target: number, requestId: string, error: number, data: string) =>
        this.#governor?.onStreamError(plan, target, requestId, errorOf(error), data) ?? "",
      onTargetFailed: (plan: number, target: number) => this.#governor?.onTargetFailed(plan, target),
      onCost: (plan: number, target: number, input: number, output: number, cached: number, written: number) =>
        this.#governor?.onCost(plan, target, input, output, cached, written) ?? -1,
      onTranslateRequest: (plan: number, target: number, length: number, bytes: Buffer | undefined) =>
        this.#governor?.onTranslateRequest(plan, target, bytes ?? this.scratch.subarray(0, length)) ?? undefined,
      onTranslateAnswer: (plan: number, target: number, id: string, length: number, bytes: Buffer | undefined) =>
        this.#translateAnswer(plan, target, id, bytes ?? this.scratch.subarray(0, length)),
      onStreamUsage: (plan: number, target: number, length: number, bytes: Buffer | undefined) =>
        this.#tell(this.#governor?.onStreamUsage(plan, target, bytes ?? this.scratch.subarray(0, length))),
    });
  }

  setGovernor(events: GovernorEvents): void {
    this.#governor = events;
  }

  #takeOver(all: HandoverArguments): void {
    const [listener, handle, head, contentLength, beyondAscii, id, startedAtMs, elapsedMs, dispatchedMs, ...rest] = all;
    const [plan, target, error, reason, status, fields, data, complete, call, targetHead] = rest;
    const events = this.#listeners[listener];
    if (events === undefined) return;
    const exchange = events.onRequest(handle, head, contentLength, beyondAscii);
    this.#exchanges[handle % SLOTS] = exchange;
    events.onHandover(exchange, {
      id,
      startedAtMs,
      elapsedMs,
      dispatchedMs,
      plan,
      target,
      head: targetHead,
      error: errorOf(error),
      reason,
      status,
      fields,
      data,
      complete,
      call: call < 0 ? null : call,
    });
  }

  #translateAnswer(plan: number, target: number, requestId: string, body: Buffer): string | undefined {
    const answer = this.#governor?.onTranslateAnswer(plan, target, requestId, body);
    return this.#tell(answer) ? answer?.text : undefined;
  }

  /** Where the native part reads it: without an object or a string for each answer. */
  #tell(told: ToldByJavaScript | null | undefined): boolean {
    if (told == null) return false;
    for (let i = 0; i < told.tokens.length; i++) this.#figures[i] = told.tokens[i] as number;
    if (told.model !== this.#servedModel) {
      this.#servedModel = told.model;
      this.addon.setServedModel(this.handle, told.model);
    }
    return true;
  }

  /** Takes a call that the native part has begun. It is paused: resume it. */
  adoptCall(call: CallHandle, events: CallEvents): void {
    this.#calls[call % SLOTS] = events;
  }

  /** Throws with the system's reason. Returns the listener's number and its real port. */
  listen(options: ListenOptions, events: ListenerEvents): { id: number; port: number } {
    const listener = this.addon.listen(this.handle, options);
    this.#listeners[listener.id] = events;
    return listener;
  }

  addOrigin(options: OriginOptions): number {
    return this.addon.addOrigin(this.handle, options);
  }

  removeOrigin(origin: number): void {
    this.addon.removeOrigin(this.handle, origin);
  }

  originStats(origin: number): { connected: number; running: number } {
    const stats = this.addon.originStats(this.handle, origin);
    return { connected: Math.floor(stats / STATS_BASE), running: stats % STATS_BASE };
  }

  /** `head`: the whole request head with its empty line, latin1. Nothing is called back before this returns. */
  startCall(
    origin: number,
    head: string,
    body: Buffer | string | null,
    flags: number,
    firstByteMs: number,
    idleMs: number,
    events: CallEvents,
  ): CallHandle {
    const call = this.addon.startCall(this.handle, origin, head, body, flags, firstByteMs, idleMs);
    this.#calls[call % SLOTS] = events;
    return call;
  }

  abortCall(call: CallHandle): void {
    this.addon.abortCall(this.handle, call);
    this.#calls[call % SLOTS] = undefined;
  }

  #endCall(call: number): CallEvents | undefined {
    const slot = call % SLOTS;
    const events = this.#calls[slot];
    this.#calls[slot] = undefined;
    return events;
  }

  /** Cuts every connection. */
  destroy(): void {
    this.addon.destroyEngine(this.handle);
  }
}

/** Names and values, alternating, of a text of BEFORE_NAME name BEFORE_VALUE value …. */
export function splitFields(text: string): string[] {
  const fields: string[] = [];
  let at = text.indexOf(BEFORE_NAME);
  while (at >= 0) {
    const middle = text.indexOf(BEFORE_VALUE, at);
    const next = text.indexOf(BEFORE_NAME, middle);
    fields.push(text.slice(at + 1, middle), next < 0 ? text.slice(middle + 1) : text.slice(middle + 1, next));
    at = next;
  }
  return fields;
}

type HandoverArguments = [
  listener: number,
  handle: number,
  head: string,
  contentLength: number,
  beyondAscii: boolean,
  id: string,
  startedAtMs: number,
  elapsedMs: number,
  dispatchedMs: number,
  plan: number,
  target: number,
  error: number,
  reason: string,
  status: number,
  fields: string,
  data: Buffer,
  complete: boolean,
  call: number,
  targetHead: number,
];

/** Beside those of the client: governor.h. */
const TOTAL_TIMEOUT = 64;
export const DRAINING = 65;
const ENDED_EARLY = 66;

function errorOf(error: number): Handover["error"] {
  if (error < 0) return null;
  if (error === TOTAL_TIMEOUT) return "total-timeout";
  if (error === ENDED_EARLY) return "ended-early";
  return error === DRAINING ? "draining" : (UPSTREAM_ERRORS[error] ?? "protocol");
}
