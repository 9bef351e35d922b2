import type { CacheOutcome } from "../../contracts/call-record.ts";
import type { BegunAttempt } from "../../contracts/dispatcher.ts";
import type { GatewayError } from "../../contracts/errors.ts";
import type { Exchange } from "../../contracts/exchange.ts";
import type { Usage } from "../../contracts/ir.ts";
import type { LimitSnapshot, Snapshot, SubscriptionSnapshot } from "../../contracts/snapshot.ts";
import type { AiTarget } from "./ai/ai-target.ts";
import type { AttemptNote } from "./ai/attempt-notes.ts";
import type { CompiledApplication, RouteTarget } from "./compiled.ts";
import type { CompiledCredential } from "./credentials/compiled-credential.ts";
import type { McpMessage } from "./mcp/message.ts";
import type { McpSession } from "./mcp/session-ids.ts";
import type { CompiledPolicies } from "./policies/compile-policies.ts";
import type { CompiledCors } from "./policies/cors.ts";
import type { ModelAccess } from "./policies/model-access.ts";
import type { ToolAccess } from "./policies/tool-access.ts";
import type { ReleaseChoice } from "./releases/choose-release.ts";
import type { RestTarget } from "./rest/rest-service.ts";

/** What a stage says when it returns. */
export type StageOutcome =
  /** Go on with the next stage. */
  | "next"
  /** The stage will call `pipeline.resume(context)` or `pipeline.fail(context, error)` later. */
  | "wait"
  /** The answer is under way or given: no further stage runs. */
  | "done";

export interface BegunByNative {
  attempt: BegunAttempt;
  /** Of the plan: what it was tried at. */
  target: RestTarget | AiTarget;
  /** Place of the key it was made with among the target's. */
  key: number;
  dispatchedAt: number;
}

export interface Reservation {
  limit: LimitSnapshot;
  key: string;
  amount: number;
}

/** What runs the stages of a call. */
export interface CallRunner {
  readonly snapshot: Omit<Snapshot, "services" | "applications">;
  /** Runs the stages that are left. */
  resume(context: Context): void;
  /** Answers with an error, or ends an answer already begun as one that is not whole; then finishes. */
  fail(context: Context, cause: unknown): void;
  /** The client has gone. */
  abandon(context: Context): void;
  finish(context: Context): void;
}

/** One request on its way through the stages. */
export class Context {
  /** The one it started with, and so its snapshot; of a stream that goes on for hours, a later one. */
  pipeline: CallRunner;
  readonly exchange: Exchange;
  readonly id: string;
  readonly startedAtMs: number;
  /** `performance.now()` at accept. */
  readonly startedAt: number;
  /** The stage to run next. */
  stage = 0;

  // route
  target: RouteTarget | null = null;
  /** What answers, also errors, say to pages of other origins; null: nothing of the gateway's. */
  cors: CompiledCors | null = null;
  allowedMethods: readonly string[] | null = null;

  // authenticate
  application: CompiledApplication | null = null;
  /** What it is known by. */
  credential: CompiledCredential | null = null;
  /** Of the token that it came with; Infinity: never, or it came with none. */
  tokenExpiresAtMs = Number.POSITIVE_INFINITY;
  /** The headers that carried a key of the gateway: they are not forwarded. */
  credentialHeaders: readonly string[] = NO_HEADERS;

  // read message
  /** Of a call to an MCP server; null: it is none, or did not come that far. */
  mcp: { session: McpSession | null; message: McpMessage | null } | null = null;

  // select release
  /** Null where there was nothing to choose. */
  releaseBy: ReleaseChoice["by"] | null = null;

  // authorize
  /** To the service, approved or not; null: none, or none is needed. */
  subscription: SubscriptionSnapshot | null = null;

  // screen
  /** Of all levels, the caller's among them; null: none that is looked at for each call. */
  policies: CompiledPolicies | null = null;

  /** Which models the caller may use; null: any, or it calls none. */
  modelAccess: ModelAccess | null = null;

  /** Which tools of an MCP server the caller may use; null: any, or it calls none. */
  toolAccess: ToolAccess | null = null;

  // admit
  reservations: Reservation[] = NO_RESERVATIONS;
  /** Header names and values, alternating. */
  rateLimitHeaders: readonly string[] = NO_HEADERS;

  // guard
  body: Buffer | null = null;

  // attempt
  /** What came of a cache policy; null: none holds. */
  cache: CacheOutcome | null = null;
  /** The first attempt, when the native hot path has begun it before it gave the call up. */
  begun: BegunByNative | null = null;
  /** Ends the attempt under way. Set while there is one. */
  abortAttempt: ((reason: Error) => void) | null = null;
  /** Unix time; 0: none. */
  deadlineMs = 0;
  attempts = 0;
  provider: string | null = null;
  modelAsked: string | null = null;
  modelServed: string | null = null;
  upstream: string | null = null;
  /** What of a model's routing has chosen the targets: rules, canary, hints; null: nothing but its name. */
  routedBy: string | null = null;
  /** Of a copy: the id of the call it is of. */
  mirrorOf: string | null = null;
  /** JSON text of an object: labels that the caller wants in the record. */
  tags: string | null = null;
  /** As `x-tidegate-dropped` says it: what of the request the provider is not told. */
  droppedFields: string | null = null;
  streamed = false;
  /** Of all attempts together. */
  usage: Usage | null = null;
  costUsd: number | null = null;
  /** Attempts beside the one that answers; null: there was no other. */
  attemptNotes: AttemptNote[] | null = null;

  // respond
  responseStarted = false;
  status = 0;
  requestBytes = 0;
  responseBytes = 0;
  error: GatewayError | null = null;
  outcome: "ok" | "error" | "client_aborted" | "upstream_cut" = "ok";
  /** Kept for the call log when bodies are wanted. */
  loggedRequestBody: string | null = null;
  loggedResponseBody: string | null = null;
  /** What is still to be noted when the call ends, however it ends. */
  beforeFinish: (() => void)[] | null = null;
  /** Whether all of an answer was sent, though its end was not: who leaves then misses nothing. Null: it is not known. */
  isWhole: (() => boolean) | null = null;
  /** Ends an answer already begun with an error in the caller's dialect; null: the connection is cut. */
  endWithError: ((error: GatewayError) => void) | null = null;

  // times, `performance.now()`; NaN: not yet
  dispatchedAt = Number.NaN;
  firstByteAt = Number.NaN;

  finished = false;

  /** The begun attempt, if it was made at this target; given once. */
  takeBegun(target: RestTarget | AiTarget): BegunByNative | null {
    const { begun } = this;
    if (begun === null) return null;
    this.begun = null;
    if (begun.target === target) return begun;
    begun.attempt.abandon();
    return null;
  }

  constructor(pipeline: CallRunner, exchange: Exchange, id: string, startedAtMs: number, startedAt: number) {
    this.pipeline = pipeline;
    this.exchange = exchange;
    this.id = id;
    this.startedAtMs = startedAtMs;
    this.startedAt = startedAt;
  }

  noteBeforeFinish(note: () => void): void {
    this.beforeFinish ??= [];
    this.beforeFinish.push(note);
  }
}

const NO_RESERVATIONS: Reservation[] = [];
const NO_HEADERS: readonly string[] = [];
