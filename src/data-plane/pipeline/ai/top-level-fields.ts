const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const COMMA = 0x2c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;

/** Where the value of a top-level field stands; `end` is exclusive. */
export interface ValueSpan {
  start: number;
  end: number;
}

/**
 * Finds fields of the outermost object of a JSON text that is known to be valid, without building objects. A name is
 * found when it is written without escapes; of several with the same name, all are found.
 */
export function findTopLevelFields(json: Buffer, name: string): ValueSpan[] {
  const wanted = Buffer.from(`"${name}"`);
  const spans: ValueSpan[] = [];
  let at = json.indexOf(OPEN_BRACE) + 1;
  let depth = 1;
  let expectKey = true;
  while (at < json.length && depth > 0) {
    const byte = json[at] as number;
    if (byte === QUOTE) {
      const end = stringEnd(json, at);
      if (depth === 1 && expectKey) {
        expectKey = false;
        if (end - at === wanted.length && json.compare(wanted, 0, wanted.length, at, end) === 0) {
          const start = skipSpace(json, json.indexOf(COLON, end) + 1);
          spans.push({ start, end: valueEnd(json, start) });
        }
      }
      at = end;
      continue;
    }
    if (byte === OPEN_BRACE || byte === OPEN_BRACKET) depth++;
    else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) depth--;
    else if (byte === COMMA && depth === 1) expectKey = true;
    at++;
  }
  return spans;
}

/** After the closing quote of the string that begins at `at`. */
function stringEnd(json: Buffer, at: number): number {
  let end = json.indexOf(QUOTE, at + 1);
  while (end > 0 && isEscaped(json, end)) end = json.indexOf(QUOTE, end + 1);
  return end < 0 ? json.length : end + 1;
}

function isEscaped(json: Buffer, quote: number): boolean {
  let slashes = 0;
  while (json[quote - 1 - slashes] === BACKSLASH) slashes++;
  return slashes % 2 === 1;
}

function skipSpace(json: Buffer, at: number): number {
  let next = at;
  while (next < json.length && (json[next] as number) <= 0x20) next++;
  return next;
}

function valueEnd(json: Buffer, start: number): number {
  const first = json[start] as number;
  if (first === QUOTE) return stringEnd(json, start);
  let at = start;
  let depth = 0;
  while (at < json.length) {
    const byte = json[at] as number;
    if (byte === QUOTE) {
      at = stringEnd(json, at);
      continue;
    }
    if (byte === OPEN_BRACE || byte === OPEN_BRACKET) depth++;
    else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
      if (depth === 0) return trimEnd(json, at);
      depth--;
      if (depth === 0) return at + 1;
    } else if (byte === COMMA && depth === 0) return trimEnd(json, at);
    at++;
  }
  return at;
}

function trimEnd(json: Buffer, end: number): number {
  let at = end;
  while ((json[at - 1] as number) <= 0x20) at--;
  return at;
}
