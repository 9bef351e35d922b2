import type { StreamFraming } from "../../../contracts/dialect.ts";
import type { DialectName, Usage } from "../../../contracts/ir.ts";
import type { Passthrough } from "../../../contracts/passthrough.ts";
import { outboundDialects, passthroughs } from "../../../dialects/index.ts";
import { PassthroughStream, type StreamAnswer } from "../ai/stream-answer.ts";
import { headerOf } from "../rest/response-headers.ts";

/** An answer that is longer is not read: it would have to be held whole. */
const MAX_READ_BYTES = 4 * 1024 * 1024;
const EVENT_STREAM = "text/event-stream";

/** What an answer that goes through untouched says of its usage. Never changes a byte, and never fails. */
export interface AnswerUsage {
  readonly isStream: boolean;
  readonly usage: Usage | null;
  /** Of a stream: an estimate of the output tokens that came after that. */
  readonly untoldTokens: number;
  /** Who has answered, as the provider names it. */
  readonly model: string | null;
  push(chunk: Buffer): void;
  end(): void;
}

/** null: nothing in it is known to tell. */
export function answerUsageOf(dialect: DialectName, path: string, headers: readonly string[]): AnswerUsage | null {
  const contentType = headerOf(headers, "content-type") ?? "";
  if (headerOf(headers, "content-encoding") !== undefined) return null;
  const spoken = dialectOf(dialect, path);
  const passthrough = passthroughs[spoken];
  if (passthrough === undefined) return null;
  const { framing } = outboundDialects[spoken];
  if (contentType.startsWith(framing?.contentType ?? EVENT_STREAM)) return new StreamedUsage(passthrough, framing);
  return contentType.startsWith("application/json") ? new WholeUsage(dialect, passthrough) : null;
}

/** OpenAI's two APIs stream in two ways. */
function dialectOf(dialect: DialectName, path: string): DialectName {
  return dialect === "openai" && /\/responses(?:\/|$)/.test(path) ? "openai-responses" : dialect;
}

class StreamedUsage implements AnswerUsage {
  readonly isStream = true;
  readonly #answer: StreamAnswer;

  constructor(passthrough: Passthrough, framing: StreamFraming | undefined) {
    this.#answer = new PassthroughStream(passthrough.createUsageWatcher(true), framing);
  }

  get usage(): Usage | null {
    return this.#answer.usage;
  }

  get untoldTokens(): number {
    return this.#answer.untoldTokens;
  }

  get model(): string | null {
    return this.#answer.model;
  }

  push(chunk: Buffer): void {
    this.#answer.push(chunk);
  }

  end(): void {
    this.#answer.end();
  }
}

class WholeUsage implements AnswerUsage {
  readonly isStream = false;
  readonly untoldTokens = 0;
  usage: Usage | null = null;
  model: string | null = null;
  readonly #dialect: DialectName;
  readonly #passthrough: Passthrough;
  #chunks: Buffer[] = [];
  #bytes = 0;

  constructor(dialect: DialectName, passthrough: Passthrough) {
    this.#dialect = dialect;
    this.#passthrough = passthrough;
  }

  push(chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (this.#bytes <= MAX_READ_BYTES) this.#chunks.push(chunk);
    else this.#chunks = [];
  }

  end(): void {
    if (this.#bytes > MAX_READ_BYTES) return;
    const body = parsed(Buffer.concat(this.#chunks));
    this.#chunks = [];
    if (typeof body !== "object" || body === null) return;
    let { usage, model } = this.#passthrough.readUsage(body);
    // OpenAI's newer endpoints (images, transcriptions) count as Responses does.
    if (usage === null && this.#dialect === "openai")
      ({ usage, model } = passthroughs["openai-responses"]?.readUsage(body) ?? { usage, model });
    this.usage = usage;
    this.model = model;
  }
}

function parsed(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString());
  } catch {
    return null;
  }
}
