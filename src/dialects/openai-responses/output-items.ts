import type { Citation, ImagePart, ThinkingPart, ToolCallPart } from "../../contracts/ir.ts";
import { isObject, type JsonObject } from "../checks.ts";
import { arrayOr } from "../json.ts";
import { pageFields } from "../openai/citations.ts";
import { writeSignature } from "../openai/tool-calls.ts";
import { sealThinking, summaryPart, unpackSignature } from "./reasoning.ts";

/** The items of an answer for a caller; whole answers and streams write the same. */

export type ItemStatus = "in_progress" | "completed" | "incomplete";

export function messageItem(id: string, content: readonly JsonObject[], status: ItemStatus): JsonObject {
  return { id, type: "message", status, role: "assistant", content };
}

export function textPart(
  text: string,
  logprobs: readonly unknown[],
  annotations: readonly JsonObject[] = [],
): JsonObject {
  return { type: "output_text", text, annotations, logprobs };
}

/** Of the pages that it names. Offsets count from `before`, characters of the answer that stand before the part. */
export function annotationsOf(citation: Citation, before: number): JsonObject[] {
  return pageFields(citation, before).map((fields) => ({ type: "url_citation", ...fields }));
}

export function refusalPart(refusal: string): JsonObject {
  return { type: "refusal", refusal };
}

export function reasoningItem(id: string, part: Omit<ThinkingPart, "type">): JsonObject {
  // One part, whatever is in it: providers check that thinking comes back as they wrote it.
  const summary = part.text === "" ? [] : [summaryPart(part.text)];
  const own = unpackSignature(part.signature ?? "");
  return { id: own?.id ?? id, type: "reasoning", summary, encrypted_content: sealThinking(part) };
}

export function functionCallItem(
  id: string,
  call: Pick<ToolCallPart, "id" | "name" | "arguments" | "signature">,
  status: ItemStatus,
): JsonObject {
  const item: JsonObject = {
    id,
    type: "function_call",
    status,
    call_id: call.id,
    name: call.name,
    arguments: call.arguments,
  };
  return call.signature === undefined ? item : Object.assign(item, writeSignature(call.signature));
}

/** As OpenAI gives what its own tool has drawn; an image by reference has no place here. */
export function imageItem(id: string, { source }: ImagePart): JsonObject | null {
  return source.kind === "data"
    ? { id, type: "image_generation_call", status: "completed", result: source.data }
    : null;
}

/** The IR has OpenAI's `logprobs` object of Chat Completions; here it is the list in it. */
export function logprobsOf(logprobs: unknown): unknown[] {
  return isObject(logprobs) ? arrayOr(logprobs.content) : [];
}
