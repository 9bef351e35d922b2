import type { AnswerContext, StreamFormatter } from "../../contracts/dialect.ts";
import type { ChatEvent, FinishReason, Usage } from "../../contracts/ir.ts";
import type { JsonObject } from "../checks.ts";
import { tryParseJson } from "../json.ts";
import { formatSse } from "../sse/format.ts";
import { formatStreamFailure } from "./errors.ts";
import { stopReasonToWire, usageToWire } from "./usage.ts";

interface ToolCall {
  id: string;
  name: string;
  /** All arguments so far, to see when they are complete. */
  arguments: string;
}

/**
 * IR events as a Messages stream. Blocks must follow one another, each opened and closed, so:
 *
 * - a block is closed as soon as an event of another kind comes;
 * - of several tool calls one streams; one that starts while the arguments of the first are incomplete is held back until
 *   the first one is through (providers that interleave the arguments of parallel calls are rare);
 * - `message_delta` waits for `end`, because usage may come after the finish reason.
 *
 * Only choice 0 is written: callers of this dialect can't ask for more.
 */
export class AnthropicStreamFormatter implements StreamFormatter {
  readonly #context: AnswerContext;
  #nextBlock = 0;
  #open: "text" | "thinking" | "tool_use" | null = null;
  #openCall: { index: number; call: ToolCall } | null = null;
  /** By the call's index, in the order of their start. */
  readonly #heldCalls = new Map<number, ToolCall>();
  #finish: { reason: FinishReason; stopSequence: string | null } = { reason: "stop", stopSequence: null };
  #usage: Usage | undefined;

  constructor(context: AnswerContext) {
    this.#context = context;
  }

  push(event: ChatEvent): string {
    if ("choice" in event && event.choice !== 0) return "";
    switch (event.type) {
      case "start":
        return this.#start(event.id, event.usage);
      case "text":
      case "refusal":
        return event.text === "" ? "" : this.#enter("text") + this.#delta({ type: "text_delta", text: event.text });
      case "thinking":
        return event.text === ""
          ? ""
          : this.#enter("thinking") + this.#delta({ type: "thinking_delta", thinking: event.text });
      case "thinking_signature":
        return this.#signature(event.signature, event.redacted);
      // A citation names a block that was sent with the request, which other providers' don't.
      case "citation":
        return "";
      case "tool_call_start":
        return this.#startCall(event.index, { id: event.id, name: event.name, arguments: "" });
      case "tool_call_delta":
        return this.#callDelta(event.index, event.arguments);
      case "finish":
        this.#finish = { reason: event.reason, stopSequence: event.stopSequence ?? null };
        return this.#closeAll();
      case "usage":
        this.#usage = event.usage;
        return "";
      case "error":
        return formatStreamFailure(event.failure, this.#context.requestId);
      case "end":
        return this.#end();
    }
  }

  #start(id: string, usage: Usage | undefined): string {
    this.#usage = usage;
    return sse("message_start", {
      message: {
        id: id === "" ? this.#context.requestId : id,
        type: "message",
        role: "assistant",
        model: this.#context.model,
        content: [],
        stop_reason: null,
        stop_sequence: null,
        usage: usageToWire(usage),
      },
    });
  }

  #end(): string {
    const { reason, stopSequence } = this.#finish;
    const delta = { stop_reason: stopReasonToWire(reason), stop_sequence: stopSequence };
    return (
      this.#closeAll() + sse("message_delta", { delta, usage: usageToWire(this.#usage) }) + sse("message_stop", {})
    );
  }

  /** Makes the open block one of this kind. */
  #enter(kind: "text" | "thinking"): string {
    if (this.#open === kind) return "";
    const block = kind === "text" ? { type: "text", text: "" } : { type: "thinking", thinking: "", signature: "" };
    return this.#closeAll() + this.#openBlock(kind, block);
  }

  #signature(signature: string | undefined, redacted: string | undefined): string {
    if (redacted !== undefined) {
      const block = { type: "redacted_thinking", data: redacted };
      return this.#closeAll() + this.#openBlock("thinking", block) + this.#closeBlock();
    }
    if (signature === undefined) return "";
    return this.#enter("thinking") + this.#delta({ type: "signature_delta", signature }) + this.#closeBlock();
  }

  #startCall(index: number, call: ToolCall): string {
    if (this.#openCall !== null && tryParseJson(this.#openCall.call.arguments) === undefined) {
      this.#heldCalls.set(index, call);
      return "";
    }
    return this.#closeAll() + this.#openToolUse(index, call);
  }

  #callDelta(index: number, text: string): string {
    if (text === "") return "";
    if (this.#openCall?.index === index) {
      this.#openCall.call.arguments += text;
      return this.#delta({ type: "input_json_delta", partial_json: text });
    }
    const held = this.#heldCalls.get(index);
    if (held !== undefined) held.arguments += text;
    return "";
  }

  #openToolUse(index: number, call: ToolCall): string {
    const block = this.#openBlock("tool_use", { type: "tool_use", id: call.id, name: call.name, input: {} });
    this.#openCall = { index, call };
    return block;
  }

  /** Closes the open block and writes the calls held back. */
  #closeAll(): string {
    let text = this.#closeBlock();
    for (const [index, call] of this.#heldCalls) {
      text += this.#openToolUse(index, call);
      if (call.arguments !== "") text += this.#delta({ type: "input_json_delta", partial_json: call.arguments });
      text += this.#closeBlock();
    }
    this.#heldCalls.clear();
    return text;
  }

  #openBlock(kind: "text" | "thinking" | "tool_use", block: JsonObject): string {
    this.#open = kind;
    return sse("content_block_start", { index: this.#nextBlock, content_block: block });
  }

  #closeBlock(): string {
    if (this.#open === null) return "";
    this.#open = null;
    this.#openCall = null;
    return sse("content_block_stop", { index: this.#nextBlock++ });
  }

  #delta(delta: JsonObject): string {
    return sse("content_block_delta", { index: this.#nextBlock, delta });
  }
}

function sse(type: string, fields: JsonObject): string {
  return formatSse(type, JSON.stringify({ type, ...fields }));
}
