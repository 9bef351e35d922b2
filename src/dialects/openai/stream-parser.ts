import type { SseEvent, StreamParser, TargetModel } from "../../contracts/dialect.ts";
import type { ProviderFailure } from "../../contracts/errors.ts";
import type { ChatEvent, Usage } from "../../contracts/ir.ts";
import { isObject, type JsonObject } from "../checks.ts";
import { arrayOr, countOf, stringOr, tryParseJson } from "../json.ts";
import { readCitations } from "./citations.ts";
import { parseStreamError } from "./errors.ts";
import { readFinishReason } from "./finish-reason.ts";
import { readContent } from "./parse-answer.ts";
import { readThinkingText } from "./reasoning.ts";
import { ToolCallAssembler } from "./tool-call-assembler.ts";
import { toolCallIdPrefix } from "./tool-calls.ts";
import { readChunkUsage } from "./usage.ts";

interface ChoiceState {
  toolCalls: ToolCallAssembler;
  refused: boolean;
  /** Thinking that no signature was given for yet. */
  thinking: string;
  /** As the wire says it; null until then. */
  finishReason: string | null;
}

/**
 * Reads `chat.completion.chunk` streams of OpenAI and of compatible servers, which differ in where usage stands, how
 * tool calls are numbered and how the stream ends. So `finish` and `usage` are held until the end: at `[DONE]`, or at the
 * end of the body once every choice had its finish reason. A body that ends before was cut.
 */
export class OpenaiStreamParser implements StreamParser {
  readonly #target: TargetModel;
  readonly #choices = new Map<number, ChoiceState>();
  #id = "";
  #started = false;
  #over = false;
  #usage: Usage | null = null;

  constructor(target: TargetModel) {
    this.#target = target;
  }

  push(event: SseEvent): ChatEvent[] {
    if (this.#over || event.data === "") return [];
    if (event.data.startsWith("[DONE]")) return this.#started ? this.#end() : this.#fail(endedEarly());
    const chunk = tryParseJson(event.data);
    if (!isObject(chunk)) return this.#fail(unreadable(event.data));
    const failure = parseStreamError(chunk);
    if (failure !== null) return this.#fail(failure);
    return this.#readChunk(chunk);
  }

  finish(): ChatEvent[] {
    if (this.#over) return [];
    const states = [...this.#choices.values()];
    const whole = states.length > 0 && states.every((state) => state.finishReason !== null);
    return whole ? this.#end() : this.#fail(endedEarly());
  }

  #readChunk(chunk: JsonObject): ChatEvent[] {
    const events: ChatEvent[] = [];
    if (!this.#started) events.push(this.#start(chunk));
    this.#usage = readChunkUsage(chunk) ?? this.#usage;
    for (const choice of arrayOr(chunk.choices)) {
      if (isObject(choice)) this.#readChoice(choice, events);
    }
    return events;
  }

  #start(chunk: JsonObject): ChatEvent {
    this.#started = true;
    this.#id = stringOr(chunk.id, "");
    const createdAt = countOf(chunk.created);
    const start = { type: "start", id: this.#id, model: stringOr(chunk.model, "") || this.#target.model } as const;
    return createdAt === undefined ? start : { ...start, createdAt };
  }

  #readChoice(wire: JsonObject, events: ChatEvent[]): void {
    const choice = countOf(wire.index) ?? 0;
    let state = this.#choices.get(choice);
    if (state === undefined) {
      const toolCalls = new ToolCallAssembler(choice, toolCallIdPrefix(this.#id, choice));
      state = { toolCalls, refused: false, thinking: "", finishReason: null };
      this.#choices.set(choice, state);
    }
    if (isObject(wire.delta)) readDelta(wire.delta, wire.logprobs, choice, state, events);
    if (typeof wire.finish_reason === "string" && wire.finish_reason !== "") state.finishReason = wire.finish_reason;
  }

  #end(): ChatEvent[] {
    this.#over = true;
    const events: ChatEvent[] = [];
    for (const [choice, state] of this.#choices) {
      const reason = readFinishReason(state.finishReason, state.toolCalls.count > 0, state.refused);
      events.push({ type: "finish", choice, reason });
    }
    if (this.#usage !== null) events.push({ type: "usage", usage: this.#usage });
    events.push({ type: "end" });
    return events;
  }

  #fail(failure: ProviderFailure): ChatEvent[] {
    this.#over = true;
    const usage: ChatEvent[] = this.#usage === null ? [] : [{ type: "usage", usage: this.#usage }];
    return [...usage, { type: "error", failure }];
  }
}

function readDelta(
  delta: JsonObject,
  logprobs: unknown,
  choice: number,
  state: ChoiceState,
  events: ChatEvent[],
): void {
  readThinkingDelta(delta, choice, state, events);
  if (typeof delta.content === "string") {
    if (logprobs !== undefined && logprobs !== null) {
      events.push({ type: "text", choice, text: delta.content, logprobs });
    } else if (delta.content !== "") {
      events.push({ type: "text", choice, text: delta.content });
    }
  } else {
    for (const part of readContent(delta.content)) {
      if (part.type === "text" || part.type === "thinking") events.push({ type: part.type, choice, text: part.text });
    }
  }
  if (delta.annotations !== undefined) {
    for (const citation of readCitations(delta.annotations, "")) events.push({ type: "citation", choice, citation });
  }
  if (typeof delta.refusal === "string" && delta.refusal !== "") {
    state.refused = true;
    events.push({ type: "refusal", choice, text: delta.refusal });
  }
  for (const call of arrayOr(delta.tool_calls)) {
    if (isObject(call)) state.toolCalls.push(call, events);
  }
  if (isObject(delta.function_call)) state.toolCalls.push({ index: 0, function: delta.function_call }, events);
}

/**
 * Text, and the signature or encrypted block that OpenRouter's `reasoning_details` bring. A signature may come with the text of
 * its whole block, which was sent already then.
 */
function readThinkingDelta(delta: JsonObject, choice: number, state: ChoiceState, events: ChatEvent[]): void {
  const text = readThinkingText(delta);
  let detailText = "";
  const signatures: ChatEvent[] = [];
  for (const detail of arrayOr(delta.reasoning_details)) {
    if (!isObject(detail)) continue;
    const { type, text: blockText, signature, data } = detail;
    if (type === "reasoning.text" && typeof blockText === "string") detailText += blockText;
    if (type === "reasoning.text" && typeof signature === "string" && signature !== "") {
      signatures.push({ type: "thinking_signature", choice, signature });
    }
    if (type === "reasoning.encrypted" && typeof data === "string") {
      signatures.push({ type: "thinking_signature", choice, redacted: data });
    }
  }
  const isRepeated = signatures.length > 0 && detailText === state.thinking;
  // Both say the same where both are there.
  const thinking = text === "" && !isRepeated ? detailText : text;
  if (thinking !== "") events.push({ type: "thinking", choice, text: thinking });
  state.thinking = signatures.length > 0 ? "" : state.thinking + thinking;
  events.push(...signatures);
}

export function endedEarly(): ProviderFailure {
  return failure("stream_ended_early", "The provider's stream ended before the answer was complete.");
}

function unreadable(data: string): ProviderFailure {
  return failure(
    "invalid_stream",
    `The provider's stream holds an event that is not JSON (${data.length} characters).`,
  );
}

function failure(type: string, message: string): ProviderFailure {
  return { status: 502, type, code: null, param: null, message, retryAfterMs: null };
}
