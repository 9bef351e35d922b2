import { GatewayError } from "../../../contracts/errors.ts";
import type { Usage } from "../../../contracts/ir.ts";
import type { ModelEndpoint } from "../../../contracts/provider-endpoints.ts";
import { isObject } from "../../../dialects/checks.ts";
import { tryParseJson } from "../../../dialects/json.ts";
import { parseStreamError } from "../../../dialects/openai/errors.ts";
import { readTokens } from "../../../dialects/operations/usage.ts";
import { headerOf } from "../rest/response-headers.ts";
import { providerFailed } from "./provider-failed.ts";
import { parseRawEvent, SseSplitter } from "./sse-splitter.ts";
import { MAX_EVENT_BYTES, type StreamAnswer, type StreamProgress } from "./stream-answer.ts";
import type { AiOperation } from "./translation.ts";

/** Endpoints whose answers are not for the gateway to read: sound, pictures, texts in several formats. */
const RELAYED: ReadonlySet<AiOperation> = new Set<ModelEndpoint>([
  "image_generations",
  "image_edits",
  "speech",
  "transcriptions",
  "translations",
]);

export function isRelayed(operation: AiOperation): boolean {
  return RELAYED.has(operation);
}

/**
 * How an answer goes back. JSON and texts whole, so that what they cost can be said before them; sound and events as they come, by
 * the answer given here. Throws `upstream_protocol_error` for a page.
 */
export function relayedAnswer(headers: readonly string[]): StreamAnswer | null {
  const type = headerOf(headers, "content-type") ?? "";
  if (type.startsWith("text/html")) {
    throw new GatewayError("upstream_protocol_error", "the provider answered with a web page");
  }
  if (type.startsWith("text/event-stream")) return new RelayedEvents();
  return type.startsWith("application/json") || type.startsWith("text/") ? null : new RelayedBytes();
}

const NOTHING: StreamProgress = { output: "", committed: false, failure: null };

/** Whatever it is: its end is that of the body. */
class RelayedBytes implements StreamAnswer {
  readonly usage = null;
  readonly model = null;
  /** Of sound and pictures, the length tells nothing. */
  readonly untoldTokens = 0;
  readonly events = 0;
  /** Pieces: whatever comes shows that it goes on. */
  tokens = 0;
  ended = false;

  push(chunk: Buffer): StreamProgress {
    this.tokens++;
    return { output: chunk, committed: true, failure: null };
  }

  end(): StreamProgress {
    this.ended = true;
    return { ...NOTHING, committed: true };
  }

  fail(): null {
    return null;
  }
}

/** Events as they came, watched for usage and for the last one: a stream that ends before it was cut. */
class RelayedEvents implements StreamAnswer {
  usage: Usage | null = null;
  readonly model = null;
  readonly untoldTokens = 0;
  events = 0;
  ended = false;
  readonly #splitter = new SseSplitter(MAX_EVENT_BYTES);
  #pieces: Buffer[] = [];
  #failure: GatewayError | null = null;

  get tokens(): number {
    return this.events;
  }

  push(chunk: Buffer): StreamProgress {
    if (!this.#splitter.push(chunk, (raw) => this.#take(raw))) {
      this.#failure ??= new GatewayError("upstream_protocol_error", "an event of the provider's stream is too long");
    }
    return this.#progress();
  }

  end(): StreamProgress {
    if (this.#splitter.rest.length > 0) this.#take(this.#splitter.rest);
    if (!this.ended) {
      this.#failure ??= new GatewayError("upstream_reset", "the provider's stream ended before it was complete");
    }
    return this.#progress();
  }

  fail(): null {
    return null;
  }

  #take(raw: Buffer): void {
    if (this.#failure !== null) return;
    const { data } = parseRawEvent(raw);
    if (data === "[DONE]") this.ended = true;
    const event = tryParseJson(data);
    if (isObject(event)) {
      const failure = event.type === "error" || event.error !== undefined ? parseStreamError(event) : null;
      if (failure !== null) {
        this.#failure = providerFailed(failure);
        return;
      }
      this.usage = readTokens(event.usage) ?? this.usage;
      if (typeof event.type === "string" && /\.(?:completed|done)$/.test(event.type)) this.ended = true;
    }
    this.events++;
    this.#pieces.push(raw);
  }

  #progress(): StreamProgress {
    const output = this.#pieces.length === 0 ? "" : Buffer.concat(this.#pieces);
    this.#pieces = [];
    return { output, committed: this.events > 0, failure: this.#failure };
  }
}
