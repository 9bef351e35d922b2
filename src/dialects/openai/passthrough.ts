import type { SseEvent } from "../../contracts/dialect.ts";
import type { ProviderFailure } from "../../contracts/errors.ts";
import type { Usage } from "../../contracts/ir.ts";
import type { ForeignTraces, Passthrough, UsageWatcher } from "../../contracts/passthrough.ts";
import { isObject, type JsonObject } from "../checks.ts";
import { tryParseJson } from "../json.ts";
import { OPENAI_WRAPPING_BYTES, OutputTally } from "../output-tally.ts";
import { isNamedSignature } from "../signatures.ts";
import { parseStreamError } from "./errors.ts";
import { readChunkUsage } from "./usage.ts";

/** Parses only what may matter: of a long answer, the first chunk and the last two or three. */
class OpenaiUsageWatcher implements UsageWatcher {
  announces = true;
  readonly #includeUsage: boolean;
  usage: Usage | null = null;
  model: string | null = null;
  finished = false;
  failure: ProviderFailure | null = null;
  readonly #tally = new OutputTally(OPENAI_WRAPPING_BYTES);

  constructor(includeUsage: boolean) {
    this.#includeUsage = includeUsage;
  }

  push({ data }: SseEvent): boolean {
    if (data.startsWith("[DONE]")) {
      this.finished = true;
      this.announces = false;
      return true;
    }
    if (this.model !== null && !this.announces && !mayMatter(data)) {
      this.#tally.note(data);
      return true;
    }
    const chunk = tryParseJson(data);
    if (!isObject(chunk)) {
      // Empty events, and comments without any data, keep connections alive.
      if (data !== "") this.announces = false;
      return true;
    }
    if (this.announces) this.announces = !holdsSome(chunk);
    return this.#look(chunk, data);
  }

  get untoldTokens(): number {
    return this.#tally.tokens;
  }

  #look(chunk: JsonObject, data: string): boolean {
    if (this.model === null && typeof chunk.model === "string" && chunk.model !== "") this.model = chunk.model;
    const usage = readChunkUsage(chunk);
    if (usage !== undefined) {
      this.usage = usage;
      this.#tally.told();
    } else if (!this.announces) this.#tally.note(data);
    this.failure = parseStreamError(chunk) ?? this.failure;
    const choices: unknown[] = Array.isArray(chunk.choices) ? chunk.choices : [];
    if (choices.some((choice) => isObject(choice) && typeof choice.finish_reason === "string")) this.finished = true;
    return this.#includeUsage || usage === undefined || choices.length > 0;
  }
}

/** Whether a chunk holds more than who is going to speak: the first ones of a stream may not. */
function holdsSome({ choices }: JsonObject): boolean {
  if (!Array.isArray(choices)) return true;
  return choices.some((choice) => {
    if (!isObject(choice) || typeof choice.finish_reason === "string") return true;
    if (!isObject(choice.delta)) return true;
    return Object.entries(choice.delta).some(([name, value]) => name !== "role" && !isNothing(value));
  });
}

function isNothing(value: unknown): boolean {
  return value === null || value === "" || (Array.isArray(value) && value.length === 0);
}

/** Whether one of the watched fields is there and not null. Within strings the quotes are escaped, so they don't match. */
function mayMatter(data: string): boolean {
  return hasValue(data, '"finish_reason"') || hasValue(data, '"usage"') || hasValue(data, '"error"');
}

function hasValue(data: string, quotedName: string): boolean {
  let found = data.indexOf(quotedName);
  while (found !== -1) {
    let position = found + quotedName.length;
    while (isBlank(data.charCodeAt(position))) position += 1;
    if (data[position] === ":") {
      position += 1;
      while (isBlank(data.charCodeAt(position))) position += 1;
      if (!data.startsWith("null", position)) return true;
    }
    found = data.indexOf(quotedName, position);
  }
  return false;
}

/** Space, tab, LF, CR: what JSON allows between tokens. */
function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09 || code === 0x0a || code === 0x0d;
}

/** Thinking that a provider of the Responses API has signed: no server of this dialect can make anything of it. */
const foreign: ForeignTraces = {
  marks: ['"openai-responses:'],
  remove(body) {
    if (!Array.isArray(body.messages)) return body;
    return { ...body, messages: body.messages.map(withoutForeignThinking) };
  },
};

function withoutForeignThinking(message: unknown): unknown {
  if (!isObject(message) || !Array.isArray(message.reasoning_details)) return message;
  if (!message.reasoning_details.some(isForeignDetail)) return message;
  const { reasoning_details: _details, reasoning_content: _content, reasoning: _text, ...own } = message;
  return own;
}

function isForeignDetail(detail: unknown): boolean {
  if (!isObject(detail)) return false;
  return [detail.signature, detail.data].some((value) => typeof value === "string" && isNamedSignature(value));
}

export const openaiPassthrough: Passthrough = {
  foreign,
  createUsageWatcher: (includeUsage) => new OpenaiUsageWatcher(includeUsage),
  readUsage(body) {
    if (!isObject(body)) return { usage: null, model: null };
    return { usage: readChunkUsage(body) ?? null, model: typeof body.model === "string" ? body.model : null };
  },
};
