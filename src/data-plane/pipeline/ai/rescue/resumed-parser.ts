import type { SseEvent, StreamParser } from "../../../../contracts/dialect.ts";
import type { ProviderFailure } from "../../../../contracts/errors.ts";
import type { ChatEvent } from "../../../../contracts/ir.ts";
import { SkipSent } from "./skip-sent.ts";
import type { Transcript } from "./transcript.ts";

/** Shorter beginnings may well be said twice. */
const MIN_REPEATED_CHARACTERS = 16;

/** Reads the stream of a target that goes on with an answer: gives only what the caller does not have. */
export class ResumedParser implements StreamParser {
  readonly #parser: StreamParser;
  /** null: the target was given the text so far, and nothing needs to be skipped. */
  #skip: SkipSent | null;
  /** The text so far, while it is not known whether the target says it once more. */
  #prefix: string | null;
  /** Held back until that is known. */
  #begun = "";
  /** The target gives another answer than the one that was begun. */
  differs = false;

  /** `prefix`: the beginning that the target was given; null: it answers anew. */
  constructor(parser: StreamParser, transcript: Transcript, prefix: string | null) {
    this.#parser = parser;
    this.#prefix = prefix;
    this.#skip = prefix === null ? new SkipSent(transcript.stretches) : null;
  }

  push(event: SseEvent): ChatEvent[] {
    return this.#resumed(this.#parser.push(event));
  }

  finish(): ChatEvent[] {
    return this.#resumed(this.#parser.finish());
  }

  #resumed(events: readonly ChatEvent[]): ChatEvent[] {
    const resumed: ChatEvent[] = [];
    for (const event of events) {
      if (this.differs) break;
      if (event.type === "start") {
        // Who answers was said already; what the request cost was not.
        if (event.usage !== undefined) resumed.push({ type: "usage", usage: event.usage });
      } else if (this.#skip !== null) this.#skipped(event, this.#skip, resumed);
      else this.#continued(event, resumed);
    }
    return resumed;
  }

  #skipped(event: ChatEvent, skip: SkipSent, into: ChatEvent[]): void {
    // An answer that ends before it has come to where the first one was is another one.
    const isShorter = (event.type === "finish" || event.type === "end") && !skip.isDone;
    const rest = isShorter ? "differs" : skip.take(event);
    if (rest === "differs") {
      this.differs = true;
      into.push({ type: "error", failure: DIFFERS });
    } else if (rest !== null) into.push(rest);
  }

  #continued(event: ChatEvent, into: ChatEvent[]): void {
    switch (event.type) {
      case "text":
        this.#continuedText(event, into);
        return;
      // Thoughts have their place before the text.
      case "thinking":
      case "thinking_signature":
      case "usage":
      case "error":
        if (event.type === "usage" || event.type === "error") into.push(event);
        return;
      default:
        this.#release(into);
        into.push(event);
    }
  }

  /**
   * Some servers repeat the beginning they were given, some leave out the blanks at its end, which others refuse to be given.
   */
  #continuedText(event: Extract<ChatEvent, { type: "text" }>, into: ChatEvent[]): void {
    const prefix = this.#prefix;
    if (prefix === null) {
      into.push(event);
      return;
    }
    this.#begun += event.text;
    const begun = this.#begun;
    if (prefix.length >= MIN_REPEATED_CHARACTERS) {
      if (prefix.startsWith(begun) && begun.length < prefix.length) return;
      if (begun.startsWith(prefix)) {
        this.#prefix = null;
        this.#begun = "";
        if (begun.length > prefix.length) into.push({ ...event, text: begun.slice(prefix.length) });
        return;
      }
    }
    this.#release(into);
  }

  #release(into: ChatEvent[]): void {
    const prefix = this.#prefix;
    this.#prefix = null;
    if (prefix === null || this.#begun === "") return;
    const blanks = prefix.slice(prefix.trimEnd().length);
    const text = blanks !== "" && this.#begun.startsWith(blanks) ? this.#begun.slice(blanks.length) : this.#begun;
    this.#begun = "";
    if (text !== "") into.push({ type: "text", choice: 0, text });
  }
}

const DIFFERS: ProviderFailure = {
  status: 502,
  type: "answer_differs",
  code: null,
  param: null,
  message: "The provider's stream broke off, and no other target could go on with the answer.",
  retryAfterMs: null,
};
