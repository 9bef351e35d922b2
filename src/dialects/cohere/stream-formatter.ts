import type { AnswerContext, StreamFormatter } from "../../contracts/dialect.ts";
import type { ChatEvent, FinishReason, Usage } from "../../contracts/ir.ts";
import type { JsonObject } from "../checks.ts";
import { formatSse } from "../sse/format.ts";
import { citationToWire } from "./citations.ts";
import { formatStreamFailure, STREAM_END } from "./errors.ts";
import { finishReasonToWire, logprobsToWire, usageToWire } from "./usage.ts";

/**
 * IR events as a v2 chat stream. Contents follow one another, each with its start and end; tool calls have an index of their
 * own and end when the answer does. `message-end` waits for `end`, because usage may come after the finish reason.
 *
 * Only choice 0 is written: callers of this dialect can't ask for more.
 */
export class CohereStreamFormatter implements StreamFormatter {
  #id: string;
  #nextContent = 0;
  #open: "text" | "thinking" | null = null;
  readonly #openCalls = new Set<number>();
  #citations = 0;
  #finish: FinishReason = "stop";
  #usage: Usage | undefined;

  constructor({ requestId }: AnswerContext) {
    this.#id = requestId;
  }

  push(event: ChatEvent): string {
    if ("choice" in event && event.choice !== 0) return "";
    switch (event.type) {
      case "start":
        return this.#start(event.id, event.usage);
      case "text":
        return this.#text(event.text, event.logprobs);
      case "refusal":
        return this.#text(event.text, undefined);
      case "thinking":
        return event.text === "" ? "" : this.#enter("thinking") + this.#delta({ thinking: event.text });
      case "thinking_signature":
        return this.#signature(event);
      case "citation":
        return this.#citation(citationToWire(event.citation));
      case "tool_call_start":
        this.#openCalls.add(event.index);
        return (
          this.#close() +
          sse("tool-call-start", {
            index: event.index,
            delta: inMessage({
              tool_calls: { id: event.id, type: "function", function: { name: event.name, arguments: "" } },
            }),
          })
        );
      case "tool_call_delta":
        return event.arguments === ""
          ? ""
          : sse("tool-call-delta", {
              index: event.index,
              delta: inMessage({ tool_calls: { function: { arguments: event.arguments } } }),
            });
      case "finish":
        this.#finish = event.reason;
        return this.#close() + this.#closeCalls();
      case "usage":
        this.#usage = event.usage;
        return "";
      case "error":
        return formatStreamFailure(event.failure.message, this.#id);
      case "end":
        return this.#end();
    }
  }

  #start(id: string, usage: Usage | undefined): string {
    this.#usage = usage;
    if (id !== "") this.#id = id;
    const message = { role: "assistant", content: [], tool_plan: "", tool_calls: [], citations: [] };
    return sse("message-start", { id: this.#id, delta: { message } });
  }

  #text(text: string, logprobs: unknown): string {
    const [first, ...others] = logprobsToWire(logprobs);
    if (first === undefined) return text === "" ? "" : this.#enter("text") + this.#delta({ text });
    if (others.length === 0) return this.#enter("text") + this.#delta({ text }, { logprobs: first });
    // One event tells of one stretch.
    const pieces = [first, ...others].map((one) => this.#delta({ text: one.text }, { logprobs: one }));
    return this.#enter("text") + pieces.join("");
  }

  #signature({ signature, redacted }: { signature?: string; redacted?: string }): string {
    if (redacted !== undefined) {
      return this.#close() + this.#enter("thinking") + this.#delta({ thinking: "", redacted }) + this.#close();
    }
    if (signature === undefined) return "";
    return this.#enter("thinking") + this.#delta({ thinking: "", signature }) + this.#close();
  }

  #citation(citations: JsonObject): string {
    const index = this.#citations++;
    return sse("citation-start", { index, delta: inMessage({ citations }) }) + sse("citation-end", { index });
  }

  #end(): string {
    const delta = {
      finish_reason: finishReasonToWire(this.#finish),
      ...(this.#usage === undefined ? {} : { usage: usageToWire(this.#usage) }),
    };
    return this.#close() + this.#closeCalls() + sse("message-end", { id: this.#id, delta }) + STREAM_END;
  }

  /** Makes the open content one of this kind. */
  #enter(kind: "text" | "thinking"): string {
    if (this.#open === kind) return "";
    const closed = this.#close();
    this.#open = kind;
    const content = { type: kind, [kind]: "" };
    return closed + sse("content-start", { index: this.#nextContent, delta: inMessage({ content }) });
  }

  #delta(content: JsonObject, fields: JsonObject = {}): string {
    return sse("content-delta", { index: this.#nextContent, delta: inMessage({ content }), ...fields });
  }

  #close(): string {
    if (this.#open === null) return "";
    this.#open = null;
    return sse("content-end", { index: this.#nextContent++ });
  }

  #closeCalls(): string {
    const ends = [...this.#openCalls].map((index) => sse("tool-call-end", { index }));
    this.#openCalls.clear();
    return ends.join("");
  }
}

function inMessage(message: JsonObject): JsonObject {
  return { message };
}

function sse(type: string, fields: JsonObject): string {
  return formatSse(type, JSON.stringify({ type, ...fields }));
}
