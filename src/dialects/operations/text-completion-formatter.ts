import type { AnswerContext, StreamFormatter } from "../../contracts/dialect.ts";
import type { ChatEvent, Usage } from "../../contracts/ir.ts";
import { formatStreamFailure } from "../openai/errors.ts";
import { writeFinishReason } from "../openai/finish-reason.ts";
import { nowSeconds } from "../openai/format-answer.ts";
import { writeUsage } from "../openai/usage.ts";

/** Writes `text_completion` events; with `include_usage` the last one has no choices and the usage, as OpenAI does. */
export class TextCompletionFormatter implements StreamFormatter {
  readonly #context: AnswerContext;
  /** Choices whose prompt was echoed. */
  readonly #begun = new Set<number>();
  #head: Record<string, unknown>;
  #usage: Usage | null = null;

  constructor(context: AnswerContext) {
    this.#context = context;
    this.#head = this.#headOf("", undefined);
  }

  push(event: ChatEvent): string {
    switch (event.type) {
      case "start":
        this.#head = this.#headOf(event.id, event.createdAt);
        this.#usage = event.usage ?? null;
        return "";
      case "text":
      case "refusal":
        return this.#echo(event.choice) + this.#piece(event.choice, event.text, null);
      case "finish":
        return this.#echo(event.choice) + this.#piece(event.choice, "", writeFinishReason(event.reason, true));
      case "usage":
        this.#usage = event.usage;
        return "";
      case "error":
        return formatStreamFailure(event.failure, this.#context.requestId);
      case "end":
        return `${this.#usageEvent()}data: [DONE]\n\n`;
      default:
        // Thoughts and tools are no text.
        return "";
    }
  }

  #headOf(id: string, createdAt: number | undefined): Record<string, unknown> {
    const { requestId, model } = this.#context;
    const name = id === "" ? `cmpl-${requestId}` : id;
    return { id: name, object: "text_completion", created: createdAt ?? nowSeconds(), model };
  }

  /** The prompt before the first text of a choice, where it is to be there. */
  #echo(choice: number): string {
    const prompt = this.#context.echo?.prompt;
    if (typeof prompt !== "string" || this.#begun.has(choice)) return "";
    this.#begun.add(choice);
    return this.#piece(choice, prompt, null);
  }

  #piece(index: number, text: string, finishReason: string | null): string {
    const usage = this.#context.includeUsage ? { usage: null } : {};
    const choices = [{ text, index, logprobs: null, finish_reason: finishReason }];
    return `data: ${JSON.stringify({ ...this.#head, choices, ...usage })}\n\n`;
  }

  #usageEvent(): string {
    if (!this.#context.includeUsage || this.#usage === null) return "";
    return `data: ${JSON.stringify({ ...this.#head, choices: [], usage: writeUsage(this.#usage) })}\n\n`;
  }
}
