import type { ThinkingPart } from "../../contracts/ir.ts";
import { isObject, type JsonObject } from "../checks.ts";
import { arrayOr, stringOr } from "../json.ts";
import { nameSignature, ownSignature } from "../signatures.ts";

/**
 * Reasoning items, both ways. `encrypted_content` is what a provider wants back on the next turn, and the one field in
 * which callers of this dialect carry such a thing. So
 *
 * - what other providers want back travels in it with a mark of ours, and is told from OpenAI's own by it;
 * - what a provider of this dialect wants back is, to callers of other dialects, a signature that holds the item's id.
 */

const SIGNATURE = "tidegate:signature:";
const REDACTED = "tidegate:redacted:";
/** Thinking without anything to prove it, as servers of open models give it. */
const UNSIGNED = "tidegate:unsigned";

/** Paragraphs of a summary come as parts of their own. */
export const SUMMARY_SEPARATOR = "\n\n";

/** `encrypted_content` for a caller. */
export function sealThinking({ signature, redacted }: Pick<ThinkingPart, "signature" | "redacted">): string {
  if (redacted !== undefined) return REDACTED + redacted;
  if (signature === undefined) return UNSIGNED;
  return unpackSignature(signature)?.encrypted ?? SIGNATURE + signature;
}

/** A caller's reasoning item. One that was made by OpenAI itself becomes thinking that no other dialect sends on. */
export function parseReasoning(item: JsonObject): ThinkingPart {
  const text = readReasoningText(item);
  const encrypted = stringOr(item.encrypted_content, "");
  if (encrypted.startsWith(REDACTED)) return { type: "thinking", text: "", redacted: encrypted.slice(REDACTED.length) };
  if (encrypted.startsWith(SIGNATURE)) return { type: "thinking", text, signature: encrypted.slice(SIGNATURE.length) };
  // Servers of open models send the reasoning itself, and nothing to go with it.
  const isOpen = encrypted === "" && arrayOr(item.content).length > 0;
  if (encrypted === UNSIGNED || isOpen) return { type: "thinking", text };
  return { type: "thinking", text, signature: packSignature(stringOr(item.id, ""), encrypted) };
}

/** A provider's reasoning item, as a part of its answer. */
export function readReasoning(item: JsonObject): ThinkingPart {
  const text = readReasoningText(item);
  return { type: "thinking", text, ...readSeal(item) };
}

/** What has to come back of a provider's reasoning item; one that is Tidegate's own is opened. */
export function readSeal(item: JsonObject): Pick<ThinkingPart, "signature" | "redacted"> {
  const encrypted = stringOr(item.encrypted_content, "");
  if (encrypted === "" || encrypted === UNSIGNED) return {};
  if (encrypted.startsWith(REDACTED)) return { redacted: encrypted.slice(REDACTED.length) };
  if (encrypted.startsWith(SIGNATURE)) return { signature: encrypted.slice(SIGNATURE.length) };
  return { signature: packSignature(stringOr(item.id, ""), encrypted) };
}

/** The item for a provider, or null for thinking that no provider of this dialect gave. */
export function buildReasoning({ text, signature, redacted }: ThinkingPart): JsonObject | null {
  const own = unpackSignature(redacted ?? signature ?? "");
  if (own === null) return null;
  const summary = text === "" ? [] : [summaryPart(text)];
  const item: JsonObject = { type: "reasoning", id: own.id, summary };
  // Without it only the id is left, which refers to what the provider has stored.
  if (own.encrypted !== "") item.encrypted_content = own.encrypted;
  return item;
}

export function summaryPart(text: string): JsonObject {
  return { type: "summary_text", text };
}

/** Whether a request holds reasoning that a provider of this dialect has not made, and so can't read. */
export function isForeignReasoning(item: unknown): boolean {
  return isObject(item) && item.type === "reasoning" && stringOr(item.encrypted_content, "").startsWith("tidegate:");
}

function readReasoningText(item: JsonObject): string {
  const summary = textsOf(item.summary);
  return summary.length > 0 ? summary.join(SUMMARY_SEPARATOR) : textsOf(item.content).join("");
}

function textsOf(parts: unknown): string[] {
  return arrayOr(parts).flatMap((part) => (isObject(part) && typeof part.text === "string" ? [part.text] : []));
}

function packSignature(id: string, encrypted: string): string {
  return nameSignature("openai-responses", `${id}:${encrypted}`);
}

export function unpackSignature(signature: string): { id: string; encrypted: string } | null {
  const own = ownSignature("openai-responses", signature);
  if (own === null) return null;
  const colon = own.indexOf(":");
  return { id: own.slice(0, colon), encrypted: own.slice(colon + 1) };
}
