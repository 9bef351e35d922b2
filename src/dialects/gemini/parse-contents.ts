import type { Message, Part, Untranslatable } from "../../contracts/ir.ts";
import { invalid, type JsonObject, optionalOneOf } from "../checks.ts";
import { camelFields, listOf } from "./names.ts";
import { CallIds, parsePart } from "./parse-parts.ts";

/**
 * `systemInstruction` and `contents` as IR messages. Function responses become messages of role `tool`, one each, as other
 * dialects know them; what stands beside them in a turn follows as the user's. Contents of the model in a row are one
 * message: SDKs keep each piece of a stream as a content of its own.
 */
export function parseContents(body: JsonObject, untranslatable: Untranslatable[]): Message[] {
  const messages: Message[] = [];
  const ids = new CallIds();
  if (body.systemInstruction !== undefined && body.systemInstruction !== null) {
    messages.push(parseSystem(body.systemInstruction));
  }
  const contents = listOf(body, "contents") ?? [];
  if (contents.length === 0) throw invalid("contents", "must hold at least one content.");
  for (const [index, value] of contents.entries()) {
    const path = `contents[${index}]`;
    const content = camelFields(value, path);
    const role = optionalOneOf(content, "role", path, ["user", "model", "function"]) ?? "user";
    const parts = partsOf(content).map((part, at): [Part, string] => {
      const partPath = `${path}.parts[${at}]`;
      return [parsePart(part, { path: partPath, content: index, part: at }, ids, untranslatable), partPath];
    });
    if (role === "model") addOfModel(messages, parts);
    else messages.push(...splitResponses(parts));
  }
  return messages;
}

/** Instructions are text alone. */
function parseSystem(value: unknown): Message {
  const content = camelFields(value, "systemInstruction");
  const untranslatable: Untranslatable[] = [];
  const parts = partsOf(content).map((part, at): [Part, string] => {
    const path = `systemInstruction.parts[${at}]`;
    const parsed = parsePart(part, { path, content: 0, part: at }, new CallIds(), untranslatable);
    if (parsed.type !== "text" || untranslatable.length > 0)
      throw invalid(path, "must be text: instructions hold nothing else.");
    return [parsed, path];
  });
  return newMessage("system", parts);
}

function partsOf(content: JsonObject): unknown[] {
  return listOf(content, "parts") ?? [];
}

function addOfModel(messages: Message[], parts: readonly [Part, string][]): void {
  let last = messages.at(-1);
  if (last?.role !== "assistant") {
    last = newMessage("assistant", []);
    messages.push(last);
  }
  for (const [part, path] of parts) {
    if (continues(part, last.content.at(-1))) continue;
    last.content.push(part);
    last.paths?.push(path);
  }
}

/** Pieces of one thought are put together: a streamed one has its signature in the last of them, which is for all of its text. */
function continues(part: Part, last: Part | undefined): boolean {
  if (part.type !== "thinking" || last?.type !== "thinking" || last.extra !== undefined || part.extra !== undefined)
    return false;
  if (last.signature !== undefined || last.redacted !== undefined || part.redacted !== undefined) return false;
  last.text += part.text;
  if (part.signature !== undefined) last.signature = part.signature;
  return true;
}

function splitResponses(parts: readonly [Part, string][]): Message[] {
  const messages: Message[] = [];
  let own: [Part, string][] = [];
  const flush = () => {
    if (own.length > 0) messages.push(newMessage("user", own));
    own = [];
  };
  for (const entry of parts) {
    if (entry[0].type !== "tool_result") own.push(entry);
    else {
      flush();
      messages.push(newMessage("tool", [entry]));
    }
  }
  flush();
  return messages.length === 0 ? [newMessage("user", [])] : messages;
}

function newMessage(role: Message["role"], parts: readonly [Part, string][]): Message {
  return { role, content: parts.map(([part]) => part), paths: parts.map(([, path]) => path) };
}
