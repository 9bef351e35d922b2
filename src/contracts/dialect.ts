import type { GatewayError, ProviderFailure } from "./errors.ts";
import type {
  ChatEvent,
  ChatRequest,
  ChatResponse,
  DialectName,
  EmbeddingRequest,
  EmbeddingResponse,
  Usage,
} from "./ir.ts";
import type { ProviderEndpoints } from "./provider-endpoints.ts";
import type { ProviderQuirks } from "./provider-quirks.ts";

/** One server-sent event, its lines joined as WHATWG HTML §9.2.6 says. `event` is "" when the stream named none. */
export interface SseEvent {
  event: string;
  data: string;
}

/** Takes a stream in chunks that may be split anywhere. */
export interface StreamReader {
  /** Throws GatewayError for bytes that are no events, and for an event that is too long; it is of no use afterwards. */
  push(chunk: Buffer): void;
  /** The body is over. Throws GatewayError where it ended within an event and the framing can tell. */
  end(): void;
}

/** How events are put into bytes, for dialects whose streams are not server-sent events. */
export interface StreamFraming {
  /** Media type of an answer that is a stream, without parameters. */
  readonly contentType: string;
  /** `raw`: the event as it came. */
  createReader(maxEventBytes: number, onEvent: (event: SseEvent, raw: Buffer) => void): StreamReader;
  /** One event. */
  format(event: string, data: string): Buffer;
}

/** Response headers as the dispatcher gives them: lower-case names. */
export type HeaderLookup = (name: string) => string | undefined;

/** The head and body of a call to a provider, relative to the provider's base URL. */
export interface ProviderCall {
  /** Begins with `/`, e.g. `/chat/completions`. */
  path: string;
  /** Query string without `?`, or "". */
  query: string;
  /** Lower-case names. Neither credentials nor content-length. */
  headers: Record<string, string>;
  /** JSON text. */
  body: string;
}

export interface TargetModel {
  /** The provider's own model name, without the provider prefix. */
  model: string;
  /** The provider's maximum of output tokens to use where the dialect demands a value and the caller gave none. */
  defaultMaxOutputTokens: number;
  /** For the openai dialect: the field this server takes the limit in. When absent it is guessed from the model's name. */
  maxTokensField?: "max_tokens" | "max_completion_tokens";
  /** How the provider differs from its dialect; absent: not at all. */
  quirks?: ProviderQuirks;
  /** What its provider has beside chats and embeddings; absent: nothing. */
  endpoints?: ProviderEndpoints;
}

/** Reads one provider's stream. Fed with whole events; keeps its own state; throws nothing. */
export interface StreamParser {
  /** The IR events one event stands for; possibly none. A malformed event yields an `error` event. */
  push(event: SseEvent): ChatEvent[];
  /** Called when the body ended. Yields `end`, or an `error` when the dialect's end marker never came. */
  finish(): ChatEvent[];
  /** Where the provider counts with every event: what it has counted so far. Absent: the events tell all there is. */
  readonly usageSoFar?: Usage | null;
}

/** Writes the caller's stream. Returns SSE text, or bytes of the dialect's own framing, possibly empty. */
export interface StreamFormatter {
  push(event: ChatEvent): string | Buffer;
  /** Ends a stream already begun with an error, where the dialect says more of it than `formatStreamError` can know. */
  fail?(error: GatewayError): string;
}

/** What an answer needs to know of the request it answers. */
export interface AnswerContext {
  /** The model name to show to the caller. */
  model: string;
  /** Used where the provider gave no id. */
  requestId: string;
  includeUsage: boolean;
  /** What `InboundDialect.echo` gave of the request. */
  echo?: Readonly<Record<string, unknown>>;
}

/** What the path of a call says, in dialects whose callers say it there and not in the body. */
export interface CallAddress {
  operation: "chat" | "embeddings" | "count_tokens";
  /** As the caller named it. */
  model: string;
  stream: boolean;
  /** The API's own name for what is to be done, e.g. `generateContent`. */
  method: string;
  /** How a stream is to be written: as the dialect's events, or as the elements of one JSON array. */
  framing: "events" | "json-array";
}

/** dialect ⇄ IR for callers. Pure; `parse*` throws GatewayError `invalid_request` naming the field. */
export interface InboundDialect {
  readonly name: DialectName;
  /** Absent: streams are server-sent events. */
  readonly framing?: StreamFraming;
  /** Absent: the body names the model and says whether to stream. `query` without `?`. */
  readAddress?(path: string, query: string): CallAddress;
  parseChatRequest(body: unknown): ChatRequest;
  /** Fields of a request that its answers repeat; absent where answers of the dialect repeat none. */
  echo?(body: Readonly<Record<string, unknown>>): Record<string, unknown>;
  /** The caller's name of a field that a provider's half calls by its Chat Completions name; absent where they are the same. */
  spell?(param: string, request: ChatRequest): string;
  /** Fields in a request's `extra` that the IR says as well, or that ask for nothing elsewhere: not lost at other providers. */
  readonly heldBesides?: ReadonlySet<string>;
  /** JSON text. */
  formatChatResponse(response: ChatResponse, context: AnswerContext): string;
  createStreamFormatter(context: AnswerContext): StreamFormatter;
  /** The whole JSON body of an error answer; the HTTP status is `error.status`. */
  formatError(error: GatewayError, requestId: string): string;
  /** Headers of an error answer, names and values alternating, by which its callers tell errors apart. Absent: none. */
  errorHeaders?(error: GatewayError): string[];
  /** SSE text, or bytes of the dialect's own framing, that ends a stream already begun with an error, after `eventsBefore` events. */
  formatStreamError(error: GatewayError, requestId: string, eventsBefore?: number): string | Buffer;
  /** Absent: callers ask for embeddings in OpenAI's way. */
  readonly embeddings?: {
    parseRequest(body: unknown): EmbeddingRequest;
    /** JSON text. `method`: of the call's address. */
    formatResponse(response: EmbeddingResponse, context: { model: string; method: string }): string;
  };
}

/** IR ⇄ dialect for providers. Pure. `build*` throws GatewayError `unsupported_field` naming what the target can't do. */
export interface OutboundDialect {
  readonly name: DialectName;
  /** Absent: streams are server-sent events. */
  readonly framing?: StreamFraming;
  buildChatCall(request: ChatRequest, target: TargetModel): ProviderCall;
  /** JSON text of callers' bodies, in whichever dialect, whose calls may have headers of their own. Absent: all have the same. */
  readonly ownHeaderMarks?: readonly string[];
  /** What of a request `buildChatCall` has left out unsaid, by Chat Completions names: hints that change nothing of what is asked. */
  leavesOut?(request: ChatRequest, target: TargetModel): readonly string[];
  /** Whether it takes a field of another dialect that the IR has no word for. */
  takes?(caller: DialectName, field: string): boolean;
  /** Throws GatewayError `upstream_protocol_error` when the body is not an answer of this dialect. */
  parseChatResponse(body: unknown, target: TargetModel): ChatResponse;
  createStreamParser(target: TargetModel): StreamParser;
  /**
   * The failure that a body with a good status tells of in the place of an answer, as some servers send it; null: it tells of
   * none. Absent where none is known to do so.
   */
  failureIn?(body: unknown): ProviderFailure | null;
  /** `body` is the parsed JSON, or the text where it was none. */
  parseError(status: number, header: HeaderLookup, body: unknown): ProviderFailure;
  /** null where the dialect has no embeddings. */
  embeddings: {
    buildCall(request: EmbeddingRequest, target: TargetModel): ProviderCall;
    parseResponse(body: unknown, target: TargetModel): EmbeddingResponse;
  } | null;
}
