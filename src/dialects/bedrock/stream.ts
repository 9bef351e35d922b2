import type { SseEvent, StreamParser, TargetModel } from "../../contracts/dialect.ts";
import type { ProviderFailure } from "../../contracts/errors.ts";
import type { ChatEvent } from "../../contracts/ir.ts";
import { isObject, type JsonObject } from "../checks.ts";
import { stringOr, tryParseJson } from "../json.ts";
import { brokenStream } from "../provider-failure.ts";
import { failedAnswer, isServerTool } from "./answer.ts";
import { citationOf } from "./citations.ts";
import { parseStreamError } from "./errors.ts";
import { ERROR_EVENT, isException } from "./framing.ts";
import { finishReasonFromWire, reasoningTokensOf, stopSequenceOf, usageFromWire } from "./usage.ts";

interface Block {
  /** Of a tool call, its place among them; -1: it is none. */
  call: number;
  hasArguments: boolean;
  /** Where its text begins in the answer's, and the text; kept for its citations. */
  start: number;
  text: string;
  citations: unknown[];
}

/**
 * A ConverseStream as IR events: `messageStart`; per block `contentBlockStart` (of tool calls only), `contentBlockDelta`,
 * `contentBlockStop`; `messageStop`; `metadata` with the usage. Media in an answer, and the doings of Bedrock's own tools,
 * have no event and are passed over.
 */
export class BedrockStreamParser implements StreamParser {
  readonly #target: TargetModel;
  readonly #blocks = new Map<unknown, Block>();
  #toolCallCount = 0;
  #textLength = 0;
  #reasoningTokens: { reasoningTokens?: number } = {};
  #hasContent = false;
  #stopped = false;
  #over = false;

  constructor(target: TargetModel) {
    this.#target = target;
  }

  push(event: SseEvent): ChatEvent[] {
    if (this.#over) return [];
    const data = tryParseJson(event.data);
    if (isException(event.event) || event.event === ERROR_EVENT) return this.#fail(parseStreamError(event.event, data));
    if (!isObject(data)) {
      return this.#fail(brokenStream("The provider's stream holds an event that is not a JSON object."));
    }
    switch (event.event) {
      case "messageStart":
        return [{ type: "start", id: "", model: this.#target.model }];
      case "contentBlockStart":
        return this.#startBlock(data.contentBlockIndex, isObject(data.start) ? data.start : {});
      case "contentBlockDelta":
        return this.#content(this.#delta(data.contentBlockIndex, isObject(data.delta) ? data.delta : {}));
      case "contentBlockStop":
        return this.#stopBlock(data.contentBlockIndex);
      case "messageStop":
        return this.#stop(data);
      case "metadata":
        return this.#metadata(data);
      default:
        return [];
    }
  }

  finish(): ChatEvent[] {
    if (this.#over) return [];
    if (!this.#stopped) return this.#fail(brokenStream("The provider's stream broke off before its end."));
    this.#over = true;
    return [{ type: "end" }];
  }

  #fail(failure: ProviderFailure): ChatEvent[] {
    this.#over = true;
    return [{ type: "error", failure }];
  }

  #content(events: ChatEvent[]): ChatEvent[] {
    if (events.length > 0) this.#hasContent = true;
    return events;
  }

  #block(index: unknown): Block {
    let block = this.#blocks.get(index);
    if (block === undefined) {
      block = { call: -1, hasArguments: false, start: this.#textLength, text: "", citations: [] };
      this.#blocks.set(index, block);
    }
    return block;
  }

  #startBlock(index: unknown, { toolUse }: JsonObject): ChatEvent[] {
    const block = this.#block(index);
    if (!isObject(toolUse) || isServerTool(toolUse)) return [];
    block.call = this.#toolCallCount++;
    const id = stringOr(toolUse.toolUseId, "");
    const name = stringOr(toolUse.name, "");
    return this.#content([{ type: "tool_call_start", choice: 0, index: block.call, id, name }]);
  }

  #delta(index: unknown, { text, toolUse, reasoningContent, citation }: JsonObject): ChatEvent[] {
    if (typeof text === "string") {
      if (text === "") return [];
      this.#block(index).text += text;
      this.#textLength += text.length;
      return [{ type: "text", choice: 0, text }];
    }
    if (isObject(reasoningContent)) return reasoningEvents(reasoningContent);
    if (isObject(toolUse) && typeof toolUse.input === "string") {
      const block = this.#block(index);
      if (block.call < 0 || toolUse.input === "") return [];
      block.hasArguments = true;
      return [{ type: "tool_call_delta", choice: 0, index: block.call, arguments: toolUse.input }];
    }
    if (isObject(citation)) this.#block(index).citations.push(citation);
    return [];
  }

  /** A call without arguments sends none at all; the IR's arguments are the text of an object. */
  #stopBlock(index: unknown): ChatEvent[] {
    const block = this.#blocks.get(index);
    if (block === undefined) return [];
    this.#blocks.delete(index);
    if (block.call >= 0 && !block.hasArguments) {
      return [{ type: "tool_call_delta", choice: 0, index: block.call, arguments: "{}" }];
    }
    const citation = citationOf(block.citations, block.start, block.text);
    return citation === null ? [] : [{ type: "citation", choice: 0, citation }];
  }

  #stop({ stopReason, additionalModelResponseFields: fields }: JsonObject): ChatEvent[] {
    if (this.#stopped) return [];
    const reason = finishReasonFromWire(stopReason);
    if (reason === "error" && !this.#hasContent) return this.#fail(failedAnswer(stopReason));
    this.#stopped = true;
    this.#reasoningTokens = reasoningTokensOf(fields);
    return [{ type: "finish", choice: 0, reason, ...stopSequenceOf(fields) }];
  }

  #metadata(data: JsonObject): ChatEvent[] {
    const usage = usageFromWire(data.usage);
    return usage === null ? [] : [{ type: "usage", usage: { ...usage, ...this.#reasoningTokens } }];
  }
}

function reasoningEvents({ text, signature, redactedContent }: JsonObject): ChatEvent[] {
  if (typeof text === "string" && text !== "") return [{ type: "thinking", choice: 0, text }];
  if (typeof signature === "string" && signature !== "") return [{ type: "thinking_signature", choice: 0, signature }];
  if (typeof redactedContent === "string")
    return [{ type: "thinking_signature", choice: 0, redacted: redactedContent }];
  return [];
}
