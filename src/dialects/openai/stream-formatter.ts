import type { AnswerContext, StreamFormatter } from "../../contracts/dialect.ts";
import type { ChatEvent, Usage } from "../../contracts/ir.ts";
import type { JsonObject } from "../checks.ts";
import { writeAnnotations } from "./citations.ts";
import { formatStreamFailure } from "./errors.ts";
import { writeFinishReason } from "./finish-reason.ts";
import { completionId, nowSeconds } from "./format-answer.ts";
import { writeDetail } from "./reasoning.ts";
import { writeSignature } from "./tool-calls.ts";
import { writeUsage } from "./usage.ts";

interface ChoiceState {
  refused: boolean;
  /** Thinking blocks that have ended, for the `index` of `reasoning_details`. */
  thinkingBlocks: number;
  /** Of the block that is open. */
  thinking: string;
}

/**
 * Writes `chat.completion.chunk` events. Each choice begins with a chunk that gives the role; with `include_usage` the
 * last chunk has no choices and the usage, and all others `usage: null`, as OpenAI does. A block of thinking that is signed is
 * told once more as a whole with its signature: on the next turn the provider wants both back, unchanged.
 */
export class OpenaiStreamFormatter implements StreamFormatter {
  readonly #context: AnswerContext;
  readonly #choices = new Map<number, ChoiceState>();
  /** The text every chunk begins with, up to the choices. */
  #head = "";
  #usage: Usage | null = null;

  constructor(context: AnswerContext) {
    this.#context = context;
  }

  push(event: ChatEvent): string {
    switch (event.type) {
      case "start":
        this.#begin(event.id, event.createdAt);
        this.#usage = event.usage ?? null;
        return this.#role(0);
      case "text":
        return this.#chunk(event.choice, { content: event.text }, event.logprobs);
      case "thinking":
        return this.#thinking(event.choice, event.text);
      case "thinking_signature":
        return this.#thinkingSignature(event);
      case "refusal":
        this.#state(event.choice).refused = true;
        return this.#chunk(event.choice, { refusal: event.text });
      case "citation": {
        const annotations = writeAnnotations([event.citation]);
        return annotations.length === 0 ? "" : this.#chunk(event.choice, { annotations });
      }
      case "tool_call_start":
        return this.#toolCallStart(event);
      case "tool_call_delta":
        return this.#chunk(event.choice, {
          tool_calls: [{ index: event.index, function: { arguments: event.arguments } }],
        });
      case "finish": {
        const reason = writeFinishReason(event.reason, this.#choices.get(event.choice)?.refused ?? false);
        return this.#chunk(event.choice, {}, undefined, reason);
      }
      case "usage":
        this.#usage = event.usage;
        return "";
      case "error":
        return formatStreamFailure(event.failure, this.#context.requestId);
      case "end":
        return `${this.#usageChunk()}data: [DONE]\n\n`;
    }
  }

  #begin(id: string, createdAt: number | undefined): void {
    const head = {
      id: completionId(id, this.#context),
      object: "chat.completion.chunk",
      created: createdAt ?? nowSeconds(),
      model: this.#context.model,
    };
    this.#head = `data: ${JSON.stringify(head).slice(0, -1)},"choices":[`;
  }

  /** The first chunk of a choice; "" when it has been sent. */
  #role(choice: number): string {
    if (this.#choices.has(choice)) return "";
    this.#choices.set(choice, { refused: false, thinkingBlocks: 0, thinking: "" });
    return this.#write(choice, { role: "assistant", content: "" }, undefined, null);
  }

  #state(choice: number): ChoiceState {
    return this.#choices.get(choice) ?? { refused: false, thinkingBlocks: 0, thinking: "" };
  }

  #chunk(choice: number, delta: JsonObject, logprobs?: unknown, finishReason: string | null = null): string {
    return this.#role(choice) + this.#write(choice, delta, logprobs, finishReason);
  }

  #write(choice: number, delta: JsonObject, logprobs: unknown, finishReason: string | null): string {
    if (this.#head === "") this.#begin("", undefined);
    const reason = finishReason === null ? "null" : `"${finishReason}"`;
    const body = `{"index":${choice},"delta":${JSON.stringify(delta)},"logprobs":${JSON.stringify(logprobs ?? null)},"finish_reason":${reason}}]`;
    return `${this.#head}${body}${this.#context.includeUsage ? ',"usage":null}' : "}"}\n\n`;
  }

  #toolCallStart(event: Extract<ChatEvent, { type: "tool_call_start" }>): string {
    const { index, id, name, signature } = event;
    const call: JsonObject = { index, id, type: "function", function: { name, arguments: "" } };
    if (signature !== undefined) Object.assign(call, writeSignature(signature));
    return this.#chunk(event.choice, { tool_calls: [call] });
  }

  #thinking(choice: number, text: string): string {
    const chunk = this.#chunk(choice, { reasoning_content: text });
    this.#state(choice).thinking += text;
    return chunk;
  }

  #thinkingSignature(event: Extract<ChatEvent, { type: "thinking_signature" }>): string {
    const role = this.#role(event.choice);
    const state = this.#state(event.choice);
    const detail = writeDetail({ ...event, text: state.thinking }, state.thinkingBlocks);
    state.thinkingBlocks += 1;
    state.thinking = "";
    return role + this.#write(event.choice, { reasoning_details: [detail] }, undefined, null);
  }

  #usageChunk(): string {
    if (!this.#context.includeUsage || this.#usage === null) return "";
    if (this.#head === "") this.#begin("", undefined);
    return `${this.#head}],"usage":${JSON.stringify(writeUsage(this.#usage))}}\n\n`;
  }
}
