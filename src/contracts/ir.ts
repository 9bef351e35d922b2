/**
 * The intermediate representation (IR) of a chat: every dialect translates to and from it, so N dialects need N
 * folders. Optional means "the caller did not say"; a dialect never invents a value that changes an answer.
 */

export type DialectName = "openai" | "openai-responses" | "anthropic" | "gemini" | "cohere" | "bedrock";

export type Role = "system" | "developer" | "user" | "assistant" | "tool";

/** Unknown fields of one object, kept under the dialect they came in; forwarded only to that same dialect. */
export interface Extra {
  dialect: DialectName;
  fields: Record<string, unknown>;
}

/** A prompt-cache breakpoint (Anthropic `cache_control`). */
export interface CacheMarker {
  ttl?: "5m" | "1h";
}

export type MediaSource =
  | { kind: "url"; url: string; mediaType?: string }
  /** `data` is base64 without a `data:` prefix. */
  | { kind: "data"; data: string; mediaType: string }
  /** A file the provider already holds. */
  | { kind: "file_id"; fileId: string };

export interface TextPart {
  type: "text";
  text: string;
  cache?: CacheMarker;
  extra?: Extra;
}
export interface ImagePart {
  type: "image";
  source: MediaSource;
  /** OpenAI's `detail`. */
  detail?: "auto" | "low" | "high";
  cache?: CacheMarker;
  extra?: Extra;
}
export interface AudioPart {
  type: "audio";
  source: MediaSource;
  /** e.g. `wav`, `mp3`. */
  format: string;
  extra?: Extra;
}
export interface FilePart {
  type: "file";
  source: MediaSource;
  filename?: string;
  cache?: CacheMarker;
  extra?: Extra;
}
export interface ToolCallPart {
  type: "tool_call";
  id: string;
  name: string;
  /** JSON text of an object, exactly as the model wrote it. */
  arguments: string;
  /** Gemini's `thoughtSignature` and the like: opaque, must travel back on the next turn. */
  signature?: string;
  cache?: CacheMarker;
  extra?: Extra;
}
export interface ToolResultPart {
  type: "tool_result";
  toolCallId: string;
  /** The tool's name where the dialect states it (Gemini needs it; filled from the matching call otherwise). */
  name?: string;
  content: (TextPart | ImagePart | FilePart)[];
  isError?: boolean;
  cache?: CacheMarker;
  extra?: Extra;
}
export interface ThinkingPart {
  type: "thinking";
  text: string;
  signature?: string;
  /** Opaque encrypted thinking (Anthropic `redacted_thinking`); `text` is empty then. */
  redacted?: string;
  extra?: Extra;
}
export interface RefusalPart {
  type: "refusal";
  text: string;
}

export type Part =
  | TextPart
  | ImagePart
  | AudioPart
  | FilePart
  | ToolCallPart
  | ToolResultPart
  | ThinkingPart
  | RefusalPart;

export interface Message {
  role: Role;
  content: Part[];
  /** OpenAI's participant name. */
  name?: string;
  /** Where each part of `content` stands in the caller's request, where its place here does not tell (`input[3]`). */
  paths?: string[];
  extra?: Extra;
}

export interface Tool {
  name: string;
  description?: string;
  /** JSON Schema of the arguments object. */
  parameters?: Record<string, unknown>;
  strict?: boolean;
  cache?: CacheMarker;
  extra?: Extra;
}

export type ToolChoice = { type: "auto" } | { type: "none" } | { type: "required" } | { type: "tool"; name: string };

export type ResponseFormat =
  | { type: "text" }
  | { type: "json_object" }
  | { type: "json_schema"; name: string; description?: string; schema: Record<string, unknown>; strict?: boolean };

export type ReasoningEffort = "none" | "minimal" | "low" | "medium" | "high" | "xhigh" | "max";

export interface Reasoning {
  effort?: ReasoningEffort;
  budgetTokens?: number;
  /** Whether thinking text is wanted back. */
  includeThoughts?: boolean;
}

/**
 * Something in a request that the IR has no word for and that must not be dropped silently: another dialect refuses the
 * request with `unsupported_field`. The wire object itself travels in an `extra`: of the request, or of a text part with
 * empty text, a tool or a tool call standing in its place (`fields` is the whole wire object then, with its `type`).
 */
export interface Untranslatable {
  dialect: DialectName;
  /** The field in the caller's spelling, e.g. `tools[1]`. */
  param: string;
}

/** A text that an answer may draw on, and cite. */
export interface SourceDocument {
  id: string;
  text: string;
}

export interface ChatRequest {
  /** The model as the caller named it; the pipeline replaces it with the target's own name. */
  model: string;
  messages: Message[];
  tools?: Tool[];
  toolChoice?: ToolChoice;
  parallelToolCalls?: boolean;
  responseFormat?: ResponseFormat;
  maxOutputTokens?: number;
  temperature?: number;
  topP?: number;
  topK?: number;
  frequencyPenalty?: number;
  presencePenalty?: number;
  seed?: number;
  stop?: string[];
  /** Number of choices wanted, at least 1. */
  n?: number;
  logprobs?: boolean;
  topLogprobs?: number;
  reasoning?: Reasoning;
  /** How long an answer is wanted (OpenAI's `verbosity`); "medium" is what models do unasked. */
  verbosity?: "low" | "medium" | "high";
  /** An opaque id of the end user. */
  user?: string;
  /** An opaque id of the end user for the provider to hold against abuse (OpenAI's `safety_identifier`). */
  safetyIdentifier?: string;
  metadata?: Record<string, string>;
  serviceTier?: string;
  /** Beside an entry of `untranslatable`, which dialects that have such documents know to pass over. */
  documents?: SourceDocument[];
  /** Whether an answer says what of the documents it draws on; absent: it does. */
  citations?: boolean;
  stream: boolean;
  /** OpenAI's `stream_options.include_usage`; dialects that always report usage set it to true. */
  includeUsage: boolean;
  untranslatable?: Untranslatable[];
  extra?: Extra;
}

export type FinishReason =
  | "stop"
  | "stop_sequence"
  | "length"
  | "tool_calls"
  | "content_filter"
  | "refusal"
  | "pause"
  | "error"
  | "other";

/** Token counts. `inputTokens` includes the cached ones, `outputTokens` includes the reasoning ones. */
export interface Usage {
  inputTokens: number;
  outputTokens: number;
  cachedInputTokens?: number;
  cacheWriteTokens?: number;
  reasoningTokens?: number;
  /** Of those above, what some models have other prices for; absent: none, or not told. */
  inputAudioTokens?: number;
  outputAudioTokens?: number;
  cachedAudioTokens?: number;
  inputImageTokens?: number;
  outputImageTokens?: number;
  /** Of the cache writes, those that are kept for an hour. */
  cacheWrite1hTokens?: number;
  /** Of models that are paid by the length of a recording. */
  audioSeconds?: number;
}

/** Where a stretch of an answer comes from. */
export interface Citation {
  /** In characters (UTF-16) of the choice's text; `end` is exclusive. */
  start: number;
  end: number;
  /** The stretch itself; "" where a stream does not say. */
  text: string;
  sources: CitationSource[];
}

export interface CitationSource {
  /** A document of the request, the result of a tool, or a page. */
  type: "document" | "tool" | "web";
  id?: string;
  url?: string;
  title?: string;
  extra?: Extra;
}

export interface Choice {
  index: number;
  content: Part[];
  citations?: Citation[];
  finishReason: FinishReason;
  /** The stop sequence that was hit, where the provider says so. */
  stopSequence?: string;
  /** OpenAI's `logprobs` object, passed on as it is between dialects that have it. */
  logprobs?: unknown;
  extra?: Extra;
}

export interface ChatResponse {
  id: string;
  /** The model that answered, as the provider names it. */
  model: string;
  /** Unix time in seconds. */
  createdAt?: number;
  choices: Choice[];
  usage?: Usage;
  extra?: Extra;
}

/**
 * A streamed answer. The order is: one `start`; content events; per choice one `finish`; at most one final `usage`
 * (it may also come earlier with what is known so far: the last one counts); one `end`. `error` may come at any point
 * and is the last event.
 */
export type ChatEvent =
  | { type: "start"; id: string; model: string; createdAt?: number; usage?: Usage }
  | { type: "text"; choice: number; text: string; logprobs?: unknown }
  | { type: "thinking"; choice: number; text: string }
  /** Ends the thinking block before it; `redacted` stands for a whole opaque block. */
  | { type: "thinking_signature"; choice: number; signature?: string; redacted?: string }
  | { type: "refusal"; choice: number; text: string }
  /** Of text that has been sent. */
  | { type: "citation"; choice: number; citation: Citation }
  /** `index` counts the tool calls of the choice from 0. */
  | { type: "tool_call_start"; choice: number; index: number; id: string; name: string; signature?: string }
  | { type: "tool_call_delta"; choice: number; index: number; arguments: string }
  | { type: "finish"; choice: number; reason: FinishReason; stopSequence?: string }
  | { type: "usage"; usage: Usage }
  | { type: "error"; failure: import("./errors.ts").ProviderFailure }
  | { type: "end" };

export interface EmbeddingRequest {
  model: string;
  /** Texts, or arrays of token ids where the caller sent those. */
  input: (string | number[])[];
  dimensions?: number;
  encodingFormat?: "float" | "base64";
  user?: string;
  /** Gemini's `taskType` and the like. */
  extra?: Extra;
}

export interface EmbeddingResponse {
  model: string;
  embeddings: number[][];
  usage?: Usage;
}
