/** One record per accepted call. Times are milliseconds; `null` means "does not apply". */
export interface CallRecord {
  /** ULID-like, sorts by time; the caller sees it as `x-request-id`. */
  id: string;
  /** Unix time at which the request head was complete. */
  startedAtMs: number;
  /** From accept to the first dispatch to an upstream. */
  queueMs: number | null;
  /** From accept to the first byte towards the caller. */
  firstByteMs: number | null;
  totalMs: number;
  clientAddress: string;
  method: string;
  /** Without the query string: queries may hold secrets. */
  path: string;
  host: string;
  status: number;
  /** Null when all went well. */
  errorCode: string | null;
  application: string | null;
  team: string | null;
  service: string | null;
  route: string | null;
  provider: string | null;
  modelAsked: string | null;
  modelServed: string | null;
  /** Host and port (rest) of the target that answered last. */
  upstream: string | null;
  attempts: number;
  streamed: boolean;
  requestBytes: number;
  responseBytes: number;
  inputTokens: number | null;
  outputTokens: number | null;
  cachedInputTokens: number | null;
  reasoningTokens: number | null;
  costUsd: number | null;
  /** How it ended. */
  outcome: "ok" | "error" | "client_aborted" | "upstream_cut";
  worker: number;
  /** Redacted, cut to `maxBodyBytes`; null when not kept. */
  requestBody: string | null;
  responseBody: string | null;
  /** Of the service: the release that served, or refused, the call; null where it has none. */
  release: number | null;
  /** Of calls for which a cache policy holds; null: none does, or the call did not come that far. */
  cache: CacheOutcome | null;
  /**
   * Of calls to models with more than one attempt: those beside the one that answered, as a JSON array of OtherAttempt. Tokens
   * and cost of the record are those of all attempts together.
   */
  otherAttempts: string | null;
  /** What has chosen the targets of a call to a model: `rule pictures`, `canary`, `hints`; null: nothing but the model's name. */
  routedBy: string | null;
  /** Of a copy that a model's mirror has made: the id of the call it is of. */
  mirrorOf: string | null;
  /** JSON text of an object: labels that the caller has given (`x-tidegate-tags`). */
  tags: string | null;
  /** Of calls to MCP servers: the method of the JSON-RPC message, such as `tools/call`; null: it has none, or there is no message. */
  mcpMethod: string | null;
  /** The tool that is called. */
  mcpTool: string | null;
  /** The prompt that is asked for. */
  mcpPrompt: string | null;
  /** The URI of the resource that is read, or watched, without its query, and without user and password. */
  mcpResource: string | null;
}

/** An attempt that did not answer, or not to the end. */
export interface OtherAttempt {
  provider: string;
  model: string;
  /**
   * `failed`: before anything of it went to the caller. `broken`: its stream broke off, and another attempt went on with it.
   * `lost`: a second target was asked, and the other one was faster.
   */
  outcome: "failed" | "broken" | "lost";
  /** The error code; null: it did not fail. */
  error: string | null;
  /** Estimates, where the provider did not come to say; null: nothing is known to have been used. */
  inputTokens: number | null;
  outputTokens: number | null;
  costUsd: number | null;
}

/**
 * `hit`: a stored answer. `stale`: one that is not fresh any more, as it may be. `revalidated`: one that the upstream has said to be
 * still good. `miss`: the upstream's. `bypass`: likewise, for a call that is not looked up.
 */
export type CacheOutcome = "hit" | "stale" | "revalidated" | "miss" | "bypass";

/** The fields in the order in which rows of values carry them between threads and in files. */
export const CALL_RECORD_FIELDS = [
  "id",
  "startedAtMs",
  "queueMs",
  "firstByteMs",
  "totalMs",
  "clientAddress",
  "method",
  "path",
  "host",
  "status",
  "errorCode",
  "application",
  "team",
  "service",
  "route",
  "provider",
  "modelAsked",
  "modelServed",
  "upstream",
  "attempts",
  "streamed",
  "requestBytes",
  "responseBytes",
  "inputTokens",
  "outputTokens",
  "cachedInputTokens",
  "reasoningTokens",
  "costUsd",
  "outcome",
  "worker",
  "requestBody",
  "responseBody",
  "release",
  "cache",
  "otherAttempts",
  "routedBy",
  "mirrorOf",
  "tags",
  "mcpMethod",
  "mcpTool",
  "mcpPrompt",
  "mcpResource",
] as const satisfies readonly (keyof CallRecord)[];

export type CallRecordValue = string | number | boolean | null;

/** Where finished calls go. `append` never throws and never blocks: a record it can't keep is counted as lost. */
export interface CallLogSink {
  /** One value per entry of CALL_RECORD_FIELDS, in that order. The sink copies nothing: it owns the array afterwards. */
  append(row: CallRecordValue[]): void;
}
