import type { SseEvent, StreamParser, TargetModel } from "../../contracts/dialect.ts";
import type { ProviderFailure } from "../../contracts/errors.ts";
import type { ChatEvent } from "../../contracts/ir.ts";
import { isObject, type JsonObject } from "../checks.ts";
import { stringOr, tryParseJson } from "../json.ts";
import { brokenStream } from "../provider-failure.ts";
import { citationFromWire } from "./citations.ts";
import { streamFailure } from "./errors.ts";
import { finishReasonFromWire, logprobsFromWire, usageFromWire } from "./usage.ts";

/**
 * A v2 chat stream as IR events; the `type` in the data repeats the event's name:
 *
 *     message-start                            start
 *     content-start → -delta* → -end           text | thinking, thinking_signature
 *     tool-plan-delta                          text
 *     tool-call-start → -delta* → -end         tool_call_start, tool_call_delta
 *     citation-start, -end                     citation
 *     message-end (finish_reason, usage)       finish, usage, end
 *
 * `[DONE]`, `debug` and unknown events are passed over.
 */
export class CohereStreamParser implements StreamParser {
  readonly #target: TargetModel;
  /** By the index of the stream, which may count from any number. */
  readonly #toolCalls = new Map<unknown, { index: number; hasArguments: boolean }>();
  #started = false;
  #over = false;

  constructor(target: TargetModel) {
    this.#target = target;
  }

  push(event: SseEvent): ChatEvent[] {
    if (this.#over || event.data === "" || event.data.startsWith("[DONE]")) return [];
    const data = tryParseJson(event.data);
    if (!isObject(data)) {
      return this.#fail(brokenStream("The provider's stream holds an event that is not a JSON object."));
    }
    const delta = isObject(data.delta) ? data.delta : {};
    const message = isObject(delta.message) ? delta.message : {};
    switch (data.type) {
      case "message-start":
        return this.#start(data.id);
      case "content-start":
      case "content-delta":
        return this.#content(isObject(message.content) ? message.content : {}, data.logprobs);
      case "tool-plan-delta":
        return textEvents(message.tool_plan);
      case "tool-call-start":
        return this.#startCall(data.index, isObject(message.tool_calls) ? message.tool_calls : {});
      case "tool-call-delta":
        return this.#callDelta(data.index, isObject(message.tool_calls) ? message.tool_calls : {});
      case "tool-call-end":
        return this.#endCall(data.index);
      case "citation-start": {
        const citation = citationFromWire(message.citations);
        return citation === null ? [] : [{ type: "citation", choice: 0, citation }];
      }
      case "message-end":
        return this.#end(delta);
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

  #start(id: unknown): ChatEvent[] {
    if (this.#started) return [];
    this.#started = true;
    // The stream does not name the model.
    return [{ type: "start", id: stringOr(id, ""), model: this.#target.model }];
  }

  #content(content: JsonObject, logprobs: unknown): ChatEvent[] {
    const told = isObject(logprobs) ? logprobsFromWire(logprobs) : null;
    const events = textEvents(content.text, told);
    const { thinking, signature, redacted } = content;
    if (typeof thinking === "string" && thinking !== "") events.push({ type: "thinking", choice: 0, text: thinking });
    if (typeof signature === "string") events.push({ type: "thinking_signature", choice: 0, signature });
    if (typeof redacted === "string") events.push({ type: "thinking_signature", choice: 0, redacted });
    return events;
  }

  #startCall(key: unknown, call: JsonObject): ChatEvent[] {
    const index = this.#toolCalls.size;
    const fn = isObject(call.function) ? call.function : {};
    const text = stringOr(fn.arguments, "");
    this.#toolCalls.set(key, { index, hasArguments: text !== "" });
    const name = stringOr(fn.name, "");
    const start: ChatEvent = { type: "tool_call_start", choice: 0, index, id: stringOr(call.id, ""), name };
    return text === "" ? [start] : [start, { type: "tool_call_delta", choice: 0, index, arguments: text }];
  }

  #callDelta(key: unknown, call: JsonObject): ChatEvent[] {
    const known = this.#toolCalls.get(key);
    const text = isObject(call.function) ? call.function.arguments : undefined;
    if (known === undefined || typeof text !== "string" || text === "") return [];
    known.hasArguments = true;
    return [{ type: "tool_call_delta", choice: 0, index: known.index, arguments: text }];
  }

  /** The IR's arguments are the text of an object. */
  #endCall(key: unknown): ChatEvent[] {
    const known = this.#toolCalls.get(key);
    if (known === undefined || known.hasArguments) return [];
    known.hasArguments = true;
    return [{ type: "tool_call_delta", choice: 0, index: known.index, arguments: "{}" }];
  }

  #end(delta: JsonObject): ChatEvent[] {
    if (typeof delta.error === "string" && delta.error !== "") return this.#fail(streamFailure(delta.error));
    this.#over = true;
    const events: ChatEvent[] = [{ type: "finish", choice: 0, reason: finishReasonFromWire(delta.finish_reason) }];
    const usage = usageFromWire(delta.usage);
    if (usage !== null) events.push({ type: "usage", usage });
    events.push({ type: "end" });
    return events;
  }
}

function textEvents(text: unknown, logprobs: JsonObject | null = null): ChatEvent[] {
  if (typeof text !== "string" || (text === "" && logprobs === null)) return [];
  return [{ type: "text", choice: 0, text, ...(logprobs === null ? {} : { logprobs }) }];
}
