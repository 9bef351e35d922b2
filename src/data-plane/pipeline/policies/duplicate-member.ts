const QUOTE = 0x22;
const COMMA = 0x2c;
const OPEN_ARRAY = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

interface Level {
  /** Of an object; null: an array. */
  names: Set<string> | null;
  /** The member or the element that is being read. */
  at: string | number;
  expectsName: boolean;
}

/**
 * The JSON Pointer (RFC 6901) of the first member whose name its object has already; null: there is none. Parsers differ in which
 * of two they take (RFC 8259 §4), so what one has checked is not what another one reads. `text` must be valid JSON.
 */
export function duplicateMember(text: string): string | null {
  const levels: Level[] = [];
  let level: Level | undefined;
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case QUOTE: {
        const end = endOfString(text, at + 1);
        if (level?.names != null && level.expectsName) {
          const name = nameIn(text, at, end);
          level.expectsName = false;
          level.at = name;
          if (level.names.has(name)) return pointerTo(levels);
          level.names.add(name);
        }
        at = end;
        break;
      }
      case OPEN_OBJECT:
        level = { names: new Set(), at: "", expectsName: true };
        levels.push(level);
        break;
      case OPEN_ARRAY:
        level = { names: null, at: 0, expectsName: false };
        levels.push(level);
        break;
      case CLOSE_OBJECT:
      case CLOSE_ARRAY:
        levels.pop();
        level = levels.at(-1);
        break;
      case COMMA:
        if (level === undefined) break;
        if (level.names === null) level.at = (level.at as number) + 1;
        else level.expectsName = true;
        break;
    }
  }
  return null;
}

/** Where the closing quote is. */
function endOfString(text: string, from: number): number {
  for (let at = from; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) return at;
    if (code === BACKSLASH) at++;
  }
  return text.length;
}

/** `"\u0061"` and `"a"` are the same name. */
function nameIn(text: string, open: number, close: number): string {
  const raw = text.slice(open + 1, close);
  return raw.includes("\\") ? (JSON.parse(text.slice(open, close + 1)) as string) : raw;
}

function pointerTo(levels: readonly Level[]): string {
  return levels.map(({ at }) => `/${String(at).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}
