import { HINT_FIELDS } from "./routing/hint-fields.ts";
import { scanTopLevel, type ValueSpan } from "./top-level-fields.ts";

/** What a request tells of itself without being parsed. */
export interface ScannedRequest {
  /** Text of the fields' values, JSON; null: the field is not there. */
  model: string | null;
  stream: string | null;
  streamOptions: string | null;
  encodingFormat: string | null;
  /** For the gateway: see routing/hint-fields.ts. */
  models: string | null;
  fallbacks: string | null;
  modelSpan: ValueSpan | null;
  streamOptionsSpan: ValueSpan | null;
}

const QUOTE = 0x22;
const FIELDS = ["model", "stream", "stream_options", "encoding_format", ...HINT_FIELDS];

/** Null where the body has to be parsed to know: see scanTopLevel. */
export function scanRequest(bytes: Buffer): ScannedRequest | null {
  const text = bytes.toString("latin1");
  const spans = scanTopLevel(text, FIELDS);
  if (spans === null) return null;
  const [model = null, stream = null, streamOptions = null, encodingFormat = null, models = null, fallbacks = null] =
    spans;
  return {
    model: textOf(bytes, model),
    stream: textOf(bytes, stream),
    streamOptions: textOf(bytes, streamOptions),
    encodingFormat: textOf(bytes, encodingFormat),
    models: textOf(bytes, models),
    fallbacks: textOf(bytes, fallbacks),
    modelSpan: model,
    streamOptionsSpan: streamOptions,
  };
}

function textOf(bytes: Buffer, span: ValueSpan | null): string | null {
  return span === null ? null : bytes.toString("utf8", span.start, span.end);
}

export interface PassthroughEdits {
  /** The target's name for the model. */
  model: string;
  /** Ask for usage in the stream although the caller did not (OpenAI's `stream_options.include_usage`). */
  addUsage: boolean;
}

/**
 * The request of a caller for a provider of the same dialect. Everything but the edited fields goes on byte for byte:
 * unknown fields, number formats, key order.
 */
export function editRequest(bytes: Buffer, scanned: ScannedRequest, edits: PassthroughEdits): Buffer {
  const parts: Part[] = [];
  const model = JSON.stringify(edits.model);
  if (scanned.modelSpan !== null && scanned.model !== model) parts.push({ ...scanned.modelSpan, text: model });
  if (edits.addUsage) {
    if (scanned.streamOptionsSpan === null) {
      const at = bytes.indexOf("{") + 1;
      parts.push({ start: at, end: at, text: '"stream_options":{"include_usage":true},' });
    } else parts.push({ ...scanned.streamOptionsSpan, text: withUsage(parsed(scanned.streamOptions)) });
  }
  return parts.length === 0 ? bytes : splice(bytes, parts);
}

/** For bodies that can't be scanned: names written with escapes or more than once. `body` is what they parse to. */
export function rewriteRequest(body: Readonly<Record<string, unknown>>, edits: PassthroughEdits): Buffer {
  const edited: Record<string, unknown> = { ...body, model: edits.model };
  if (edits.addUsage) edited.stream_options = JSON.parse(withUsage(body.stream_options));
  return Buffer.from(JSON.stringify(edited));
}

interface Part extends ValueSpan {
  text: string;
}

function splice(bytes: Buffer, parts: Part[]): Buffer {
  parts.sort((a, b) => a.start - b.start);
  let length = bytes.length;
  for (const { start, end, text } of parts) length += Buffer.byteLength(text) - (end - start);
  const edited = Buffer.allocUnsafe(length);
  let from = 0;
  let to = 0;
  for (const { start, end, text } of parts) {
    to += bytes.copy(edited, to, from, start);
    to += edited.write(text, to);
    from = end;
  }
  bytes.copy(edited, to, from);
  return edited;
}

function withUsage(options: unknown): string {
  const kept = typeof options === "object" && options !== null && !Array.isArray(options) ? options : {};
  return JSON.stringify({ ...kept, include_usage: true });
}

/** The value of a scanned field; undefined where it is not valid JSON, or not there. */
export function parsed(text: string | null): unknown {
  if (text === null) return undefined;
  if (text === "true") return true;
  if (text === "false") return false;
  if (text.charCodeAt(0) === QUOTE && !text.includes("\\")) return text.slice(1, -1);
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
