import type {
  FilePart,
  ImagePart,
  Message,
  Part,
  Role,
  TextPart,
  ToolResultPart,
  Untranslatable,
} from "../../contracts/ir.ts";
import {
  asNonEmptyString,
  asObject,
  asOneOf,
  fieldPath,
  invalid,
  type JsonObject,
  optionalString,
  requiredNonEmptyString,
  requiredString,
  takeExtra,
  wrongType,
} from "../checks.ts";
import { readSignature } from "../openai/tool-calls.ts";
import { parseContent } from "./parse-content.ts";
import { parseReasoning } from "./reasoning.ts";

const ROLES = ["user", "assistant", "system", "developer"] as const;
const MESSAGE_FIELDS = new Set(["type", "role", "content", "id", "status"]);
const CALL_FIELDS = new Set(["type", "call_id", "name", "arguments", "id", "status", "extra_content"]);
const OUTPUT_FIELDS = new Set(["type", "call_id", "output", "id", "status"]);

/**
 * `instructions` and `input` as messages. Of what a model wrote, each text, call and block of reasoning is an item of its
 * own here; items of the assistant's in a row are one turn, since other dialects want parallel calls together. Ids and
 * states of items are the API's own bookkeeping, and dropped.
 */
export class InputReader {
  readonly messages: Message[] = [];
  readonly #untranslatable: Untranslatable[];
  /** Names by call id, for the outputs that follow. */
  readonly #toolNames = new Map<string, string>();

  constructor(untranslatable: Untranslatable[]) {
    this.#untranslatable = untranslatable;
  }

  instructions(value: unknown): void {
    if (value === undefined || value === null || value === "") return;
    if (typeof value !== "string") throw wrongType("instructions", "a string", value);
    this.#push("system", [{ type: "text", text: value }], ["instructions"]);
  }

  input(value: unknown): void {
    if (typeof value === "string") {
      this.#push("user", [{ type: "text", text: value }], ["input"]);
      return;
    }
    if (!Array.isArray(value)) throw wrongType("input", "a string or an array of items", value);
    for (const [index, item] of value.entries()) this.#item(asObject(item, `input[${index}]`), `input[${index}]`);
  }

  #item(item: JsonObject, path: string): void {
    // A message may leave its type out.
    const type = optionalString(item, "type", path) ?? (item.role === undefined ? "" : "message");
    switch (type) {
      case "message":
        this.#message(item, path);
        return;
      case "function_call":
        this.#functionCall(item, path);
        return;
      case "function_call_output":
        this.#functionCallOutput(item, path);
        return;
      case "reasoning":
        this.#assistant(parseReasoning(item), path);
        return;
      case "":
        throw invalid(fieldPath(path, "type"), "is required, but for messages.");
      default:
        // What OpenAI's own tools leave behind, and references to what OpenAI has stored.
        this.#untranslatable.push({ dialect: "openai-responses", param: path });
        this.messages.push({ role: "user", content: [], extra: { dialect: "openai-responses", fields: item } });
    }
  }

  #message(item: JsonObject, path: string): void {
    const role = asOneOf(item.role, fieldPath(path, "role"), ROLES);
    const { parts, paths } = parseContent(item.content, fieldPath(path, "content"), this.#untranslatable);
    const extra = takeExtra("openai-responses", item, MESSAGE_FIELDS);
    if (role === "assistant") {
      for (const [index, part] of parts.entries()) {
        // Other dialects refuse empty text.
        if (part.type !== "text" || part.text !== "" || part.extra !== undefined)
          this.#assistant(part, paths[index] ?? path);
      }
      return;
    }
    if (parts.length === 0) throw invalid(fieldPath(path, "content"), "must hold at least one content part.");
    const message = this.#push(role, parts, paths);
    if (extra !== undefined) message.extra = extra;
  }

  #functionCall(item: JsonObject, path: string): void {
    const id = requiredNonEmptyString(item, "call_id", path);
    const name = requiredNonEmptyString(item, "name", path);
    const text = requiredString(item, "arguments", path);
    this.#toolNames.set(id, name);
    const part: Part = { type: "tool_call", id, name, arguments: text.trim() === "" ? "{}" : text };
    const signature = readSignature(item);
    if (signature !== undefined) part.signature = signature;
    const extra = takeExtra("openai-responses", item, CALL_FIELDS);
    if (extra !== undefined) part.extra = extra;
    // A function of a namespace goes by a name that only this dialect has.
    if (typeof item.namespace === "string") {
      this.#untranslatable.push({ dialect: "openai-responses", param: fieldPath(path, "namespace") });
    }
    this.#assistant(part, path);
  }

  #functionCallOutput(item: JsonObject, path: string): void {
    const toolCallId = asNonEmptyString(item.call_id, fieldPath(path, "call_id"));
    const outputPath = fieldPath(path, "output");
    const content: (TextPart | ImagePart | FilePart)[] = [];
    const { parts, paths } = parseContent(item.output, outputPath, this.#untranslatable);
    for (const [index, part] of parts.entries()) {
      if (part.type !== "text" && part.type !== "image" && part.type !== "file") {
        throw invalid(fieldPath(paths[index] ?? path, "type"), "must be `input_text`, `input_image` or `input_file`.");
      }
      content.push(part);
    }
    const result: ToolResultPart = { type: "tool_result", toolCallId, content };
    const name = this.#toolNames.get(toolCallId);
    if (name !== undefined) result.name = name;
    const extra = takeExtra("openai-responses", item, OUTPUT_FIELDS);
    if (extra !== undefined) result.extra = extra;
    this.#push("tool", [result], [path]);
  }

  #assistant(part: Part, path: string): void {
    const last = this.messages.at(-1);
    if (last?.role !== "assistant") {
      this.#push("assistant", [part], [path]);
      return;
    }
    last.content.push(part);
    last.paths?.push(path);
  }

  #push(role: Role, content: Part[], paths: string[]): Message {
    const message: Message = { role, content, paths };
    this.messages.push(message);
    return message;
  }
}
