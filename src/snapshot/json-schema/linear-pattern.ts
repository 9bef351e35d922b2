/**
 * Regular expressions that take time in proportion to the text, whatever the text is: all places that the expression can be in
 * are followed at once (Thompson's construction), and nothing is tried twice. The syntax is JavaScript's with the flag `u`, but
 * for look-around and back-references, which can't be matched so.
 */
export class LinearPattern {
  readonly source: string;
  readonly #program: Program;
  /** Where each instruction was entered last. */
  readonly #entered: Int32Array;

  /** Throws PatternError. */
  constructor(source: string) {
    this.source = source;
    this.#program = compile(source);
    this.#entered = new Int32Array(this.#program.length);
  }

  /** Whether it matches anywhere in the text. Throws BudgetError. */
  test(text: string): boolean {
    const program = this.#program;
    const entered = this.#entered.fill(-1);
    let threads: number[] = [];
    for (let at = 0; ; ) {
      // It may begin at every place.
      const begun = enter(program, entered, 0, text, at, threads);
      if (begun) return true;
      if (at >= text.length) return false;
      const codePoint = text.codePointAt(at) as number;
      const nextAt = at + (codePoint > 0xffff ? 2 : 1);
      const next: number[] = [];
      for (const pc of threads) {
        const instruction = program[pc] as Instruction;
        if (instruction.op !== "char" || !instruction.matches(codePoint)) continue;
        if (enter(program, entered, pc + 1, text, nextAt, next)) return true;
      }
      threads = next;
      at = nextAt;
    }
  }

  toString(): string {
    return `/${this.source}/u`;
  }
}

/** The pattern is none, or none that can be matched in linear time. The message says why. */
export class PatternError extends Error {}

/** More was to be matched than may be: see `withBudget`. */
export class BudgetError extends Error {}

/** A body of 1 MiB against one pattern takes a million and more; this is some 50 ms. */
const BUDGET_STEPS = 5_000_000;
let stepsLeft = Number.POSITIVE_INFINITY;

/** All patterns that `work` matches may take so many steps together. */
export function withBudget<Result>(work: () => Result): Result {
  stepsLeft = BUDGET_STEPS;
  try {
    return work();
  } finally {
    stepsLeft = Number.POSITIVE_INFINITY;
  }
}

function spend(): void {
  if (--stepsLeft < 0) throw new BudgetError("the patterns of the schema take too long for this body");
}

type Instruction =
  | { op: "char"; matches: (codePoint: number) => boolean }
  | { op: "split"; to: number; or: number }
  | { op: "jump"; to: number }
  | { op: "assert"; holds: (text: string, at: number) => boolean }
  | { op: "match" };
type Program = Instruction[];

/** Follows what takes no character; true: the end is reached. */
function enter(
  program: Program,
  entered: Int32Array,
  first: number,
  text: string,
  at: number,
  threads: number[],
): boolean {
  const waiting = [first];
  for (let pc = waiting.pop(); pc !== undefined; pc = waiting.pop()) {
    if (entered[pc] === at) continue;
    entered[pc] = at;
    spend();
    const instruction = program[pc] as Instruction;
    if (instruction.op === "match") return true;
    if (instruction.op === "char") threads.push(pc);
    else if (instruction.op === "jump") waiting.push(instruction.to);
    else if (instruction.op === "split") waiting.push(instruction.or, instruction.to);
    else if (instruction.holds(text, at)) waiting.push(pc + 1);
  }
  return false;
}

// --- parsing: what JavaScript takes is well-formed, so there is nothing left to check but what can't be had here ---

type Node =
  | { type: "char"; matches: (codePoint: number) => boolean }
  | { type: "assert"; holds: (text: string, at: number) => boolean }
  | { type: "all"; nodes: Node[] }
  | { type: "any"; nodes: Node[] }
  | { type: "repeat"; node: Node; minimum: number; maximum: number };

const MAX_SOURCE_LENGTH = 1_000;
const MAX_INSTRUCTIONS = 2_000;

const CLASS = /\[(?:\\[\s\S]|[^\]\\])*\]/uy;
const ESCAPE =
  /\\(?:u\{[0-9a-f]+\}|ud[89ab][0-9a-f]{2}\\ud[c-f][0-9a-f]{2}|u[0-9a-f]{4}|x[0-9a-f]{2}|c[a-z]|p\{[^}]*\}|[\s\S])/iuy;
const QUANTIFIER = /(?:[*+?]|\{(\d+)(,?)(\d*)\})\??/uy;
const GROUP = /\((?:\?:|\?<[^=!>][^>]*>)?/uy;

function compile(source: string): Program {
  if (source.length > MAX_SOURCE_LENGTH) throw new PatternError(`longer than ${MAX_SOURCE_LENGTH} characters`);
  try {
    new RegExp(source, "u");
  } catch (error) {
    throw new PatternError(error instanceof Error ? error.message.replace(/^.*: /, "") : "not valid");
  }
  const emitter = new Emitter();
  emitter.emit(new Parser(source).alternatives());
  emitter.program.push({ op: "match" });
  return emitter.program;
}

class Parser {
  readonly #source: string;
  #at = 0;

  constructor(source: string) {
    this.#source = source;
  }

  alternatives(): Node {
    const nodes = [this.#sequence()];
    while (this.#source[this.#at] === "|") {
      this.#at++;
      nodes.push(this.#sequence());
    }
    return nodes.length === 1 ? (nodes[0] as Node) : { type: "any", nodes };
  }

  #sequence(): Node {
    const nodes: Node[] = [];
    while (this.#at < this.#source.length && !/[|)]/.test(this.#source[this.#at] as string)) {
      const node = this.#atom();
      const quantifier = this.#take(QUANTIFIER);
      nodes.push(quantifier === null ? node : repeated(node, quantifier));
    }
    return { type: "all", nodes };
  }

  #atom(): Node {
    const first = this.#source[this.#at] as string;
    if (first === "(") {
      const rest = this.#source.slice(this.#at, this.#at + 4);
      if (/^\(\?(?:[=!]|<[=!])/.test(rest)) throw new PatternError("look-ahead and look-behind are not supported");
      // Flags within groups: newer than what all of our Node.js versions take.
      if (this.#take(GROUP) === null || this.#source[this.#at] === "?")
        throw new PatternError("an unknown kind of group");
      const node = this.alternatives();
      this.#at++;
      return node;
    }
    if (first === "^" || first === "$") {
      this.#at++;
      return { type: "assert", holds: first === "^" ? (_text, at) => at === 0 : (text, at) => at === text.length };
    }
    if (first === "[") return charOf(this.#take(CLASS)?.[0] ?? "");
    if (first === "\\") return escaped(this.#take(ESCAPE)?.[0] ?? "");
    if (first === ".") {
      this.#at++;
      return charOf(".");
    }
    const literal = this.#source.codePointAt(this.#at) as number;
    this.#at += literal > 0xffff ? 2 : 1;
    return { type: "char", matches: (codePoint) => codePoint === literal };
  }

  #take(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#source);
    if (found !== null) this.#at += found[0].length;
    return found;
  }
}

function escaped(text: string): Node {
  const kind = text[1] as string;
  if (/[1-9k]/.test(kind)) throw new PatternError("back-references are not supported");
  if (kind === "b") return { type: "assert", holds: isWordBoundary };
  if (kind === "B") return { type: "assert", holds: (subject, at) => !isWordBoundary(subject, at) };
  return charOf(text);
}

/** A class or an escape: JavaScript knows what it stands for, and of one character it can't take long. */
function charOf(source: string): Node {
  const one = new RegExp(`^${source}$`, "u");
  const ascii = Uint8Array.from({ length: 128 }, (_, code) => (one.test(String.fromCharCode(code)) ? 1 : 0));
  return {
    type: "char",
    matches: (codePoint) => (codePoint < 128 ? ascii[codePoint] === 1 : one.test(String.fromCodePoint(codePoint))),
  };
}

function isWordBoundary(text: string, at: number): boolean {
  const isWord = (index: number) => /^\w$/.test(text.charAt(index));
  return isWord(at - 1) !== isWord(at);
}

function repeated(node: Node, [text, least, comma, most]: RegExpExecArray): Node {
  if (least === undefined) {
    return {
      type: "repeat",
      node,
      minimum: text[0] === "+" ? 1 : 0,
      maximum: text[0] === "?" ? 1 : Number.POSITIVE_INFINITY,
    };
  }
  const minimum = Number(least);
  const maximum = comma === "" ? minimum : most === "" ? Number.POSITIVE_INFINITY : Number(most);
  return { type: "repeat", node, minimum, maximum };
}

class Emitter {
  readonly program: Program = [];
  /** Also of what leaves no instruction. */
  #emitted = 0;

  emit(node: Node): void {
    if (++this.#emitted > MAX_INSTRUCTIONS || this.program.length > MAX_INSTRUCTIONS) {
      throw new PatternError("it repeats too much");
    }
    if (node.type === "char") this.program.push({ op: "char", matches: node.matches });
    else if (node.type === "assert") this.program.push({ op: "assert", holds: node.holds });
    else if (node.type === "all") for (const one of node.nodes) this.emit(one);
    else if (node.type === "any") this.#any(node.nodes);
    else this.#repeat(node);
  }

  #any(nodes: readonly Node[]): void {
    const ends: { op: "jump"; to: number }[] = [];
    for (const [index, node] of nodes.entries()) {
      const isLast = index === nodes.length - 1;
      const split = isLast ? null : this.#split();
      this.emit(node);
      if (split === null) continue;
      const end = { op: "jump" as const, to: 0 };
      this.program.push(end);
      ends.push(end);
      split.or = this.program.length;
    }
    for (const end of ends) end.to = this.program.length;
  }

  #repeat({ node, minimum, maximum }: Extract<Node, { type: "repeat" }>): void {
    for (let i = 0; i < minimum; i++) this.emit(node);
    if (maximum === Number.POSITIVE_INFINITY) {
      const start = this.program.length;
      const loop = this.#split();
      this.emit(node);
      this.program.push({ op: "jump", to: start });
      loop.or = this.program.length;
      return;
    }
    const splits: { or: number }[] = [];
    for (let i = minimum; i < maximum; i++) {
      splits.push(this.#split());
      this.emit(node);
    }
    for (const split of splits) split.or = this.program.length;
  }

  /** One that goes on with what comes next, or elsewhere. */
  #split(): { op: "split"; to: number; or: number } {
    const split = { op: "split" as const, to: this.program.length + 1, or: 0 };
    this.program.push(split);
    return split;
  }
}
