import type { StreamFormatter } from "../../../../contracts/dialect.ts";
import type { GatewayError } from "../../../../contracts/errors.ts";
import type { ResponseStream } from "../../../../contracts/exchange.ts";
import type { ChatEvent, Usage } from "../../../../contracts/ir.ts";
import type { AiTarget } from "../ai-target.ts";
import { addUsage } from "../attempt-notes.ts";
import type { JsonArrayWriter } from "../json-array-stream.ts";
import type { StreamAnswer } from "../stream-answer.ts";
import type { ResumedParser } from "./resumed-parser.ts";
import { Transcript } from "./transcript.ts";

const NOTHING = Buffer.alloc(0);

/** What an attempt has made ready for its answer; two attempts may have at a time. */
export interface OpenedAnswer {
  transcript: Transcript;
  /** null: it goes through untouched. */
  formatter: StreamFormatter | null;
  /** Of a stream that the caller wants as an array; null: as events. */
  elements: JsonArrayWriter | null;
}

/**
 * A streamed answer that outlives its attempts: keeps what the caller has of it, and the stream to the caller, so that
 * another attempt can go on where one broke off.
 */
export class StreamRescue {
  readonly #mode: "continue" | "restart";
  transcript = new Transcript(false);
  /** Of the answer; null: it goes through untouched, or nothing of it was sent. */
  formatter: StreamFormatter | null = null;
  /** To the caller; null: nothing was sent. */
  stream: ResponseStream | null = null;
  /** Of a stream that the caller wants as an array. */
  elements: JsonArrayWriter | null = null;
  /** Why it broke off; null: it did not. */
  cause: GatewayError | null = null;
  /** What attempts that broke off have used; null: nothing. */
  usedBefore: Usage | null = null;
  /** What the formatter has written of the answer so far, and the caller lacks. */
  #lacks: Buffer = NOTHING;
  /** Characters that are in the sums already. */
  #counted = 0;
  /** Of the attempt that goes on. */
  #resumed: ResumedParser | null = null;
  /** Targets that refused to be given the beginning of their answer. */
  readonly #refused: AiTarget[] = [];

  constructor(mode: "continue" | "restart") {
    this.#mode = mode;
  }

  /** Another target is to go on. */
  get isBroken(): boolean {
    return this.cause !== null;
  }

  /** The target that goes on gives another answer. */
  get differs(): boolean {
    return this.#resumed?.differs === true;
  }

  /** An attempt has begun to answer: what the caller gets is kept by it. */
  begins({ transcript, formatter, elements }: OpenedAnswer): void {
    this.transcript = transcript;
    this.formatter = formatter;
    this.elements = elements;
  }

  resume(parser: ResumedParser): void {
    this.#resumed = parser;
  }

  /** The answer under way has broken off. False: nobody can go on with it. */
  broke(answer: StreamAnswer, error: GatewayError, createFormatter: () => StreamFormatter): boolean {
    if (error.source !== "upstream" || !isPassing(error)) return false;
    if (!this.transcript.isResumable || this.transcript.stretches.length === 0) return false;
    if (this.formatter === null) {
      const formatter = createFormatter();
      const lacks = answer.bringUp?.(formatter) ?? null;
      if (lacks === null) return false;
      this.formatter = formatter;
      this.#lacks = lacks;
    }
    this.cause ??= error;
    return true;
  }

  /** The beginning of the answer, for a target that takes it; null: it has to answer anew. */
  prefixFor(target: AiTarget): string | null {
    if (!this.isBroken || !this.takesPrefix(target)) return null;
    return this.transcript.prefix;
  }

  takesPrefix(target: AiTarget): boolean {
    return this.#mode === "continue" && target.prefill !== null && !this.#refused.includes(target);
  }

  /** It is to be asked without the beginning. */
  prefixRefused(target: AiTarget): void {
    this.#refused.push(target);
  }

  /** Another attempt has begun to go on with it; what is to be written before its first token. */
  goesOn(): Buffer {
    this.cause = null;
    this.#resumed = null;
    const lacks = this.#lacks;
    this.#lacks = NOTHING;
    return lacks;
  }

  /** Characters of the answer that were sent since the last time. */
  takeWritten(): number {
    const written = this.transcript.characters - this.#counted;
    this.#counted = this.transcript.characters;
    return written;
  }

  /** A formatter that tells the caller of all that was used. */
  counting(formatter: StreamFormatter): StreamFormatter {
    const { usedBefore } = this;
    if (usedBefore === null) return formatter;
    return {
      push: (event: ChatEvent) =>
        formatter.push(event.type === "usage" ? { ...event, usage: addUsage(usedBefore, event.usage) } : event),
      fail: (error: GatewayError) => formatter.fail?.(error) ?? "",
    };
  }
}

/** What the provider said of its own state, not of the request. */
function isPassing({ code, status }: GatewayError): boolean {
  return code !== "provider_error" || status >= 500 || status === 429 || status === 408;
}
