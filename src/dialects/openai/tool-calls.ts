import type { ToolCallPart } from "../../contracts/ir.ts";
import { extraFields, isObject, type JsonObject, takeUnknown } from "../checks.ts";

/** What the wire's `function` tool call holds that the IR knows; `type` is always `function`. */
export const TOOL_CALL_FIELDS = new Set(["id", "type", "index", "function"]);
const FUNCTION_FIELDS = new Set(["name", "arguments"]);

/** Reads what both halves read alike: unknown fields, and the signature Gemini's compatible endpoint puts there. */
export function withToolCallExtras(part: ToolCallPart, call: JsonObject, fn: JsonObject): ToolCallPart {
  const signature = readSignature(call);
  if (signature !== undefined) part.signature = signature;
  const fields = takeUnknown(call, TOOL_CALL_FIELDS) ?? {};
  const unknownFunction = takeUnknown(fn, FUNCTION_FIELDS);
  if (unknownFunction !== undefined) fields.function = unknownFunction;
  if (Object.keys(fields).length > 0) part.extra = { dialect: "openai", fields };
  return part;
}

/** A call of a kind the IR does not know is carried whole in its `extra`, with its `type`. */
export function writeToolCall(part: ToolCallPart): JsonObject {
  const fields = extraFields(part.extra, "openai");
  if (fields?.type !== undefined) return fields;
  const { function: functionFields, ...others } = fields ?? {};
  const fn: JsonObject = { name: part.name, arguments: part.arguments };
  if (isObject(functionFields)) Object.assign(fn, functionFields);
  const signature = part.signature === undefined ? {} : writeSignature(part.signature);
  return { id: part.id, type: "function", function: fn, ...signature, ...others };
}

/**
 * The beginning of ids for calls that came without one: they must differ over a conversation, and OpenAI takes ids of at
 * most 40 characters.
 */
export function toolCallIdPrefix(answerId: string, choice: number): string {
  const tail = answerId.replaceAll(/[^A-Za-z0-9]/g, "").slice(-20);
  return `call_${tail === "" ? Date.now().toString(36) : tail}_${choice}`;
}

/** `extra_content.google.thought_signature`, as in Gemini's "OpenAI compatibility" page. */
export function readSignature(call: JsonObject): string | undefined {
  const content = call.extra_content;
  const google = isObject(content) ? content.google : undefined;
  const signature = isObject(google) ? google.thought_signature : undefined;
  return typeof signature === "string" ? signature : undefined;
}

export function writeSignature(signature: string): JsonObject {
  return { extra_content: { google: { thought_signature: signature } } };
}
