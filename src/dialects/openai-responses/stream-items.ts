import type { Citation } from "../../contracts/ir.ts";
import type { JsonObject } from "../checks.ts";
import { annotationOf, type ItemStatus, messageItem, reasoningItem, refusalPart, textPart } from "./output-items.ts";
import { summaryPart } from "./reasoning.ts";

/** Writes one event; `sequence_number` is added. */
export type SendEvent = (type: string, fields: JsonObject) => void;

/** A message of a stream that is being written: parts of text and refusal, one after another. */
export class OpenMessage {
  readonly outputIndex: number;
  readonly #id: string;
  readonly #send: SendEvent;
  readonly #content: JsonObject[] = [];
  #kind: "text" | "refusal" | null = null;
  #text = "";
  #logprobs: unknown[] = [];
  #annotations: JsonObject[] = [];

  constructor(outputIndex: number, id: string, send: SendEvent) {
    this.outputIndex = outputIndex;
    this.#id = id;
    this.#send = send;
    send("response.output_item.added", { output_index: outputIndex, item: messageItem(id, [], "in_progress") });
  }

  text(delta: string, logprobs: readonly unknown[]): void {
    this.#enter("text");
    this.#text += delta;
    this.#logprobs.push(...logprobs);
    this.#send("response.output_text.delta", { ...this.#place(), delta, logprobs });
  }

  citation(citation: Citation): void {
    this.#enter("text");
    const annotation = annotationOf(citation);
    this.#send("response.output_text.annotation.added", {
      ...this.#place(),
      annotation_index: this.#annotations.length,
      annotation,
    });
    this.#annotations.push(annotation);
  }

  refusal(delta: string): void {
    this.#enter("refusal");
    this.#text += delta;
    this.#send("response.refusal.delta", { ...this.#place(), delta });
  }

  close(status: ItemStatus): JsonObject {
    this.#closePart();
    return messageItem(this.#id, this.#content, status);
  }

  #place(): JsonObject {
    return { item_id: this.#id, output_index: this.outputIndex, content_index: this.#content.length };
  }

  #enter(kind: "text" | "refusal"): void {
    if (this.#kind === kind) return;
    this.#closePart();
    this.#kind = kind;
    this.#send("response.content_part.added", { ...this.#place(), part: this.#part() });
  }

  #part(): JsonObject {
    return this.#kind === "refusal" ? refusalPart(this.#text) : textPart(this.#text, this.#logprobs, this.#annotations);
  }

  #closePart(): void {
    if (this.#kind === null) return;
    if (this.#kind === "refusal") {
      this.#send("response.refusal.done", { ...this.#place(), refusal: this.#text });
    } else {
      this.#send("response.output_text.done", { ...this.#place(), text: this.#text, logprobs: this.#logprobs });
    }
    const part = this.#part();
    this.#send("response.content_part.done", { ...this.#place(), part });
    this.#content.push(part);
    this.#kind = null;
    this.#text = "";
    this.#logprobs = [];
    this.#annotations = [];
  }
}

/** A reasoning item of a stream that is being written. */
export class OpenReasoning {
  readonly outputIndex: number;
  readonly #id: string;
  readonly #send: SendEvent;
  #text = "";

  constructor(outputIndex: number, id: string, send: SendEvent) {
    this.outputIndex = outputIndex;
    this.#id = id;
    this.#send = send;
    const item = { id, type: "reasoning", summary: [], encrypted_content: null };
    send("response.output_item.added", { output_index: outputIndex, item });
  }

  text(delta: string): void {
    if (this.#text === "") {
      this.#send("response.reasoning_summary_part.added", { ...this.#place(), part: summaryPart("") });
    }
    this.#text += delta;
    this.#send("response.reasoning_summary_text.delta", { ...this.#place(), delta });
  }

  close(signature: string | undefined, redacted: string | undefined): JsonObject {
    if (this.#text !== "") {
      this.#send("response.reasoning_summary_text.done", { ...this.#place(), text: this.#text });
      this.#send("response.reasoning_summary_part.done", { ...this.#place(), part: summaryPart(this.#text) });
    }
    const seal: { signature?: string; redacted?: string } = {};
    if (signature !== undefined) seal.signature = signature;
    if (redacted !== undefined) seal.redacted = redacted;
    return reasoningItem(this.#id, { text: this.#text, ...seal });
  }

  #place(): JsonObject {
    return { item_id: this.#id, output_index: this.outputIndex, summary_index: 0 };
  }
}
