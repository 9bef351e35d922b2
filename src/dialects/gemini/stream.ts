import type { SseEvent, StreamParser, TargetModel } from "../../contracts/dialect.ts";
import type { ProviderFailure } from "../../contracts/errors.ts";
import type { ChatEvent, Usage } from "../../contracts/ir.ts";
import { isObject, type JsonObject } from "../checks.ts";
import { tryParseJson } from "../json.ts";
import { brokenStream } from "../provider-failure.ts";
import {
  candidateIndex,
  candidatesOf,
  failedAnswer,
  finishReasonFromWire,
  isBlocked,
  isFailure,
  parseLogprobs,
  parseUsage,
  partsOf,
  readFunctionCall,
} from "./answer.ts";
import { citationsFromWire } from "./citations.ts";
import { parseErrorBody } from "./errors.ts";
import { readSignature } from "./signatures.ts";

interface CandidateState {
  toolCalls: number;
  /** Null until the candidate's last piece came. */
  finishReason: unknown;
  finishMessage: unknown;
  hasContent: boolean;
  text: string;
  /** Told so far. */
  citations: number;
}

const NEW_CANDIDATE: CandidateState = {
  toolCalls: 0,
  finishReason: null,
  finishMessage: null,
  hasContent: false,
  text: "",
  citations: 0,
};

/**
 * A `streamGenerateContent?alt=sse` stream as IR events. Each SSE event is a `GenerateContentResponse` with the next
 * parts; function calls come whole; `usageMetadata` comes with every piece and counts what is known so far. There is no
 * end marker: a stream is complete when its body ends and every candidate has given its `finishReason`, so finish, usage
 * and end are told in `finish()`. Media and signatures on texts have no event and are passed over.
 */
export class GeminiStreamParser implements StreamParser {
  readonly #target: TargetModel;
  readonly #candidates = new Map<number, CandidateState>();
  #started = false;
  #responseId = "";
  #usage: Usage | null = null;
  #over = false;

  constructor(target: TargetModel) {
    this.#target = target;
  }

  push(event: SseEvent): ChatEvent[] {
    if (this.#over || event.data === "") return [];
    const data = tryParseJson(event.data);
    const failure = parseErrorBody(data, 500);
    if (failure !== null) return this.#fail(failure);
    if (!isObject(data)) {
      return this.#fail(brokenStream("The provider's stream holds an event that is not a JSON object."));
    }
    return this.#piece(data);
  }

  get usageSoFar(): Usage | null {
    return this.#usage;
  }

  finish(): ChatEvent[] {
    if (this.#over) return [];
    const states = [...this.#candidates.values()];
    if (states.length === 0 || states.some((state) => state.finishReason === null)) {
      return this.#fail(brokenStream("The provider's stream broke off before its end."));
    }
    const [first] = states;
    if (first !== undefined && states.every((state) => !state.hasContent)) {
      if (isFailure(first.finishReason)) return this.#fail(failedAnswer(first.finishReason, first.finishMessage));
    }
    this.#over = true;
    const events: ChatEvent[] = [];
    for (const [choice, state] of this.#candidates) {
      events.push({ type: "finish", choice, reason: finishReasonFromWire(state.finishReason, state.toolCalls > 0) });
    }
    if (this.#usage !== null) events.push({ type: "usage", usage: this.#usage });
    events.push({ type: "end" });
    return events;
  }

  #fail(failure: ProviderFailure): ChatEvent[] {
    this.#over = true;
    return [{ type: "error", failure }];
  }

  #piece(data: JsonObject): ChatEvent[] {
    this.#usage = parseUsage(data.usageMetadata) ?? this.#usage;
    const events: ChatEvent[] = [];
    if (!this.#started) {
      this.#started = true;
      this.#responseId = typeof data.responseId === "string" ? data.responseId : "";
      const model = typeof data.modelVersion === "string" ? data.modelVersion : this.#target.model;
      const usage = this.#usage === null ? {} : { usage: this.#usage };
      events.push({ type: "start", id: this.#responseId, model, ...usage });
    }
    for (const candidate of candidatesOf(data)) events.push(...this.#candidate(candidate));
    if (isBlocked(data) && this.#candidates.size === 0) {
      this.#candidates.set(0, { ...NEW_CANDIDATE, finishReason: "SAFETY" });
    }
    return events;
  }

  #candidate(candidate: JsonObject): ChatEvent[] {
    const choice = candidateIndex(candidate);
    const state = this.#candidates.get(choice) ?? { ...NEW_CANDIDATE };
    this.#candidates.set(choice, state);
    if (typeof candidate.finishReason === "string") {
      state.finishReason = candidate.finishReason;
      state.finishMessage = candidate.finishMessage;
    }
    const events = partsOf(candidate).flatMap((part) => this.#part(part, choice, state));
    for (const event of events) if (event.type === "text") state.text += event.text;
    if (events.length > 0) state.hasContent = true;
    // Each piece tells all that is cited so far.
    for (const citation of citationsFromWire(candidate.citationMetadata, state.text).slice(state.citations)) {
      state.citations += 1;
      events.push({ type: "citation", choice, citation });
    }
    const logprobs = parseLogprobs(candidate.logprobsResult);
    if (logprobs !== null) attachLogprobs(events, choice, logprobs);
    return events;
  }

  #part(part: JsonObject, choice: number, state: CandidateState): ChatEvent[] {
    if (isObject(part.functionCall)) {
      const index = state.toolCalls++;
      const call = readFunctionCall(part.functionCall, this.#responseId, choice, index);
      const signature = typeof part.thoughtSignature === "string" ? { signature: part.thoughtSignature } : {};
      return [
        { type: "tool_call_start", choice, index, id: call.id, name: call.name, ...signature },
        { type: "tool_call_delta", choice, index, arguments: call.arguments },
      ];
    }
    if (typeof part.text !== "string") return [];
    const said = part.text === "" ? [] : [part.text];
    if (part.thought !== true) return said.map((text) => ({ type: "text", choice, text }));
    const thoughts = said.map((text): ChatEvent => ({ type: "thinking", choice, text }));
    if (typeof part.thoughtSignature !== "string") return thoughts;
    return [...thoughts, { type: "thinking_signature", choice, ...readSignature(part.thoughtSignature) }];
  }
}

/** The log probabilities of a piece cover all its text: they go with its first text event. */
function attachLogprobs(events: ChatEvent[], choice: number, logprobs: JsonObject): void {
  const text = events.find((event) => event.type === "text");
  if (text === undefined) events.push({ type: "text", choice, text: "", logprobs });
  else text.logprobs = logprobs;
}
