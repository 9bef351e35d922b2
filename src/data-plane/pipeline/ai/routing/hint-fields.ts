import { scanTopLevel } from "../top-level-fields.ts";

/** Fields of a body that are for the gateway, and are taken out of it before it goes to a provider. */
export const HINT_FIELDS = ["models", "fallbacks"] as const;

const MARKS = HINT_FIELDS.map((field) => Buffer.from(`"${field}"`));

/** Whether a body may have one, written without escapes: cheaper than to look for it. */
export function mayHaveHintFields(body: Buffer): boolean {
  return MARKS.some((mark) => body.includes(mark));
}

/**
 * The body without them, all else as it came; null: the scan can't tell where they are. `model`: to be put in, where the
 * body names none.
 */
export function withoutHintFields(body: Buffer, model: string | null): Buffer | null {
  let text = body.toString("latin1");
  for (const field of HINT_FIELDS) {
    const spans = scanTopLevel(text, [field]);
    if (spans === null) return null;
    const [span] = spans;
    if (span != null) text = cut(text, field, span.start, span.end);
  }
  if (model === null) return Buffer.from(text, "latin1");
  const at = text.indexOf("{") + 1;
  const comma = /^\s*\}/.test(text.slice(at)) ? "" : ",";
  const named = `"model":${JSON.stringify(model)}${comma}`;
  return Buffer.concat([Buffer.from(text.slice(0, at)), Buffer.from(named), Buffer.from(text.slice(at), "latin1")]);
}

/** The same of a parsed body. */
export function withoutHints(body: Readonly<Record<string, unknown>>, model: string | null): Record<string, unknown> {
  const { models: _models, fallbacks: _fallbacks, ...rest } = body;
  return model === null ? rest : { ...rest, model };
}

const COMMA = 0x2c;
const SPACE = 0x20;

/** Takes out `"field": value` with one of its commas. */
function cut(text: string, field: string, valueStart: number, valueEnd: number): string {
  // Between the name and its value there is a colon, and white space.
  const start = text.lastIndexOf(`"${field}"`, valueStart - 1);
  const after = skip(text, valueEnd, 1);
  if (text.charCodeAt(after) === COMMA) return text.slice(0, start) + text.slice(after + 1);
  const before = skip(text, start - 1, -1);
  const from = text.charCodeAt(before) === COMMA ? before : start;
  return text.slice(0, from) + text.slice(valueEnd);
}

function skip(text: string, from: number, step: 1 | -1): number {
  let at = from;
  while (text.charCodeAt(at) <= SPACE) at += step;
  return at;
}
