import type { AnswerContext } from "../../contracts/dialect.ts";
import type { ChatResponse, Choice, FinishReason, Part, Usage } from "../../contracts/ir.ts";
import { extraFields, isObject, type JsonObject } from "../checks.ts";
import { opaqueFields } from "../foreign.ts";
import { arrayOr, tryParseJson } from "../json.ts";
import { citationsToWire } from "./citations.ts";
import { writeSignature } from "./signatures.ts";

/** An IR answer as a `GenerateContentResponse`. Files that another provider holds have no part here. */
export function formatChatResponse(response: ChatResponse, context: AnswerContext): string {
  return JSON.stringify({
    candidates: response.choices.map(formatChoice),
    ...(response.usage === undefined ? {} : { usageMetadata: usageToWire(response.usage) }),
    modelVersion: context.model,
    responseId: response.id === "" ? context.requestId : response.id,
    ...extraFields(response.extra, "gemini"),
  });
}

function formatChoice(choice: Choice): JsonObject {
  const parts = choice.content.flatMap(formatPart);
  const candidate: JsonObject = {
    ...(parts.length === 0 ? {} : { content: { parts, role: "model" } }),
    finishReason: finishReasonToWire(choice.finishReason),
    index: choice.index,
  };
  const logprobs = logprobsToWire(choice.logprobs);
  return {
    ...candidate,
    ...citationsToWire(choice.citations ?? []),
    ...logprobs,
    ...extraFields(choice.extra, "gemini"),
  };
}

function formatPart(part: Part): JsonObject[] {
  switch (part.type) {
    case "text": {
      const opaque = opaqueFields(part.extra, "gemini");
      if (opaque !== undefined) return [withoutType(opaque)];
      const fields = extraFields(part.extra, "gemini");
      return part.text === "" && fields === undefined ? [] : [{ text: part.text, ...fields }];
    }
    case "refusal":
      return part.text === "" ? [] : [{ text: part.text }];
    case "thinking": {
      const thoughtSignature = writeSignature(part);
      return [thoughtPart(part.text, thoughtSignature)];
    }
    case "tool_call":
      return [callPart(part.id, part.name, part.arguments, part.signature)];
    case "image":
    case "audio":
    case "file":
      return part.source.kind === "data"
        ? [{ inlineData: { mimeType: part.source.mediaType, data: part.source.data } }]
        : part.source.kind === "url"
          ? [{ fileData: { fileUri: part.source.url } }]
          : [];
    case "tool_result":
      return [];
  }
}

export function thoughtPart(text: string, thoughtSignature: string | undefined): JsonObject {
  return { text, thought: true, ...(thoughtSignature === undefined ? {} : { thoughtSignature }) };
}

/** Arguments that are no object (a model's mistake, or the output limit) go where a reader can see them. */
export function callPart(id: string, name: string, text: string, signature: string | undefined): JsonObject {
  const args = text.trim() === "" ? {} : tryParseJson(text);
  return {
    functionCall: { id, name, args: isObject(args) ? args : { arguments: text } },
    ...(signature === undefined ? {} : { thoughtSignature: signature }),
  };
}

/** A wire object that was kept whole, without the mark that tells so. */
export function withoutType({ type: _type, ...fields }: Record<string, unknown>): JsonObject {
  return fields;
}

const FINISH_REASONS: Record<FinishReason, string> = {
  stop: "STOP",
  stop_sequence: "STOP",
  length: "MAX_TOKENS",
  // Gemini ends with STOP whether it answered or called functions.
  tool_calls: "STOP",
  content_filter: "SAFETY",
  refusal: "SAFETY",
  pause: "OTHER",
  error: "OTHER",
  other: "OTHER",
};

export function finishReasonToWire(reason: FinishReason): string {
  return FINISH_REASONS[reason];
}

/** Thoughts are counted apart from what the candidates say. */
export function usageToWire(usage: Usage): JsonObject {
  const { inputTokens, outputTokens, cachedInputTokens, reasoningTokens = 0 } = usage;
  return {
    promptTokenCount: inputTokens,
    candidatesTokenCount: Math.max(0, outputTokens - reasoningTokens),
    totalTokenCount: inputTokens + outputTokens,
    ...(cachedInputTokens === undefined ? {} : { cachedContentTokenCount: cachedInputTokens }),
    ...(usage.reasoningTokens === undefined ? {} : { thoughtsTokenCount: reasoningTokens }),
  };
}

/** OpenAI's `logprobs` object, which is the IR's form, as `logprobsResult`, and the average. */
export function logprobsToWire(logprobs: unknown): JsonObject {
  const tokens = isObject(logprobs) ? arrayOr(logprobs.content).filter(isObject) : [];
  if (tokens.length === 0) return {};
  const sum = tokens.reduce((total, { logprob }) => total + (typeof logprob === "number" ? logprob : 0), 0);
  return {
    avgLogprobs: sum / tokens.length,
    logprobsResult: {
      topCandidates: tokens.map((token) => ({
        candidates: arrayOr(token.top_logprobs).filter(isObject).map(tokenToWire),
      })),
      chosenCandidates: tokens.map(tokenToWire),
    },
  };
}

function tokenToWire({ token, logprob }: JsonObject): JsonObject {
  return { token, logProbability: logprob };
}
