import { findTopLevelFields } from "./top-level-fields.ts";

export interface PassthroughEdits {
  /** The target's name for the model. */
  model: string;
  /** Ask for usage in the stream although the caller did not (OpenAI's `stream_options.include_usage`). */
  addUsage: boolean;
}

/**
 * The request of a caller for a provider of the same dialect. Everything but the edited fields goes on byte for byte:
 * unknown fields, number formats, key order. `body` is `bytes`, parsed.
 */
export function editRequest(bytes: Buffer, body: Readonly<Record<string, unknown>>, edits: PassthroughEdits): Buffer {
  const parts: { start: number; end: number; text: string }[] = [];
  if (body.model !== edits.model) {
    const spans = findTopLevelFields(bytes, "model");
    const span = spans[0];
    if (spans.length !== 1 || span === undefined) return rewritten(body, edits);
    parts.push({ ...span, text: JSON.stringify(edits.model) });
  }
  if (edits.addUsage) {
    const spans = findTopLevelFields(bytes, "stream_options");
    const span = spans[0];
    if (spans.length > 1 || (span === undefined && "stream_options" in body)) return rewritten(body, edits);
    if (span === undefined) {
      const at = bytes.indexOf("{") + 1;
      parts.push({ start: at, end: at, text: '"stream_options":{"include_usage":true},' });
    } else parts.push({ ...span, text: JSON.stringify(withUsage(body.stream_options)) });
  }
  return splice(bytes, parts);
}

function splice(bytes: Buffer, parts: { start: number; end: number; text: string }[]): Buffer {
  if (parts.length === 0) return bytes;
  parts.sort((a, b) => a.start - b.start);
  const pieces: Buffer[] = [];
  let from = 0;
  for (const { start, end, text } of parts) {
    pieces.push(bytes.subarray(from, start), Buffer.from(text));
    from = end;
  }
  pieces.push(bytes.subarray(from));
  return Buffer.concat(pieces);
}

/** For names written with escapes or more than once, where the place to edit is not plain. */
function rewritten(body: Readonly<Record<string, unknown>>, edits: PassthroughEdits): Buffer {
  const edited: Record<string, unknown> = { ...body, model: edits.model };
  if (edits.addUsage) edited.stream_options = withUsage(body.stream_options);
  return Buffer.from(JSON.stringify(edited));
}

function withUsage(options: unknown): object {
  return { ...(typeof options === "object" && options !== null ? options : {}), include_usage: true };
}
