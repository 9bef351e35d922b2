import type { AnswerContext, StreamFormatter } from "../../contracts/dialect.ts";
import { GatewayError } from "../../contracts/errors.ts";
import type { ChatEvent, FinishReason, Usage } from "../../contracts/ir.ts";
import type { JsonObject } from "../checks.ts";
import { tryParseJson } from "../json.ts";
import { errorEvent } from "./errors.ts";
import { EventWriter, placeOf } from "./event-writer.ts";
import { functionCallItem, logprobsOf } from "./output-items.ts";
import {
  itemId,
  type ResponseHead,
  type ResponseState,
  responseHead,
  responseObject,
  stateOf,
} from "./response-object.ts";
import { OpenMessage, OpenReasoning } from "./stream-items.ts";

interface OpenCall {
  outputIndex: number;
  deltaPlace: string;
  itemId: string;
  id: string;
  name: string;
  arguments: string;
  signature?: string;
}

/**
 * IR events as a Responses stream: every item, part and text is opened, fed and closed, each event has the next number,
 * and the last one holds the whole answer:
 *
 *     response.created, response.in_progress
 *     output_item.added → content_part.added → output_text.delta … → .done, in turn
 *     response.completed | response.incomplete | response.failed
 *
 * Calls may be open beside other items, since providers interleave parallel ones; a call is closed when its arguments are
 * complete and something else begins. Only choice 0 is written: callers of this dialect can't ask for more.
 */
export class ResponsesStreamFormatter implements StreamFormatter {
  readonly #context: AnswerContext;
  #head: ResponseHead | null = null;
  readonly #writer = new EventWriter();
  readonly #output: JsonObject[] = [];
  #message: OpenMessage | null = null;
  #reasoning: OpenReasoning | null = null;
  readonly #calls = new Map<number, OpenCall>();
  #outputCount = 0;
  #refused = false;
  /** Characters of text so far. */
  #said = 0;
  #finish: FinishReason = "stop";
  #usage: Usage | undefined;

  constructor(context: AnswerContext) {
    this.#context = context;
  }

  push(event: ChatEvent): string {
    if ("choice" in event && event.choice !== 0) return "";
    this.#take(event);
    return this.#writer.take();
  }

  fail(error: GatewayError): string {
    this.#fail(error);
    return this.#writer.take();
  }

  /** `response.failed` for those who follow the answer, and `error`, on which OpenAI's clients raise. */
  #fail(error: GatewayError): void {
    const { message } = error;
    const code = error.status === 429 ? "rate_limit_exceeded" : "server_error";
    this.#sendResponse("response.failed", { status: "failed", error: { code, message } });
    this.#writer.foreign((number) => errorEvent(error, this.#context.requestId, number));
  }

  #take(event: ChatEvent): void {
    switch (event.type) {
      case "start":
        this.#usage = event.usage;
        this.#begin(event.id, event.createdAt);
        return;
      case "text":
        if (event.text !== "" || event.logprobs !== undefined) {
          this.#openMessage().text(event.text, logprobsOf(event.logprobs));
          this.#said += event.text.length;
        }
        return;
      case "citation":
        // What was said is closed where something else has begun: too late to say where it is from.
        this.#message?.citation(event.citation);
        return;
      case "refusal":
        this.#refused = true;
        this.#openMessage().refusal(event.text);
        return;
      case "thinking":
        if (event.text !== "") this.#openReasoning().text(event.text);
        return;
      case "thinking_signature":
        this.#endReasoning(event.signature, event.redacted);
        return;
      case "tool_call_start":
        this.#startCall(event);
        return;
      case "tool_call_delta":
        this.#callDelta(event.index, event.arguments);
        return;
      case "finish":
        this.#finish = event.reason;
        this.#closeAll(event.reason === "length" || event.reason === "content_filter");
        return;
      case "usage":
        this.#usage = event.usage;
        return;
      case "error": {
        const { failure } = event;
        const details = { status: failure.status, provider: failure };
        this.#fail(new GatewayError("provider_error", failure.message, details));
        return;
      }
      case "end": {
        this.#closeAll(false);
        const state = stateOf(this.#finish, this.#refused);
        this.#sendResponse(`response.${state.status}`, state);
      }
    }
  }

  #begin(id: string, createdAt: number | undefined): ResponseHead {
    this.#head = responseHead(id, createdAt, this.#context);
    this.#sendResponse("response.created", { status: "in_progress" });
    this.#sendResponse("response.in_progress", { status: "in_progress" });
    return this.#head;
  }

  #sendResponse(type: string, state: ResponseState): void {
    const head = this.#head ?? responseHead("", undefined, this.#context);
    // Usage is final at the end alone.
    const usage = state.status === "in_progress" ? undefined : this.#usage;
    this.#writer.event(type, { response: responseObject(head, this.#context, state, this.#output, usage) });
  }

  #nextItem(prefix: "msg" | "rs" | "fc"): { outputIndex: number; id: string } {
    const head = this.#head ?? this.#begin("", undefined);
    const outputIndex = this.#outputCount;
    this.#outputCount += 1;
    return { outputIndex, id: itemId(head, prefix, outputIndex) };
  }

  #openMessage(): OpenMessage {
    if (this.#message === null) {
      this.#closeReasoning();
      this.#closeCompleteCalls();
      const { outputIndex, id } = this.#nextItem("msg");
      this.#message = new OpenMessage(outputIndex, id, this.#said, this.#writer);
    }
    return this.#message;
  }

  #openReasoning(): OpenReasoning {
    if (this.#reasoning === null) {
      this.#closeMessage(false);
      this.#closeCompleteCalls();
      const { outputIndex, id } = this.#nextItem("rs");
      this.#reasoning = new OpenReasoning(outputIndex, id, this.#writer);
    }
    return this.#reasoning;
  }

  #endReasoning(signature: string | undefined, redacted: string | undefined): void {
    if (signature === undefined && redacted === undefined) return;
    // An opaque block stands for itself.
    if (redacted !== undefined) this.#closeReasoning();
    this.#openReasoning();
    this.#closeReasoning(signature, redacted);
  }

  #startCall(event: Extract<ChatEvent, { type: "tool_call_start" }>): void {
    this.#closeReasoning();
    this.#closeMessage(false);
    this.#closeCompleteCalls();
    const { outputIndex, id } = this.#nextItem("fc");
    const deltaPlace = placeOf({ item_id: id, output_index: outputIndex });
    const call: OpenCall = { outputIndex, deltaPlace, itemId: id, id: event.id, name: event.name, arguments: "" };
    if (event.signature !== undefined) call.signature = event.signature;
    this.#calls.set(event.index, call);
    const item = functionCallItem(id, call, "in_progress");
    this.#writer.event("response.output_item.added", { output_index: outputIndex, item });
  }

  #callDelta(index: number, delta: string): void {
    const call = this.#calls.get(index);
    if (call === undefined || delta === "") return;
    call.arguments += delta;
    this.#writer.delta("response.function_call_arguments.delta", call.deltaPlace, delta);
  }

  #closeCompleteCalls(): void {
    for (const [index, call] of this.#calls) {
      if (tryParseJson(call.arguments) !== undefined) this.#closeCall(index, call, false);
    }
  }

  #closeCall(index: number, call: OpenCall, incomplete: boolean): void {
    // The IR's arguments are the text of an object; a call without any sends none.
    if (call.arguments === "" && !incomplete) this.#callDelta(index, "{}");
    this.#calls.delete(index);
    const { outputIndex, itemId: id, name } = call;
    this.#writer.event("response.function_call_arguments.done", {
      item_id: id,
      output_index: outputIndex,
      name,
      arguments: call.arguments,
    });
    const cut = incomplete && tryParseJson(call.arguments) === undefined;
    this.#done(outputIndex, functionCallItem(id, call, cut ? "incomplete" : "completed"));
  }

  #closeMessage(incomplete: boolean): void {
    if (this.#message === null) return;
    this.#done(this.#message.outputIndex, this.#message.close(incomplete ? "incomplete" : "completed"));
    this.#message = null;
  }

  #closeReasoning(signature?: string, redacted?: string): void {
    if (this.#reasoning === null) return;
    this.#done(this.#reasoning.outputIndex, this.#reasoning.close(signature, redacted));
    this.#reasoning = null;
  }

  #closeAll(incomplete: boolean): void {
    this.#closeReasoning();
    this.#closeMessage(incomplete);
    for (const [index, call] of this.#calls) this.#closeCall(index, call, incomplete);
  }

  #done(outputIndex: number, item: JsonObject): void {
    this.#writer.event("response.output_item.done", { output_index: outputIndex, item });
    this.#output[outputIndex] = item;
  }
}
