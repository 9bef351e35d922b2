import { createHash } from "node:crypto";
import type { TargetModel } from "../../contracts/dialect.ts";
import { GatewayError, type ProviderFailure } from "../../contracts/errors.ts";
import type { ChatResponse, Choice, FinishReason, Part, ThinkingPart, Usage } from "../../contracts/ir.ts";
import { isObject, type JsonObject } from "../checks.ts";
import { citationsFromWire } from "./citations.ts";
import { readSignature } from "./signatures.ts";

/** Whole answers (`GenerateContentResponse`); the pieces of a stream have the same form. */

/**
 * Throws GatewayError `upstream_protocol_error` when the body is not an answer, and `provider_error` when the model failed
 * to give one (see `failedAnswer`).
 */
export function parseChatResponse(body: unknown, target: TargetModel): ChatResponse {
  if (!isObject(body)) throw notAnAnswer();
  const responseId = typeof body.responseId === "string" ? body.responseId : "";
  const candidates = candidatesOf(body);
  const choices = candidates.map((candidate) => parseCandidate(candidate, responseId));
  const failure = failureOf(candidates, choices);
  if (failure !== null) {
    throw new GatewayError("provider_error", failure.message, { status: failure.status, provider: failure });
  }
  if (choices.length === 0) {
    if (!isBlocked(body)) throw notAnAnswer();
    choices.push({ index: 0, content: [], finishReason: "content_filter" });
  }
  const response: ChatResponse = {
    id: responseId,
    model: typeof body.modelVersion === "string" ? body.modelVersion : target.model,
    choices,
  };
  const usage = parseUsage(body.usageMetadata);
  if (usage !== null) response.usage = usage;
  return response;
}

function failureOf(candidates: readonly JsonObject[], choices: readonly Choice[]): ProviderFailure | null {
  const [candidate] = candidates;
  if (candidate === undefined || choices.some((choice) => choice.content.length > 0)) return null;
  return isFailure(candidate.finishReason) ? failedAnswer(candidate.finishReason, candidate.finishMessage) : null;
}

/** Whether an answer with nothing in it failed, ended for this reason. One that is not known is no good end, either. */
export function isFailure(reason: unknown): boolean {
  const isKnown = typeof reason !== "string" || FINISH_REASONS.has(reason) || NO_REASONS.has(reason);
  return !isKnown || finishReasonFromWire(reason, false) === "error";
}

/**
 * An answer with status 200 and nothing in it but MALFORMED_FUNCTION_CALL or the like: the model tried to call a function
 * and Gemini could not read the call. To the caller that is a failure, which another attempt may well heal.
 */
export function failedAnswer(finishReason: unknown, finishMessage: unknown): ProviderFailure {
  const detail = typeof finishMessage === "string" && finishMessage !== "" ? `: ${finishMessage}` : ".";
  return {
    status: 502,
    type: String(finishReason),
    code: null,
    param: null,
    message: `Gemini gave no answer and ended with ${String(finishReason)}${detail}`,
    retryAfterMs: null,
  };
}

function notAnAnswer(): GatewayError {
  return new GatewayError("upstream_protocol_error", "The provider's answer is not a Gemini GenerateContentResponse.");
}

export function candidatesOf(body: JsonObject): JsonObject[] {
  return Array.isArray(body.candidates) ? body.candidates.filter(isObject) : [];
}

/** The first candidate's index is left out, being 0. */
export function candidateIndex(candidate: JsonObject): number {
  return typeof candidate.index === "number" ? candidate.index : 0;
}

export function partsOf(candidate: JsonObject): JsonObject[] {
  const content = candidate.content;
  return isObject(content) && Array.isArray(content.parts) ? content.parts.filter(isObject) : [];
}

/** The prompt was refused: there are no candidates then. */
export function isBlocked(body: JsonObject): boolean {
  return isObject(body.promptFeedback) && typeof body.promptFeedback.blockReason === "string";
}

function parseCandidate(candidate: JsonObject, responseId: string): Choice {
  const index = candidateIndex(candidate);
  const content: Part[] = [];
  let toolCalls = 0;
  for (const part of partsOf(candidate)) {
    const parsed = isObject(part.functionCall)
      ? parseFunctionCall(part, part.functionCall, responseId, index, toolCalls++)
      : parsePart(part);
    if (parsed !== null) appendPart(content, parsed);
  }
  const choice: Choice = { index, content, finishReason: finishReasonFromWire(candidate.finishReason, toolCalls > 0) };
  const said = content.map((part) => (part.type === "text" ? part.text : "")).join("");
  const citations = citationsFromWire(candidate.citationMetadata, said);
  if (citations.length > 0) choice.citations = citations;
  const logprobs = parseLogprobs(candidate.logprobsResult);
  if (logprobs !== null) choice.logprobs = logprobs;
  return choice;
}

/** One text may come in several parts; a reader expects it whole. */
function appendPart(content: Part[], part: Part): void {
  const last = content.at(-1);
  if (part.type === "text" && last?.type === "text" && last.extra === undefined) {
    last.text += part.text;
    if (part.extra !== undefined) last.extra = part.extra;
  } else if (part.type === "thinking" && last?.type === "thinking" && !isSigned(last) && part.redacted === undefined) {
    last.text += part.text;
    if (part.signature !== undefined) last.signature = part.signature;
  } else {
    content.push(part);
  }
}

/** A signature ends a block of thinking. */
function isSigned({ signature, redacted }: ThinkingPart): boolean {
  return signature !== undefined || redacted !== undefined;
}

/** Parts that only Gemini's own tools leave behind (code and its results) are passed over: those tools were not asked for. */
function parsePart(part: JsonObject): Part | null {
  if (typeof part.text === "string") {
    const signature = part.thoughtSignature;
    if (part.thought === true) {
      return { type: "thinking", text: part.text, ...(typeof signature === "string" ? readSignature(signature) : {}) };
    }
    if (typeof signature !== "string") return part.text === "" ? null : { type: "text", text: part.text };
    return { type: "text", text: part.text, extra: { dialect: "gemini", fields: { thoughtSignature: signature } } };
  }
  const media = part.inlineData;
  if (!isObject(media) || typeof media.data !== "string" || typeof media.mimeType !== "string") return null;
  const source = { kind: "data", data: media.data, mediaType: media.mimeType } as const;
  if (media.mimeType.startsWith("audio/")) {
    return { type: "audio", source, format: media.mimeType.slice("audio/".length) };
  }
  return media.mimeType.startsWith("image/") ? { type: "image", source } : { type: "file", source };
}

function parseFunctionCall(
  part: JsonObject,
  call: JsonObject,
  responseId: string,
  choice: number,
  index: number,
): Part {
  const signature = typeof part.thoughtSignature === "string" ? { signature: part.thoughtSignature } : {};
  return { type: "tool_call", ...readFunctionCall(call, responseId, choice, index), ...signature };
}

/** Older models give calls no id: one is made of the answer's id and the call's place, so that it is the same each time. */
export function readFunctionCall(
  call: JsonObject,
  responseId: string,
  choice: number,
  index: number,
): { id: string; name: string; arguments: string } {
  const name = typeof call.name === "string" ? call.name : "";
  const text = JSON.stringify(isObject(call.args) ? call.args : {});
  if (typeof call.id === "string" && call.id !== "") return { id: call.id, name, arguments: text };
  const digest = createHash("sha256")
    .update(JSON.stringify([responseId, choice, index, name, text]))
    .digest("hex");
  return { id: `call_${digest.slice(0, 24)}`, name, arguments: text };
}

const FINISH_REASONS: ReadonlyMap<string, FinishReason> = new Map([
  ["STOP", "stop"],
  ["MAX_TOKENS", "length"],
  // The answer goes on in a further request, which the IR does not know: what there is was cut.
  ["CONTINUATION", "length"],
  ["SAFETY", "content_filter"],
  ["RECITATION", "content_filter"],
  ["LANGUAGE", "content_filter"],
  ["BLOCKLIST", "content_filter"],
  ["PROHIBITED_CONTENT", "content_filter"],
  ["SPII", "content_filter"],
  ["IMAGE_SAFETY", "content_filter"],
  ["IMAGE_PROHIBITED_CONTENT", "content_filter"],
  ["IMAGE_RECITATION", "content_filter"],
  ["MALFORMED_FUNCTION_CALL", "error"],
  ["UNEXPECTED_TOOL_CALL", "error"],
  ["TOO_MANY_TOOL_CALLS", "error"],
]);

/** These don't tell. */
const NO_REASONS = new Set(["OTHER", "FINISH_REASON_UNSPECIFIED"]);

/** Gemini ends with STOP whether it answered or called functions. */
export function finishReasonFromWire(reason: unknown, hasToolCalls: boolean): FinishReason {
  const known = (typeof reason === "string" && FINISH_REASONS.get(reason)) || "other";
  return known === "stop" && hasToolCalls ? "tool_calls" : known;
}

/** `candidatesTokenCount` leaves out the thoughts, `promptTokenCount` what server-side tools fed to the model. */
export function parseUsage(metadata: unknown): Usage | null {
  if (!isObject(metadata)) return null;
  const thoughts = metadata.thoughtsTokenCount;
  const cached = metadata.cachedContentTokenCount;
  const usage: Usage = {
    inputTokens: count(metadata.promptTokenCount) + count(metadata.toolUsePromptTokenCount),
    outputTokens: count(metadata.candidatesTokenCount) + count(thoughts),
  };
  if (typeof cached === "number") usage.cachedInputTokens = count(cached);
  if (typeof thoughts === "number") usage.reasoningTokens = count(thoughts);
  const inputAudio = countOfModality(metadata.promptTokensDetails, "AUDIO");
  const cachedAudio = countOfModality(metadata.cacheTokensDetails, "AUDIO");
  const outputAudio = countOfModality(metadata.candidatesTokensDetails, "AUDIO");
  const inputImage = countOfModality(metadata.promptTokensDetails, "IMAGE");
  const outputImage = countOfModality(metadata.candidatesTokensDetails, "IMAGE");
  if (inputAudio > 0) usage.inputAudioTokens = inputAudio;
  if (cachedAudio > 0) usage.cachedAudioTokens = cachedAudio;
  if (outputAudio > 0) usage.outputAudioTokens = outputAudio;
  if (inputImage > 0) usage.inputImageTokens = inputImage;
  if (outputImage > 0) usage.outputImageTokens = outputImage;
  return usage;
}

/** `[{ modality: "TEXT", tokenCount: 3 }, …]` */
function countOfModality(details: unknown, modality: string): number {
  if (!Array.isArray(details)) return 0;
  return details
    .filter(isObject)
    .reduce((sum, one) => (one.modality === modality ? sum + count(one.tokenCount) : sum), 0);
}

function count(value: unknown): number {
  return typeof value === "number" && value > 0 ? value : 0;
}

/** `logprobsResult` as OpenAI's `logprobs` object, which is the IR's form. */
export function parseLogprobs(result: unknown): JsonObject | null {
  if (!isObject(result) || !Array.isArray(result.chosenCandidates)) return null;
  const top = Array.isArray(result.topCandidates) ? result.topCandidates : [];
  const content = result.chosenCandidates.filter(isObject).map((chosen, index) => {
    const entry: unknown = top[index];
    const others = isObject(entry) && Array.isArray(entry.candidates) ? entry.candidates.filter(isObject) : [];
    return { ...tokenLogprob(chosen), top_logprobs: others.map(tokenLogprob) };
  });
  return { content, refusal: null };
}

function tokenLogprob(candidate: JsonObject): JsonObject {
  const token = typeof candidate.token === "string" ? candidate.token : "";
  return { token, logprob: candidate.logProbability ?? 0, bytes: [...Buffer.from(token, "utf8")] };
}
