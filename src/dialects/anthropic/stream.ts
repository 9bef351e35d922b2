import type { SseEvent, StreamParser } from "../../contracts/dialect.ts";
import type { ProviderFailure } from "../../contracts/errors.ts";
import type { ChatEvent } from "../../contracts/ir.ts";
import { isObject, type JsonObject } from "../checks.ts";
import { tryParseJson } from "../json.ts";
import { brokenStream } from "../provider-failure.ts";
import { blockCitation } from "./documents.ts";
import { parseStreamError } from "./errors.ts";
import { finishReasonFromWire, StreamUsage } from "./usage.ts";

interface OpenToolCall {
  index: number;
  hasArguments: boolean;
}

/**
 * A Messages stream as IR events; the `type` in the data repeats the event's name, which is not needed then:
 *
 *     message_start                                   start
 *     content_block_start → _delta* → _stop, in turn  text | thinking, thinking_signature | tool_call_start, _delta
 *     message_delta (stop_reason, usage)              finish, usage
 *     message_stop                                    end
 *
 * `ping`, unknown events and blocks the IR has no word for (server tools) are passed over, as the documentation demands.
 */
export class AnthropicStreamParser implements StreamParser {
  readonly #usage = new StreamUsage();
  /** By block index. */
  readonly #toolCalls = new Map<unknown, OpenToolCall>();
  #toolCallCount = 0;
  /** Of all text, and of the open block: citations are for the whole block, and come within it. */
  #textLength = 0;
  #blockText = "";
  #blockCitations: unknown[] = [];
  #finished = false;
  #over = false;

  push(event: SseEvent): ChatEvent[] {
    if (this.#over || event.data === "") return [];
    const data = tryParseJson(event.data);
    if (!isObject(data))
      return this.#fail(brokenStream("The provider's stream holds an event that is not a JSON object."));
    switch (data.type) {
      case "message_start":
        return this.#start(data.message);
      case "content_block_start":
        return isObject(data.content_block) ? this.#startBlock(data.index, data.content_block) : [];
      case "content_block_delta":
        return isObject(data.delta) ? this.#delta(data.index, data.delta) : [];
      case "content_block_stop":
        return this.#stopBlock(data.index);
      case "message_delta":
        return this.#messageDelta(data);
      case "message_stop":
        this.#over = true;
        return [{ type: "end" }];
      case "error":
        return this.#fail(parseStreamError(data) ?? brokenStream("The provider ended its stream with an error."));
      default:
        return [];
    }
  }

  finish(): ChatEvent[] {
    return this.#over ? [] : this.#fail(brokenStream("The provider's stream broke off before its end."));
  }

  #fail(failure: ProviderFailure): ChatEvent[] {
    this.#over = true;
    return [{ type: "error", failure }];
  }

  #start(message: unknown): ChatEvent[] {
    const fields = isObject(message) ? message : {};
    this.#usage.merge(fields.usage);
    const usage = this.#usage.usage;
    return [
      {
        type: "start",
        id: typeof fields.id === "string" ? fields.id : "",
        model: typeof fields.model === "string" ? fields.model : "",
        ...(usage === null ? {} : { usage }),
      },
    ];
  }

  #startBlock(blockIndex: unknown, block: JsonObject): ChatEvent[] {
    switch (block.type) {
      case "text":
        this.#blockText = "";
        this.#blockCitations = [];
        return this.#text(block.text);
      case "thinking":
        return thinkingEvent(block.thinking);
      case "redacted_thinking":
        return [{ type: "thinking_signature", choice: 0, redacted: String(block.data ?? "") }];
      case "tool_use": {
        const index = this.#toolCallCount++;
        const input = isObject(block.input) && Object.keys(block.input).length > 0 ? JSON.stringify(block.input) : "";
        this.#toolCalls.set(blockIndex, { index, hasArguments: input !== "" });
        const { id, name } = block;
        const start: ChatEvent = { type: "tool_call_start", choice: 0, index, id: String(id), name: String(name) };
        return input === "" ? [start] : [start, { type: "tool_call_delta", choice: 0, index, arguments: input }];
      }
      default:
        return [];
    }
  }

  #delta(blockIndex: unknown, delta: JsonObject): ChatEvent[] {
    switch (delta.type) {
      case "text_delta":
        return this.#text(delta.text);
      case "citations_delta":
        this.#blockCitations.push(delta.citation);
        return [];
      case "thinking_delta":
        return thinkingEvent(delta.thinking);
      case "signature_delta":
        return typeof delta.signature === "string" && delta.signature !== ""
          ? [{ type: "thinking_signature", choice: 0, signature: delta.signature }]
          : [];
      case "input_json_delta": {
        const call = this.#toolCalls.get(blockIndex);
        if (call === undefined || typeof delta.partial_json !== "string" || delta.partial_json === "") return [];
        call.hasArguments = true;
        return [{ type: "tool_call_delta", choice: 0, index: call.index, arguments: delta.partial_json }];
      }
      default:
        return [];
    }
  }

  /** A call without arguments sends none at all; the IR's arguments are the text of an object. */
  #stopBlock(blockIndex: unknown): ChatEvent[] {
    const call = this.#toolCalls.get(blockIndex);
    if (call === undefined) return this.#cite();
    if (call.hasArguments) return [];
    call.hasArguments = true;
    return [{ type: "tool_call_delta", choice: 0, index: call.index, arguments: "{}" }];
  }

  #text(text: unknown): ChatEvent[] {
    const events = textEvent(text);
    for (const event of events) if (event.type === "text") this.#blockText += event.text;
    return events;
  }

  #cite(): ChatEvent[] {
    const citations = blockCitation(this.#blockCitations, this.#textLength, this.#blockText);
    this.#textLength += this.#blockText.length;
    this.#blockText = "";
    this.#blockCitations = [];
    return citations.map((citation) => ({ type: "citation", choice: 0, citation }));
  }

  #messageDelta(data: JsonObject): ChatEvent[] {
    const events: ChatEvent[] = [];
    const delta = isObject(data.delta) ? data.delta : {};
    if (!this.#finished && typeof delta.stop_reason === "string") {
      this.#finished = true;
      const stopSequence = typeof delta.stop_sequence === "string" ? { stopSequence: delta.stop_sequence } : {};
      events.push({ type: "finish", choice: 0, reason: finishReasonFromWire(delta.stop_reason), ...stopSequence });
    }
    this.#usage.merge(data.usage);
    const usage = this.#usage.usage;
    if (isObject(data.usage) && usage !== null) events.push({ type: "usage", usage });
    return events;
  }
}

function textEvent(text: unknown): ChatEvent[] {
  return typeof text === "string" && text !== "" ? [{ type: "text", choice: 0, text }] : [];
}

function thinkingEvent(text: unknown): ChatEvent[] {
  return typeof text === "string" && text !== "" ? [{ type: "thinking", choice: 0, text }] : [];
}
