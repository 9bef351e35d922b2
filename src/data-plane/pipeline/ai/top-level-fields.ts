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
 * Finds fields of the outermost object of a JSON text without building objects. `text` holds one character per byte
 * (latin1), so that positions are those of the bytes. Answers a span or null for each name.
 *
 * Null instead of the list: this is not an object from its first brace to its last (so a text that was cut is told), a
 * wanted name comes twice or in other letters (some servers do not tell `Model` from `model`), or a top-level name is
 * written with escapes and might be a wanted one. It is not a validation: what stands between the strings and brackets is
 * not looked at.
 */
export function scanTopLevel(text: string, names: readonly string[]): (ValueSpan | null)[] | null {
  const spans: (ValueSpan | null)[] = names.map(() => null);
  let at = skipSpace(text, 0);
  if (text.charCodeAt(at) !== OPEN_BRACE) return null;
  at++;
  for (;;) {
    at = nextKey(text, at);
    if (at < 0) return null;
    if (text.charCodeAt(at) === CLOSE_BRACE) break;
    const keyEnd = stringEnd(text, at);
    if (keyEnd < 0) return null;
    const index = indexOfName(text, at, keyEnd, names);
    if (index === UNSURE) return null;
    const colon = skipSpace(text, keyEnd);
    if (text.charCodeAt(colon) !== COLON) return null;
    const start = skipSpace(text, colon + 1);
    const end = valueEnd(text, start);
    if (end < 0) return null;
    if (index >= 0) {
      if (spans[index] !== null) return null;
      spans[index] = { start, end: trimEnd(text, end) };
    }
    at = end;
  }
  return skipSpace(text, at + 1) === text.length ? spans : null;
}

const UNSURE = -2;

/** Which name the string from `at` to `end` (quotes included) is; -1: none, UNSURE: can't be told. */
function indexOfName(text: string, at: number, end: number, names: readonly string[]): number {
  const length = end - at - 2;
  for (let i = 0; i < names.length; i++) {
    const name = names[i] as string;
    if (length === name.length && text.startsWith(name, at + 1)) return i;
  }
  for (const name of names) if (length === name.length && isSameLetters(text, at + 1, name)) return UNSURE;
  for (let i = at + 1; i < end; i++) if (text.charCodeAt(i) === BACKSLASH) return UNSURE;
  return -1;
}

/** ASCII letters alone. */
function isSameLetters(text: string, at: number, name: string): boolean {
  for (let i = 0; i < name.length; i++) {
    if (lowerCase(text.charCodeAt(at + i)) !== lowerCase(name.charCodeAt(i))) return false;
  }
  return true;
}

function lowerCase(code: number): number {
  return code >= 0x41 && code <= 0x5a ? code + 0x20 : code;
}

/** The quote of the next key, or the brace that ends the object; -1: neither comes. */
function nextKey(text: string, from: number): number {
  let at = skipSpace(text, from);
  if (text.charCodeAt(at) === COMMA) at = skipSpace(text, at + 1);
  const code = text.charCodeAt(at);
  return code === QUOTE || code === CLOSE_BRACE ? at : -1;
}

/** After the closing quote of the string that begins at `at`; -1: it does not end. */
export function stringEnd(text: string, at: number): number {
  let end = text.indexOf('"', at + 1);
  while (end > 0 && isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return end < 0 ? -1 : end + 1;
}

function isEscaped(text: string, quote: number): boolean {
  let slashes = 0;
  while (text.charCodeAt(quote - 1 - slashes) === BACKSLASH) slashes++;
  return slashes % 2 === 1;
}

export function skipSpace(text: string, from: number): number {
  let at = from;
  while (text.charCodeAt(at) <= 0x20) at++;
  return at;
}

/** Where the value that begins at `start` is over: at a comma or the closing brace, or after its own bracket. -1: never. */
export function valueEnd(text: string, start: number): number {
  let at = start;
  let depth = 0;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      at = stringEnd(text, at);
      if (at < 0) return -1;
      if (depth === 0) return at;
      continue;
    }
    if (code === OPEN_BRACE || code === OPEN_BRACKET) depth++;
    else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) {
      if (depth === 0) return at === start ? -1 : at;
      depth--;
      if (depth === 0) return at + 1;
    } else if (code === COMMA && depth === 0) return at === start ? -1 : at;
    at++;
  }
  return -1;
}

function trimEnd(text: string, end: number): number {
  let at = end;
  while (text.charCodeAt(at - 1) <= 0x20) at--;
  return at;
}
