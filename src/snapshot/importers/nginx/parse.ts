import { ImportError, type Place } from "../import-result.ts";
import { type Token, tokenize, type Word } from "./tokenizer.ts";

export interface Directive {
  readonly name: string;
  readonly args: readonly string[];
  /** null: it ends with `;`. */
  readonly block: readonly Directive[] | null;
  readonly place: Place;
}

const MAX_DEPTH = 50;

/** The directives of a configuration file, `include` not followed. Throws ImportError. */
export function parseNginx(file: string, text: string): Directive[] {
  return new Parser(tokenize(file, text), { file, line: 1, column: 1 }).file();
}

class Parser {
  readonly #tokens: readonly Token[];
  readonly #start: Place;
  #at = 0;

  constructor(tokens: readonly Token[], start: Place) {
    this.#tokens = tokens;
    this.#start = start;
  }

  file(): Directive[] {
    const directives = this.#directives(0);
    const extra = this.#tokens[this.#at];
    if (extra !== undefined) throw new ImportError(extra.place, "`}` closes nothing: no block is open here");
    return directives;
  }

  #directives(depth: number): Directive[] {
    if (depth > MAX_DEPTH) throw new ImportError(this.#place(), `blocks are nested more than ${MAX_DEPTH} deep`);
    const directives: Directive[] = [];
    for (;;) {
      const token = this.#tokens[this.#at];
      if (token === undefined || token.kind === "}") return directives;
      if (token.kind !== "word") throw new ImportError(token.place, `\`${token.kind}\` without a directive before it`);
      directives.push(this.#directive(token, depth));
    }
  }

  #directive(first: Word, depth: number): Directive {
    const args: string[] = [];
    for (this.#at++; ; this.#at++) {
      const token = this.#tokens[this.#at];
      if (token === undefined)
        throw new ImportError(first.place, `\`${shown(first)}\` is never ended: \`;\` is missing`);
      if (token.kind === "word") {
        args.push(token.text);
        continue;
      }
      if (token.kind === "}") throw new ImportError(first.place, `\`;\` is missing after \`${shown(first)}\``);
      this.#at++;
      const block = token.kind === "{" ? this.#block(first, token.place, depth) : null;
      return { name: first.text, args, block, place: first.place };
    }
  }

  #block(first: Word, open: Place, depth: number): Directive[] {
    const directives = this.#directives(depth + 1);
    if (this.#tokens[this.#at] === undefined) {
      throw new ImportError(open, `the block of \`${shown(first)}\` is never closed: its \`}\` is missing`);
    }
    this.#at++;
    return directives;
  }

  #place(): Place {
    return this.#tokens[this.#at]?.place ?? this.#start;
  }
}

/** Where `;` is missing, a value may stand in a name's place: only what looks like a name is repeated. */
function shown({ text }: Word): string {
  return /^[a-z][a-z0-9_]{0,40}$/.test(text) ? text : "this directive";
}
