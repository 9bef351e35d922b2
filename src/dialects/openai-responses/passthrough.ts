import type { SseEvent } from "../../contracts/dialect.ts";
import type { ProviderFailure } from "../../contracts/errors.ts";
import type { Usage } from "../../contracts/ir.ts";
import type { ForeignTraces, Passthrough, UsageWatcher } from "../../contracts/passthrough.ts";
import { isObject } from "../checks.ts";
import { tryParseJson } from "../json.ts";
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

  push(event: SseEvent): boolean {
    const type = event.event || typeOf(event.data);
    this.announces = ANNOUNCEMENTS.has(type);
    // What names no type at all may be a server's way to say that it failed.
    if (type !== "" && !WATCHED_EVENTS.has(type)) return true;
    const data = tryParseJson(event.data);
    if (!isObject(data)) return true;
    const response = isObject(data.response) ? data.response : {};
    if (typeof response.model === "string") this.model = response.model;
    this.usage = readUsage(response.usage) ?? this.usage;
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

/** Annotations of texts with a file that the code interpreter has made. What its container holds is in no Files API. */
export const MADE_FILES: readonly string[] = ["file_path"];

export const responsesPassthrough: Passthrough = {
  foreign,
  madeFiles: { types: MADE_FILES },
  createUsageWatcher: () => new ResponsesUsageWatcher(),
  readUsage(body) {
    if (!isObject(body)) return { usage: null, model: null };
    return {
      usage: readUsage(body.usage) ?? null,
      model: typeof body.model === "string" ? body.model : null,
    };
  },
};
