import type { SseEvent, StreamParser, TargetModel } from "../../contracts/dialect.ts";
import type { ProviderFailure } from "../../contracts/errors.ts";
import type { ChatEvent, Usage } from "../../contracts/ir.ts";
import { isObject, type JsonObject } from "../checks.ts";
import { arrayOr, countOf, stringOr, tryParseJson } from "../json.ts";
import { readCitation, readCitations } from "../openai/citations.ts";
import { readSignature } from "../openai/tool-calls.ts";
import { brokenStream } from "../provider-failure.ts";
import { isFailure, parseStreamError } from "./errors.ts";
import { readFinishReason, readPart } from "./parse-answer.ts";
import { readReasoning, readSeal, SUMMARY_SEPARATOR } from "./reasoning.ts";
import { readUsage } from "./usage.ts";

/** What has been told of the item at one place of the output. */
interface ItemState {
  /** Of a function call: its place among the calls. */
  call: number;
  /** Text, thinking or arguments of it were told: the whole item at its end says nothing new. */
  hasContent: boolean;
}

/**
 * A Responses stream as IR events; the `type` in the data repeats the event's name, which is not needed then. Deltas are
 * what counts. Where a server sends none, the item at its end is read instead. Unknown events, and those of OpenAI's own
 * tools, are passed over. The event with the whole answer is the end.
 */
export class ResponsesStreamParser implements StreamParser {
  readonly #target: TargetModel;
  /** By output index. */
  readonly #items = new Map<unknown, ItemState>();
  #calls = 0;
  #refused = false;
  #started = false;
  /** Characters of text so far. */
  #said = 0;
  /** The part that was spoken of last. */
  #part = "";
  #partBefore = 0;
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
    const events: ChatEvent[] = [];
    if (!this.#started && isObject(data.response)) this.#start(data.response, events);
    this.#read(data, events);
    return events;
  }

  finish(): ChatEvent[] {
    return this.#over ? [] : this.#fail(brokenStream("The provider's stream broke off before its end."));
  }

  #read(data: JsonObject, events: ChatEvent[]): void {
    const { delta } = data;
    switch (data.type) {
      case "response.output_text.delta": {
        const logprobs = arrayOr(data.logprobs);
        this.#told(data);
        this.#textBefore(data);
        if (typeof delta === "string") this.#said += delta.length;
        if (typeof delta === "string" && logprobs.length > 0) {
          events.push({ type: "text", choice: 0, text: delta, logprobs: { content: logprobs, refusal: null } });
        } else if (typeof delta === "string" && delta !== "") events.push({ type: "text", choice: 0, text: delta });
        return;
      }
      case "response.output_text.annotation.added": {
        const citation = readCitation(data.annotation, "", this.#textBefore(data));
        if (citation !== null) events.push({ type: "citation", choice: 0, citation });
        return;
      }
      case "response.refusal.delta":
        this.#told(data);
        this.#refused = true;
        if (typeof delta === "string" && delta !== "") events.push({ type: "refusal", choice: 0, text: delta });
        return;
      case "response.reasoning_summary_part.added":
        if (data.summary_index !== 0) events.push({ type: "thinking", choice: 0, text: SUMMARY_SEPARATOR });
        return;
      case "response.reasoning_summary_text.delta":
      case "response.reasoning_text.delta":
        this.#told(data);
        if (typeof delta === "string" && delta !== "") events.push({ type: "thinking", choice: 0, text: delta });
        return;
      case "response.function_call_arguments.delta":
        if (typeof delta === "string") this.#arguments(data.output_index, delta, events);
        return;
      case "response.output_item.added":
        if (isObject(data.item)) this.#itemAdded(data.output_index, data.item, events);
        return;
      case "response.output_item.done":
        if (isObject(data.item)) this.#itemDone(data.output_index, data.item, events);
        return;
      case "response.completed":
      case "response.incomplete":
        this.#end(isObject(data.response) ? data.response : {}, events);
        return;
      default:
        if (isFailure(data)) {
          const usage = readUsage(isObject(data.response) ? data.response.usage : null);
          events.push(...this.#fail(parseStreamError(data), usage));
        }
    }
  }

  #start(response: JsonObject, events: ChatEvent[]): void {
    // A failed answer has not begun.
    if (response.status === "failed") return;
    this.#started = true;
    const createdAt = countOf(response.created_at);
    events.push({
      type: "start",
      id: stringOr(response.id, ""),
      model: stringOr(response.model, "") || this.#target.model,
      ...(createdAt === undefined ? {} : { createdAt }),
    });
  }

  #stateOf(outputIndex: unknown): ItemState {
    let state = this.#items.get(outputIndex);
    if (state === undefined) {
      state = { call: -1, hasContent: false };
      this.#items.set(outputIndex, state);
    }
    return state;
  }

  /** Characters of the answer that stand before the part that an event is of. */
  #textBefore({ output_index: output, content_index: content }: JsonObject): number {
    const part = `${output} ${content}`;
    if (part !== this.#part) {
      this.#part = part;
      this.#partBefore = this.#said;
    }
    return this.#partBefore;
  }

  #told(data: JsonObject): void {
    this.#stateOf(data.output_index).hasContent = true;
  }

  #itemAdded(outputIndex: unknown, item: JsonObject, events: ChatEvent[]): ItemState {
    const state = this.#stateOf(outputIndex);
    if (item.type !== "function_call" || state.call >= 0) return state;
    state.call = this.#calls;
    this.#calls += 1;
    const id = stringOr(item.call_id, "") || stringOr(item.id, "");
    const start = { type: "tool_call_start", choice: 0, index: state.call, id, name: stringOr(item.name, "") } as const;
    const signature = readSignature(item);
    events.push(signature === undefined ? start : { ...start, signature });
    return state;
  }

  #arguments(outputIndex: unknown, text: string, events: ChatEvent[]): void {
    const state = this.#stateOf(outputIndex);
    if (state.call < 0 || text === "") return;
    state.hasContent = true;
    events.push({ type: "tool_call_delta", choice: 0, index: state.call, arguments: text });
  }

  #itemDone(outputIndex: unknown, item: JsonObject, events: ChatEvent[]): void {
    const state = this.#itemAdded(outputIndex, item, events);
    if (item.type === "function_call") {
      if (!state.hasContent) this.#arguments(outputIndex, stringOr(item.arguments, "") || "{}", events);
    } else if (item.type === "reasoning") {
      const { text } = readReasoning(item);
      if (!state.hasContent && text !== "") events.push({ type: "thinking", choice: 0, text });
      const seal = readSeal(item);
      if (Object.keys(seal).length > 0) events.push({ type: "thinking_signature", choice: 0, ...seal });
    } else if (item.type === "message" && !state.hasContent) {
      for (const part of arrayOr(item.content)) this.#wholePart(part, events);
    }
    state.hasContent = true;
  }

  #wholePart(part: unknown, events: ChatEvent[]): void {
    const read = isObject(part) ? readPart(part) : null;
    if (read?.type === "refusal") this.#refused = true;
    if (read?.type === "text" || read?.type === "refusal") events.push({ type: read.type, choice: 0, text: read.text });
    if (read?.type !== "text" || !isObject(part)) return;
    for (const citation of readCitations(part.annotations, read.text, this.#said)) {
      events.push({ type: "citation", choice: 0, citation });
    }
    this.#said += read.text.length;
  }

  #end(response: JsonObject, events: ChatEvent[]): void {
    this.#over = true;
    events.push({ type: "finish", choice: 0, reason: readFinishReason(response, this.#calls > 0, this.#refused) });
    const usage = readUsage(response.usage);
    if (usage !== undefined) events.push({ type: "usage", usage });
    events.push({ type: "end" });
  }

  #fail(failure: ProviderFailure, usage?: Usage): ChatEvent[] {
    this.#over = true;
    return [...(usage === undefined ? [] : [{ type: "usage", usage } as const]), { type: "error", failure }];
  }
}
