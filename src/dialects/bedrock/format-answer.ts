import type { AnswerContext } from "../../contracts/dialect.ts";
import { GatewayError } from "../../contracts/errors.ts";
import type { ChatResponse, Citation, FinishReason, Part, ToolCallPart } from "../../contracts/ir.ts";
import { isObject, type JsonObject } from "../checks.ts";
import { tryParseJson } from "../json.ts";
import { citationToWire } from "./citations.ts";
import { formatOf } from "./media.ts";
import { stopReasonToWire, usageToWire } from "./usage.ts";

/**
 * An IR answer as Converse's. Only the first choice is written: callers can't ask for more. `metrics.latencyMs` is part of
 * every answer; it is 0, since who translates knows no clock: the call log has the times.
 */
export function formatChatResponse(response: ChatResponse, _context: AnswerContext): string {
  const choice = response.choices[0];
  const finishReason = choice?.finishReason ?? "other";
  const stopSequence = choice?.stopSequence;
  const content = choice === undefined ? [] : formatContent(choice.content, choice.citations ?? [], finishReason);
  return JSON.stringify({
    metrics: { latencyMs: 0 },
    output: { message: { content, role: "assistant" } },
    stopReason: stopReasonToWire(finishReason),
    usage: usageToWire(response.usage),
    ...(stopSequence === undefined ? {} : { additionalModelResponseFields: { stop_sequence: stopSequence } }),
  });
}

function formatContent(parts: readonly Part[], citations: readonly Citation[], reason: FinishReason): JsonObject[] {
  let start = 0;
  return parts.flatMap((part) => {
    if (part.type !== "text" && part.type !== "refusal") return formatPart(part, reason);
    const blocks = formatText(part.text, start, citations);
    if (part.type === "text") start += part.text.length;
    return blocks;
  });
}

/** Stretches that are cited are blocks of their own. `start`: where the text begins in that of the answer. */
function formatText(text: string, start: number, citations: readonly Citation[]): JsonObject[] {
  const blocks: JsonObject[] = [];
  let at = 0;
  const plain = (end: number) => {
    if (end > at) blocks.push({ text: text.slice(at, end) });
  };
  for (const citation of citations) {
    const [from, to] = [citation.start - start, citation.end - start];
    if (from < at || to > text.length || to <= from) continue;
    plain(from);
    const content = [{ text: text.slice(from, to) }];
    blocks.push({ citationsContent: { content, citations: citation.sources.map(citationToWire) } });
    at = to;
  }
  plain(text.length);
  return blocks;
}

type OtherPart = Exclude<Part, { type: "text" | "refusal" }>;

function formatPart(part: OtherPart, finishReason: FinishReason): JsonObject[] {
  switch (part.type) {
    case "thinking":
      return [{ reasoningContent: part.redacted === undefined ? thought(part) : { redactedContent: part.redacted } }];
    case "tool_call":
      return [{ toolUse: { toolUseId: part.id, name: part.name, input: parseInput(part, finishReason) } }];
    case "image":
    case "file":
    case "audio": {
      if (part.source.kind !== "data") return [];
      const [kind, format] = formatOf(part) ?? [];
      return kind === undefined ? [] : [{ [kind]: { format, source: { bytes: part.source.data } } }];
    }
    case "tool_result":
      return [];
  }
}

function thought({ text, signature }: { text: string; signature?: string }): JsonObject {
  return { reasoningText: { text, ...(signature === undefined ? {} : { signature }) } };
}

/** Arguments cut off by the output limit become `{}`; other broken JSON is an error. */
function parseInput(part: ToolCallPart, finishReason: FinishReason): JsonObject {
  if (part.arguments.trim() === "") return {};
  const value = tryParseJson(part.arguments);
  if (isObject(value)) return value;
  if (finishReason === "length") return {};
  throw new GatewayError(
    "upstream_protocol_error",
    `The model called tool ${JSON.stringify(part.name)} with arguments that are not a JSON object.`,
  );
}
