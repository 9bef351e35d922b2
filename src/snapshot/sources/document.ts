import {
  type Document,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  Scalar,
  visit,
} from "yaml";
import type { Path } from "../schema/introspection.ts";
import { type Environment, expand } from "./environment.ts";
import { syntaxMessage } from "./syntax-errors.ts";

export interface Position {
  line: number;
  column: number;
}

/** Begins a variable. */
const OPEN = "${";

/** Something wrong with the text itself, before its content is looked at. */
export interface TextProblem extends Position {
  path: Path;
  message: string;
}

/** A parsed YAML or JSON text whose every value knows its place. Variables are expanded. */
export class LocatedDocument {
  readonly file: string;
  /** Plain data; undefined when the text could not be parsed. */
  readonly value: unknown;
  readonly problems: TextProblem[] = [];
  readonly #document: Document.Parsed;
  readonly #lines = new LineCounter();
  readonly #text: string;
  /** The variables that went into a scalar. */
  readonly #variables = new Map<Node, string[]>();

  constructor(file: string, text: string, environment: Environment) {
    this.file = file;
    this.#text = text;
    this.#document = parseDocument(text, {
      lineCounter: this.#lines,
      prettyErrors: false,
      // Reported here, with the place of the first one.
      uniqueKeys: false,
    });
    this.#checkSyntax();
    if (this.problems.length > 0) return;
    this.#checkKeys();
    this.#expandVariables(environment);
    this.value = this.#toPlainData();
  }

  get root(): Node | null {
    return this.#document.contents;
  }

  /** Place of a key (of a list entry: of the entry). The nearest parent's when the path leads nowhere. */
  locateKey(path: Path): Position {
    const parent = path.slice(0, -1);
    const container = this.resolve(this.#nodeAt(parent).node);
    const pair = isMap(container) ? findPair(container.items, path.at(-1)) : undefined;
    return pair !== undefined ? this.positionOf(pair.key) : this.locate(path);
  }

  /** Place of a value. The nearest parent's when the path leads nowhere. */
  locate(path: Path): Position {
    const { node } = this.#nodeAt(path);
    return node === null ? { line: 1, column: 1 } : this.positionOf(node);
  }

  has(path: Path): boolean {
    return this.#nodeAt(path).found;
  }

  /** Variables the value at this path was made of. */
  variablesOf(path: Path): string[] {
    const { node, found } = this.#nodeAt(path);
    const resolved = this.resolve(node);
    return (found && resolved !== null && this.#variables.get(resolved)) || [];
  }

  /** Puts what was found elsewhere in the place of a value. */
  replace(path: Path, value: unknown): void {
    let owner: unknown = this.value;
    for (const step of path.slice(0, -1)) owner = Reflect.get(owner as object, step);
    Reflect.set(owner as object, path.at(-1) ?? "", value);
  }

  isOnOneLine(path: Path): boolean {
    const { node } = this.#nodeAt(path);
    if (node === null) return true;
    const [first, last] = this.linesOf(node);
    return first === last;
  }

  lineText(line: number): string {
    const start = this.#lines.lineStarts[line - 1] ?? 0;
    const end = this.#lines.lineStarts[line] ?? this.#text.length + 1;
    return this.#text.slice(start, end - 1).replace(/\r$/, "");
  }

  positionOf(node: Node): Position {
    return this.#position(node.range?.[0] ?? 0);
  }

  /** First and last line of a node. */
  linesOf(node: Node): [number, number] {
    const [start, end] = node.range ?? [0, 0];
    return [this.#position(start).line, this.#position(end).line];
  }

  resolve(node: Node | null): Node | null {
    return isAlias(node) ? (node.resolve(this.#document) ?? null) : node;
  }

  #position(offset: number): Position {
    const { line, col } = this.#lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  }

  #nodeAt(path: Path): { node: Node | null; found: boolean } {
    let node: Node | null = this.#document.contents;
    for (const step of path) {
      const parent = this.resolve(node);
      let next: unknown;
      if (isMap(parent)) next = findPair(parent.items, step)?.value;
      else if (isSeq(parent) && typeof step === "number") next = parent.items[step];
      if (!isNode(next)) return { node, found: false };
      node = next;
    }
    return { node, found: true };
  }

  #checkSyntax(): void {
    const linesSeen = new Set<number>();
    for (const error of [...this.#document.errors, ...this.#document.warnings]) {
      const place = this.#position(error.pos[0]);
      // One slip makes the parser stumble several times over the same line.
      if (linesSeen.has(place.line)) continue;
      linesSeen.add(place.line);
      const hint = /[[{,].*\$\{/.test(this.lineText(place.line)) ? " (within [ ] or { } a variable needs quotes)" : "";
      this.problems.push({ ...place, path: [], message: syntaxMessage(error.code) + hint });
    }
    visit(this.#document, {
      Alias: (_key, alias) => {
        if (alias.resolve(this.#document) !== undefined) return;
        this.problems.push({ ...this.positionOf(alias), path: [], message: syntaxMessage("BAD_ALIAS") });
      },
    });
  }

  #checkKeys(): void {
    visit(this.#document, {
      Map: (_key, map, ancestors) => {
        const path = pathOf([...ancestors, map]);
        const seen = new Map<string, Position>();
        for (const { key } of map.items) {
          if (!isNode(key)) continue;
          const place = this.positionOf(key);
          if (!isScalar(key) || typeof key.value !== "string") {
            this.problems.push({ ...place, path, message: "a key must be a text: put quotes around it" });
            continue;
          }
          const first = seen.get(key.value);
          if (first === undefined) seen.set(key.value, place);
          else {
            const message = `duplicate key: it is already given in line ${first.line}`;
            this.problems.push({ ...place, path: [...path, key.value], message });
          }
        }
      },
    });
  }

  #expandVariables(environment: Environment): void {
    visit(this.#document, {
      Scalar: (key, node, ancestors) => {
        if (key === "key" || typeof node.value !== "string" || !node.value.includes("${")) return;
        const expansion = expand(node.value, environment);
        const place = { ...this.positionOf(node), path: pathOf([...ancestors, node]) };
        for (const name of expansion.missing) {
          const message = `the environment variable ${name} is not set; set it, or give a default: \${${name}:-value}`;
          this.problems.push({ ...place, message });
        }
        if (expansion.malformed) {
          const message = `malformed variable: write ${OPEN}NAME} or ${OPEN}NAME:-default}, or $${OPEN} for a plain ${OPEN}`;
          this.problems.push({ ...place, message });
        }
        if (expansion.used.length > 0) this.#variables.set(node, expansion.used);
        // As in YAML itself, quotes decide: without them the value of a variable may be a number or a boolean.
        node.value = node.type === Scalar.PLAIN ? resolvePlain(expansion.text) : expansion.text;
      },
    });
  }

  #toPlainData(): unknown {
    try {
      return this.#document.toJS({ maxAliasCount: 1000 });
    } catch {
      this.problems.push({
        line: 1,
        column: 1,
        path: [],
        message: "too many aliases (`*name`), or one that holds itself",
      });
      return undefined;
    }
  }
}

/** The path of the last of a chain of nodes, each the parent of the next. */
function pathOf(chain: readonly unknown[]): Path {
  const path: (string | number)[] = [];
  chain.forEach((node, index) => {
    const child = chain[index + 1];
    if (isPair(node) && isScalar(node.key) && child !== undefined) path.push(String(node.key.value));
    else if (isSeq(node) && child !== undefined) path.push(node.items.indexOf(child));
  });
  return path;
}

function resolvePlain(text: string): unknown {
  if (text === "true" || text === "false") return text === "true";
  return /^-?(?:0|[1-9]\d*)(?:\.\d+)?$/.test(text) ? Number(text) : text;
}

function isNode(value: unknown): value is Node {
  return isScalar(value) || isMap(value) || isSeq(value) || isAlias(value);
}

/** Of duplicate keys the last one counts, as in the plain data. */
function findPair(items: readonly Pair[], key: unknown): { key: Node; value: unknown } | undefined {
  for (let index = items.length - 1; index >= 0; index--) {
    const pair = items[index];
    if (pair !== undefined && isScalar(pair.key) && pair.key.value === key) return { key: pair.key, value: pair.value };
  }
  return undefined;
}
