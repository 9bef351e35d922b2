export interface RedactionSettings {
  /** JSON field names whose values are replaced, at any depth, case-insensitive. */
  fields: readonly string[];
  /** Regular expressions whose matches are replaced. */
  patterns: readonly string[];
}

export type Redactor = (text: string) => string;

const REPLACEMENT = "[redacted]";

/**
 * Works on text, not on parsed JSON: kept bodies are cut at a length, and streams are server-sent events with JSON in
 * their lines, so most of what must be redacted would not parse. For the same reason JSON inside JSON strings (the
 * arguments of tool calls) is covered: there every quote is preceded by backslashes, and the value ends at a quote of
 * the same depth.
 *
 * A value that a stream splits over several events has no field name beside it and is left; keep bodies off, or cover
 * it with a pattern, where that matters.
 */
export function createRedactor(settings: RedactionSettings): Redactor {
  const field = fieldPattern(settings.fields);
  const patterns = settings.patterns.map((source) => new RegExp(source, "g"));
  return (text) => {
    let redacted = field === null ? text : redactFields(text, field);
    for (const pattern of patterns) redacted = redacted.replace(pattern, REPLACEMENT);
    return redacted;
  };
}

/** `"name" :`, with any run of backslashes before both quotes: captured, it tells the depth. */
function fieldPattern(fields: readonly string[]): RegExp | null {
  if (fields.length === 0) return null;
  const names = fields.map((name) => name.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&")).join("|");
  return new RegExp(`(\\\\*)"(?:${names})\\1"(?:\\s|\\\\[nrt])*:(?:\\s|\\\\[nrt])*`, "gi");
}

function redactFields(text: string, field: RegExp): string {
  field.lastIndex = 0;
  let redacted = "";
  let copied = 0;
  for (let match = field.exec(text); match !== null; match = field.exec(text)) {
    const backslashes = match[1] ?? "";
    const valueStart = match.index + match[0].length;
    const valueEnd = skipValue(text, valueStart, backslashes.length);
    redacted += `${text.slice(copied, valueStart)}${backslashes}"${REPLACEMENT}${backslashes}"`;
    copied = valueEnd;
    field.lastIndex = valueEnd;
  }
  return copied === 0 ? text : redacted + text.slice(copied);
}

/** Index after the JSON value at `start`; the end of the text when it was cut off within the value. */
function skipValue(text: string, start: number, escapeLength: number): number {
  const isString =
    text[start + escapeLength] === '"' && text.slice(start, start + escapeLength).replace(/\\/g, "") === "";
  if (isString) return skipString(text, start + escapeLength + 1, escapeLength);
  if (text[start] === "{" || text[start] === "[") return skipNested(text, start, escapeLength);
  let index = start;
  while (index < text.length && !/[\s,}\]"\\]/.test(text.charAt(index))) index++;
  return index;
}

/**
 * `start` is the index after the opening quote. A quote closes a string of nesting depth n (its quotes carry
 * 2^n - 1 backslashes) when, each level halving the run of backslashes before it, an even number is left.
 */
function skipString(text: string, start: number, escapeLength: number): number {
  let index = start;
  for (;;) {
    const quote = text.indexOf('"', index);
    if (quote === -1) return text.length;
    let run = 0;
    while (quote - run > start && text[quote - run - 1] === "\\") run++;
    if (Math.floor(run / (escapeLength + 1)) % 2 === 0) {
      // Fewer backslashes than this depth needs: the string around this one ends here, and its quote must stay.
      return run < escapeLength ? quote - run : quote + 1;
    }
    index = quote + 1;
  }
}

function skipNested(text: string, start: number, escapeLength: number): number {
  let depth = 0;
  let index = start;
  while (index < text.length) {
    const char = text[index];
    if (char === '"') {
      index = skipString(text, index + 1, escapeLength);
      continue;
    }
    if (char === "{" || char === "[") depth++;
    else if (char === "}" || char === "]") {
      depth--;
      if (depth === 0) return index + 1;
    }
    index++;
  }
  return index;
}
