import type { SseEvent } from "../../contracts/dialect.ts";
import type { ProviderFailure } from "../../contracts/errors.ts";
import type { Usage } from "../../contracts/ir.ts";
import type { ForeignTraces, MadeFiles, Passthrough, UsageWatcher } from "../../contracts/passthrough.ts";
import { isObject, type JsonObject } from "../checks.ts";
import { arrayOr, tryParseJson } from "../json.ts";
import { OPENAI_WRAPPING_BYTES, OutputTally } from "../output-tally.ts";
import { isFailure, parseStreamError } from "./errors.ts";
import { isForeignReasoning } from "./reasoning.ts";
import { readUsage } from "./usage.ts";

/** The events worth parsing; deltas, by far the most, are told by their name alone. */
const WATCHED_EVENTS = new Set([
  "response.created",
  "response.completed",
  "response.incomplete",
  "response.failed",
  "error",
]);

/** They come before the model has done anything, and errors of overload and quota after them. */
const ANNOUNCEMENTS = new Set(["response.created", "response.queued", "response.in_progress"]);

/** Streams of this dialect always report usage: every event goes on to the caller. */
class ResponsesUsageWatcher implements UsageWatcher {
  announces = false;
  usage: Usage | null = null;
  model: string | null = null;
  finished = false;
  failure: ProviderFailure | null = null;
  readonly #tally = new OutputTally(OPENAI_WRAPPING_BYTES);

  get untoldTokens(): number {
    return this.#tally.tokens;
  }

  push(event: SseEvent): boolean {
    const type = event.event || typeOf(event.data);
    this.announces = ANNOUNCEMENTS.has(type);
    if (type.endsWith(".delta")) this.#tally.note(event.data);
    // What names no type at all may be a server's way to say that it failed.
    if (type !== "" && !WATCHED_EVENTS.has(type)) return true;
    const data = tryParseJson(event.data);
    if (!isObject(data)) return true;
    const response = isObject(data.response) ? data.response : {};
    if (typeof response.model === "string") this.model = response.model;
    const usage = readUsage(response.usage);
    if (usage !== undefined) {
      this.usage = usage;
      this.#tally.told();
    }
    if (data.type === "response.completed" || data.type === "response.incomplete") this.finished = true;
    if (isFailure(data)) this.failure ??= parseStreamError(data);
    return true;
  }
}

/** Of servers that leave the event's name out: their data begins with the type. "": it does not. */
function typeOf(data: string): string {
  return /^\s*\{\s*"type"\s*:\s*"([^"]*)"/.exec(data)?.[1] ?? "";
}

/** Reasoning of other providers' models, and the signatures that Gemini's calls carry. */
const foreign: ForeignTraces = {
  marks: ['"tidegate:', '"extra_content"'],
  remove(body) {
    if (!Array.isArray(body.input)) return body;
    return { ...body, input: body.input.filter((item) => !isForeignReasoning(item)).map(withoutSignature) };
  },
};

function withoutSignature(item: unknown): unknown {
  if (!isObject(item) || item.extra_content === undefined) return item;
  const { extra_content: _, ...own } = item;
  return own;
}

/** An annotation of a text with a file that the code interpreter has made. What its container holds is in no Files API. */
const MADE_FILE = "file_path";

export const responsesMadeFiles: MadeFiles = {
  marks: [`"${MADE_FILE}"`],
  find(payload) {
    if (!isObject(payload)) return [];
    return annotationsOf(payload).flatMap((annotation) =>
      isObject(annotation) && annotation.type === MADE_FILE && typeof annotation.file_id === "string"
        ? [annotation.file_id]
        : [],
    );
  },
};

/** Of the messages of an answer, or of what an event tells. */
function annotationsOf(payload: JsonObject): unknown[] {
  const ofPart = (part: unknown) => (isObject(part) ? arrayOr(part.annotations) : []);
  const ofItem = (item: unknown) =>
    isObject(item) && item.type === "message" ? arrayOr(item.content).flatMap(ofPart) : [];
  const { type } = payload;
  if (typeof type !== "string") return arrayOr(payload.output).flatMap(ofItem);
  if (type === "response.output_text.annotation.added") return [payload.annotation];
  if (type.startsWith("response.content_part.")) return ofPart(payload.part);
  if (type.startsWith("response.output_item.")) return ofItem(payload.item);
  return isObject(payload.response) ? arrayOr(payload.response.output).flatMap(ofItem) : [];
}

export const responsesPassthrough: Passthrough = {
  foreign,
  madeFiles: responsesMadeFiles,
  createUsageWatcher: () => new ResponsesUsageWatcher(),
  readUsage(body) {
    if (!isObject(body)) return { usage: null, model: null };
    return {
      usage: readUsage(body.usage) ?? null,
      model: typeof body.model === "string" ? body.model : null,
    };
  },
};
