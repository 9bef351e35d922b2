import type { Citation } from "../../contracts/ir.ts";
import type { JsonObject } from "../checks.ts";
import { type EventWriter, placeOf } from "./event-writer.ts";
import { annotationsOf, type ItemStatus, messageItem, reasoningItem, refusalPart, textPart } from "./output-items.ts";
import { summaryPart } from "./reasoning.ts";

/** A message of a stream that is being written: parts of text and refusal, one after another. */
export class OpenMessage {
  readonly outputIndex: number;
  readonly #id: string;
  readonly #writer: EventWriter;
  readonly #content: JsonObject[] = [];
  #kind: "text" | "refusal" | null = null;
  /** Of the open part. */
  #deltaPlace = "";
  #text = "";
  #logprobs: unknown[] = [];
  #annotations: JsonObject[] = [];
  /** Characters of the answer before the open part. */
  #before: number;

  /** `before`: characters of the answer that were said in other messages. */
  constructor(outputIndex: number, id: string, before: number, writer: EventWriter) {
    this.outputIndex = outputIndex;
    this.#id = id;
    this.#before = before;
    this.#writer = writer;
    writer.event("response.output_item.added", { output_index: outputIndex, item: messageItem(id, [], "in_progress") });
  }

  text(delta: string, logprobs: readonly unknown[]): void {
    this.#enter("text");
    this.#text += delta;
    for (const entry of logprobs) this.#logprobs.push(entry);
    const rest = logprobs.length === 0 ? ',"logprobs":[]' : `,"logprobs":${JSON.stringify(logprobs)}`;
    this.#writer.delta("response.output_text.delta", this.#deltaPlace, delta, rest);
  }

  citation(citation: Citation): void {
    this.#enter("text");
    for (const annotation of annotationsOf(citation, this.#before)) {
      this.#writer.event("response.output_text.annotation.added", {
        ...this.#place(),
        annotation_index: this.#annotations.length,
        annotation,
      });
      this.#annotations.push(annotation);
    }
  }

  refusal(delta: string): void {
    this.#enter("refusal");
    this.#text += delta;
    this.#writer.delta("response.refusal.delta", this.#deltaPlace, delta);
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
    this.#deltaPlace = placeOf(this.#place());
    this.#writer.event("response.content_part.added", { ...this.#place(), part: this.#part() });
  }

  #part(): JsonObject {
    return this.#kind === "refusal" ? refusalPart(this.#text) : textPart(this.#text, this.#logprobs, this.#annotations);
  }

  #closePart(): void {
    if (this.#kind === null) return;
    if (this.#kind === "refusal") {
      this.#writer.event("response.refusal.done", { ...this.#place(), refusal: this.#text });
    } else {
      this.#writer.event("response.output_text.done", { ...this.#place(), text: this.#text, logprobs: this.#logprobs });
      this.#before += this.#text.length;
    }
    const part = this.#part();
    this.#writer.event("response.content_part.done", { ...this.#place(), part });
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
  readonly #writer: EventWriter;
  readonly #deltaPlace: string;
  #text = "";

  constructor(outputIndex: number, id: string, writer: EventWriter) {
    this.outputIndex = outputIndex;
    this.#id = id;
    this.#writer = writer;
    this.#deltaPlace = placeOf(this.#place());
    const item = { id, type: "reasoning", summary: [], encrypted_content: null };
    writer.event("response.output_item.added", { output_index: outputIndex, item });
  }

  text(delta: string): void {
    if (this.#text === "") {
      this.#writer.event("response.reasoning_summary_part.added", { ...this.#place(), part: summaryPart("") });
    }
    this.#text += delta;
    this.#writer.delta("response.reasoning_summary_text.delta", this.#deltaPlace, delta);
  }

  close(signature: string | undefined, redacted: string | undefined): JsonObject {
    if (this.#text !== "") {
      this.#writer.event("response.reasoning_summary_text.done", { ...this.#place(), text: this.#text });
      this.#writer.event("response.reasoning_summary_part.done", { ...this.#place(), part: summaryPart(this.#text) });
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
