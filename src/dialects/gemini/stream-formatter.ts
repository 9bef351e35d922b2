import type { AnswerContext, StreamFormatter } from "../../contracts/dialect.ts";
import type { ChatEvent, FinishReason, Usage } from "../../contracts/ir.ts";
import type { JsonObject } from "../checks.ts";
import { formatSse } from "../sse/format.ts";
import { citationsToWire } from "./citations.ts";
import { formatStreamFailure } from "./errors.ts";
import { callPart, finishReasonToWire, logprobsToWire, thoughtPart, usageToWire } from "./format-answer.ts";
import { writeSignature } from "./signatures.ts";

interface OpenCall {
  id: string;
  name: string;
  signature: string | undefined;
  arguments: string;
}

/**
 * IR events as a stream of `GenerateContentResponse`. A function call comes whole, so its arguments are gathered until the
 * candidate goes on to something else or ends. Finish reasons wait for the end: they come with the usage, in the last event,
 * as a reader of this dialect expects it.
 */
export class GeminiStreamFormatter implements StreamFormatter {
  readonly #context: AnswerContext;
  /** What every event ends with. */
  #tail: JsonObject;
  /** By candidate, in the order of their start; within one by the call's index. */
  readonly #calls = new Map<number, Map<number, OpenCall>>();
  readonly #finished = new Map<number, FinishReason>();
  #usage: Usage | undefined;

  constructor(context: AnswerContext) {
    this.#context = context;
    this.#tail = { modelVersion: context.model, responseId: context.requestId };
  }

  push(event: ChatEvent): string {
    switch (event.type) {
      case "start":
        if (event.id !== "") this.#tail = { ...this.#tail, responseId: event.id };
        this.#usage = event.usage;
        return "";
      case "text":
        return this.#text(event.choice, event.text, event.logprobs);
      case "refusal":
        return this.#text(event.choice, event.text, undefined);
      case "thinking":
        return event.text === "" ? "" : this.#parts(event.choice, [thoughtPart(event.text, undefined)]);
      case "thinking_signature":
        return this.#parts(event.choice, [thoughtPart("", writeSignature(event))]);
      case "citation": {
        const told = citationsToWire([event.citation]);
        return Object.keys(told).length === 0 ? "" : this.#write({ candidates: [{ index: event.choice, ...told }] });
      }
      case "tool_call_start":
        this.#callsOf(event.choice).set(event.index, {
          id: event.id,
          name: event.name,
          signature: event.signature,
          arguments: "",
        });
        return "";
      case "tool_call_delta": {
        const call = this.#calls.get(event.choice)?.get(event.index);
        if (call !== undefined) call.arguments += event.arguments;
        return "";
      }
      case "finish":
        this.#finished.set(event.choice, event.reason);
        return this.#parts(event.choice, []);
      case "usage":
        this.#usage = event.usage;
        return "";
      case "error":
        return formatStreamFailure(event.failure, this.#context.requestId);
      case "end":
        return this.#end();
    }
  }

  #callsOf(choice: number): Map<number, OpenCall> {
    let calls = this.#calls.get(choice);
    if (calls === undefined) {
      calls = new Map();
      this.#calls.set(choice, calls);
    }
    return calls;
  }

  #text(choice: number, text: string, logprobs: unknown): string {
    const told = logprobsToWire(logprobs);
    const hasLogprobs = Object.keys(told).length > 0;
    return text === "" && !hasLogprobs ? "" : this.#parts(choice, [{ text }], told);
  }

  /** Parts of a candidate, after the calls that are complete now. */
  #parts(index: number, parts: JsonObject[], fields: JsonObject = {}): string {
    const calls = this.#calls.get(index);
    if (calls === undefined && parts.length === 0) return "";
    this.#calls.delete(index);
    const whole = [...(calls?.values() ?? [])].map((call) =>
      callPart(call.id, call.name, call.arguments, call.signature),
    );
    return this.#write({ candidates: [{ content: { parts: [...whole, ...parts], role: "model" }, index, ...fields }] });
  }

  #end(): string {
    const candidates = [...this.#finished].map(([index, reason]) => ({
      content: { parts: [{ text: "" }], role: "model" },
      finishReason: finishReasonToWire(reason),
      index,
    }));
    return this.#write({
      candidates,
      ...(this.#usage === undefined ? {} : { usageMetadata: usageToWire(this.#usage) }),
    });
  }

  #write(fields: JsonObject): string {
    return formatSse("", JSON.stringify({ ...fields, ...this.#tail }));
  }
}
