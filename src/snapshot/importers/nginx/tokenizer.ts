import { ImportError, type Place } from "../import-result.ts";

export interface Word {
  kind: "word";
  text: string;
  /** Written in quotes: never `{`, `}` or `;`, and no name of a directive's flag. */
  quoted: boolean;
  place: Place;
}

export interface Mark {
  kind: ";" | "{" | "}";
  place: Place;
}

export type Token = Word | Mark;

/** What a backslash before it means; before all other characters it stays (`\.` in a regular expression). */
const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  "'": "'",
  "\\": "\\",
  t: "\t",
  r: "\r",
  n: "\n",
};

const LUA_BLOCK = /_by_lua_block$/;

/**
 * Splits a configuration as nginx does (`ngx_conf_read_token`): words end at white space, `;` and `{`; quotes and
 * comments begin where a word could begin, and nowhere else; `${` belongs to a word. The body of a Lua block is one word.
 * Throws ImportError.
 */
export function tokenize(file: string, text: string): Token[] {
  return new Tokenizer(file, text).tokens();
}

class Tokenizer {
  readonly #file: string;
  readonly #text: string;
  readonly #tokens: Token[] = [];
  #at = 0;
  #line = 1;
  #lineStart = 0;

  constructor(file: string, text: string) {
    this.#file = file;
    this.#text = text.startsWith("\uFEFF") ? text.slice(1) : text;
  }

  tokens(): Token[] {
    while (this.#at < this.#text.length) {
      const character = this.#text[this.#at] as string;
      if (isSpace(character)) this.#advance();
      else if (character === "#") this.#skipComment();
      else if (character === ";" || character === "{" || character === "}") this.#mark(character);
      else if (character === '"' || character === "'") this.#quoted(character);
      else this.#bare();
    }
    return this.#tokens;
  }

  #mark(kind: Mark["kind"]): void {
    const place = this.#place();
    const name = this.#nameOfDirective();
    this.#tokens.push({ kind, place });
    this.#advance();
    if (kind === "{" && name !== null && LUA_BLOCK.test(name)) this.#luaBody(place);
  }

  /** The first word since the last mark. */
  #nameOfDirective(): string | null {
    const last = this.#tokens.findLastIndex(({ kind }) => kind !== "word");
    const first = this.#tokens[last + 1];
    return first?.kind === "word" ? first.text : null;
  }

  #bare(): void {
    const place = this.#place();
    let word = "";
    while (this.#at < this.#text.length) {
      const character = this.#text[this.#at] as string;
      if (character === "$" && this.#text[this.#at + 1] === "{") {
        word += "${";
        this.#advance(2);
      } else if (isSpace(character) || character === ";" || character === "{") break;
      else word += this.#character();
    }
    this.#tokens.push({ kind: "word", text: word, quoted: false, place });
  }

  #quoted(quote: string): void {
    const place = this.#place();
    this.#advance();
    let word = "";
    while (this.#text[this.#at] !== quote) {
      if (this.#at >= this.#text.length) throw new ImportError(place, `the quote ${quote} is never closed`);
      word += this.#character();
    }
    this.#advance();
    const next = this.#text[this.#at];
    if (next !== undefined && !isSpace(next) && !";{)".includes(next)) {
      throw new ImportError(this.#place(), `after a closing quote, a space, \`;\` or \`{\` is missing`);
    }
    this.#tokens.push({ kind: "word", text: word, quoted: true, place });
  }

  /** One character of a word, its backslash resolved. */
  #character(): string {
    const character = this.#text[this.#at] as string;
    const next = this.#text[this.#at + 1];
    if (character !== "\\" || next === undefined) {
      this.#advance();
      return character;
    }
    this.#advance(2);
    return ESCAPES[next] ?? character + next;
  }

  /** Up to the brace that closes the block; braces in Lua's strings and comments are none. */
  #luaBody(open: Place): void {
    const place = this.#place();
    const start = this.#at;
    let depth = 1;
    while (this.#at < this.#text.length) {
      const skipped = LUA_OPAQUE.exec(this.#text.slice(this.#at, this.#at + MAX_LUA_LOOK))?.[0].length ?? 0;
      if (skipped > 0) {
        this.#advance(skipped);
        continue;
      }
      if (this.#text[this.#at] === "{") depth++;
      if (this.#text[this.#at] === "}") depth--;
      if (depth === 0) {
        this.#tokens.push({ kind: "word", text: this.#text.slice(start, this.#at), quoted: true, place });
        this.#tokens.push({ kind: ";", place: this.#place() });
        return;
      }
      this.#advance();
    }
    throw new ImportError(open, "the Lua block is never closed: its `}` is missing");
  }

  #skipComment(): void {
    while (this.#at < this.#text.length && this.#text[this.#at] !== "\n") this.#advance();
  }

  #advance(count = 1): void {
    for (let step = 0; step < count; step++) {
      if (this.#text[this.#at] === "\n") {
        this.#line++;
        this.#lineStart = this.#at + 1;
      }
      this.#at++;
    }
  }

  #place(): Place {
    return { file: this.#file, line: this.#line, column: this.#at - this.#lineStart + 1 };
  }
}

const MAX_LUA_LOOK = 64 * 1024;
const LUA_OPAQUE =
  /^(?:--\[\[[\s\S]*?\]\]|--[^\n]*|\[\[[\s\S]*?\]\]|"(?:\\[\s\S]|[^"\\\n])*"|'(?:\\[\s\S]|[^'\\\n])*')/;

function isSpace(character: string): boolean {
  return character === " " || character === "\t" || character === "\r" || character === "\n";
}
