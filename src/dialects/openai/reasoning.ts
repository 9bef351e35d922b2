import type { ThinkingPart } from "../../contracts/ir.ts";
import { isObject, type JsonObject } from "../checks.ts";
import { arrayOr } from "../json.ts";

/**
 * Thinking in the openai dialect. OpenAI itself never shows any; compatible servers send plain text as
 * `reasoning_content` (DeepSeek, vLLM, Moonshot) or `reasoning` (OpenRouter, Groq), and OpenRouter the blocks as
 * `reasoning_details`, whose signatures must come back on the next turn.
 */
export function readThinking(message: JsonObject): ThinkingPart[] {
  const parts: ThinkingPart[] = [];
  for (const detail of arrayOr(message.reasoning_details)) {
    const part = isObject(detail) ? readDetail(detail) : null;
    if (part !== null) parts.push(part);
  }
  const text = readThinkingText(message);
  if (parts.length === 0) return text === "" ? [] : [{ type: "thinking", text }];
  // Some clients keep the text of a stream in one field and the signature in the other.
  const signed = parts.filter((part) => part.signature !== undefined);
  if (signed.length === 1 && parts.every((part) => part.text === "")) for (const part of signed) part.text = text;
  return parts;
}

/** The plain text of a message or a delta. */
export function readThinkingText(message: JsonObject): string {
  const content = message.reasoning_content;
  if (typeof content === "string" && content !== "") return content;
  const reasoning = message.reasoning;
  return typeof reasoning === "string" ? reasoning : "";
}

/** `reasoning_content` and, where a block is signed or encrypted, `reasoning_details`. */
export function writeThinking(parts: readonly ThinkingPart[]): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  const text = parts.map((part) => part.text).join("");
  if (text !== "") fields.reasoning_content = text;
  if (parts.some((part) => part.signature !== undefined || part.redacted !== undefined)) {
    fields.reasoning_details = parts.map(writeDetail);
  }
  return fields;
}

export function writeDetail(
  part: Pick<ThinkingPart, "signature" | "redacted"> & { text?: string },
  index: number,
): JsonObject {
  if (part.redacted !== undefined) return { type: "reasoning.encrypted", data: part.redacted, index };
  const detail: JsonObject = { type: "reasoning.text", text: part.text ?? "", index };
  if (part.signature !== undefined) detail.signature = part.signature;
  return detail;
}

function readDetail(detail: JsonObject): ThinkingPart | null {
  const { type, text, signature, data } = detail;
  if (type === "reasoning.encrypted" && typeof data === "string") return { type: "thinking", text: "", redacted: data };
  if (type !== "reasoning.text" || (typeof text !== "string" && typeof signature !== "string")) return null;
  const part: ThinkingPart = { type: "thinking", text: typeof text === "string" ? text : "" };
  if (typeof signature === "string") part.signature = signature;
  return part;
}
