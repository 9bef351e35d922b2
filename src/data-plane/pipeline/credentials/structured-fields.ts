/**
 * Structured Field Values for HTTP (RFC 9651), as far as message signatures need them: dictionaries whose members are
 * inner lists or byte sequences. What can't be read strictly is refused whole, as the RFC demands.
 */

export type BareItem =
  | { type: "string"; value: string }
  | { type: "integer"; value: number }
  | { type: "token"; value: string }
  | { type: "bytes"; value: Buffer }
  | { type: "boolean"; value: boolean };

export type Parameters = ReadonlyMap<string, BareItem>;

export interface Item {
  readonly item: BareItem;
  readonly parameters: Parameters;
}

export interface InnerList {
  readonly items: readonly Item[];
  readonly parameters: Parameters;
}

export type Dictionary = ReadonlyMap<string, Item | InnerList>;

/** The value can't be read. The message says what was expected where, and repeats nothing of the value. */
export class StructuredFieldError extends Error {}

/** A list of members (RFC 9651 §4.2.2). A key that comes twice has its last value. */
export function parseDictionary(text: string): Dictionary {
  return new Parser(text).dictionary();
}

export function serializeInnerList({ items, parameters }: InnerList): string {
  const inner = items.map(({ item, parameters: own }) => serializeItem(item) + serializeParameters(own));
  return `(${inner.join(" ")})${serializeParameters(parameters)}`;
}

export function serializeItem(item: BareItem): string {
  if (item.type === "string") return `"${item.value.replace(/[\\"]/g, "\\$&")}"`;
  if (item.type === "bytes") return `:${item.value.toString("base64")}:`;
  if (item.type === "boolean") return item.value ? "?1" : "?0";
  return String(item.value);
}

export function serializeParameters(parameters: Parameters): string {
  let text = "";
  for (const [key, item] of parameters) {
    text += item.type === "boolean" && item.value ? `;${key}` : `;${key}=${serializeItem(item)}`;
  }
  return text;
}

const KEY = /[a-z*][a-z0-9_.*-]*/y;
const INTEGER = /-?\d{1,15}(?![\d.])/y;
const STRING = /"((?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"/y;
const BYTES = /:([A-Za-z0-9+/]*={0,2}):/y;
const TOKEN = /[A-Za-z*][!#$%&'*+.^_`|~0-9A-Za-z:/-]*/y;
const BOOLEAN = /\?([01])/y;
const BLANKS = /[ \t]*/y;
const SPACES = / */y;

class Parser {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  dictionary(): Dictionary {
    const members = new Map<string, Item | InnerList>();
    this.#take(SPACES);
    while (this.#at < this.#text.length) {
      const key = this.#need(KEY, "a key");
      members.delete(key);
      members.set(key, this.#is("=") ? this.#member() : { item: TRUE, parameters: this.#parameters() });
      this.#take(BLANKS);
      if (this.#at === this.#text.length) break;
      if (!this.#is(",")) throw this.#error("a comma");
      this.#take(BLANKS);
      if (this.#at === this.#text.length) throw this.#error("a member behind the comma");
    }
    return members;
  }

  #member(): Item | InnerList {
    if (!this.#is("(")) return this.#item();
    const items: Item[] = [];
    for (;;) {
      this.#take(SPACES);
      if (this.#is(")")) return { items, parameters: this.#parameters() };
      items.push(this.#item());
      const next = this.#text[this.#at];
      if (next !== " " && next !== ")") throw this.#error("a space or a closing bracket");
    }
  }

  #item(): Item {
    return { item: this.#bareItem(), parameters: this.#parameters() };
  }

  #parameters(): Parameters {
    const parameters = new Map<string, BareItem>();
    while (this.#is(";")) {
      this.#take(SPACES);
      const key = this.#need(KEY, "a parameter");
      parameters.delete(key);
      parameters.set(key, this.#is("=") ? this.#bareItem() : TRUE);
    }
    return parameters;
  }

  #bareItem(): BareItem {
    const string = this.#take(STRING);
    if (string !== null) return { type: "string", value: (string[1] as string).replace(/\\(.)/g, "$1") };
    const integer = this.#take(INTEGER);
    if (integer !== null) return { type: "integer", value: Number(integer[0]) };
    const bytes = this.#take(BYTES);
    if (bytes !== null) return { type: "bytes", value: Buffer.from(bytes[1] as string, "base64") };
    const boolean = this.#take(BOOLEAN);
    if (boolean !== null) return { type: "boolean", value: boolean[1] === "1" };
    return { type: "token", value: this.#need(TOKEN, "a value") };
  }

  #is(character: string): boolean {
    if (this.#text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  #take(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text);
    if (found !== null) this.#at = pattern.lastIndex;
    return found;
  }

  #need(pattern: RegExp, what: string): string {
    const found = this.#take(pattern);
    if (found === null) throw this.#error(what);
    return found[0];
  }

  #error(what: string): StructuredFieldError {
    return new StructuredFieldError(`expected ${what} at character ${this.#at + 1}`);
  }
}

const TRUE: BareItem = { type: "boolean", value: true };
