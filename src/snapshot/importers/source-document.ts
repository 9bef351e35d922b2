import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, visit } from "yaml";
import type { Path } from "../schema/introspection.ts";
import { syntaxMessage } from "../sources/syntax-errors.ts";
import { ImportError, type Place } from "./import-result.ts";

const MAX_ALIASES = 1000;

/**
 * A YAML or JSON text of another product: plain data, and the place of each part of it. Unlike `tidegate.yaml` it has
 * no variables, and its keys may be numbers (`200:`).
 */
export class SourceDocument {
  readonly file: string;
  readonly value: unknown;
  readonly #document: Document.Parsed;
  readonly #lines = new LineCounter();

  /** Throws ImportError for what is not YAML. */
  constructor(file: string, text: string) {
    this.file = file;
    this.#document = parseDocument(text, { lineCounter: this.#lines, prettyErrors: false, uniqueKeys: true });
    const [error] = this.#document.errors;
    if (error !== undefined) throw new ImportError(this.#place(error.pos[0]), syntaxMessage(error.code));
    visit(this.#document, {
      Alias: (_key, alias) => {
        if (alias.resolve(this.#document) !== undefined) return;
        throw new ImportError(this.#place(alias.range?.[0] ?? 0), syntaxMessage("BAD_ALIAS"));
      },
    });
    this.value = this.#toPlainData();
  }

  /** Place of a value, or of the nearest parent that is there. */
  placeOf(path: Path): Place {
    let node: Node | null = this.#document.contents;
    for (const step of path) {
      const next = childOf(this.#resolve(node), step)?.value;
      if (!isNode(next)) break;
      node = next;
    }
    return this.#place(node?.range?.[0] ?? 0);
  }

  /** Place of a key, or of the nearest parent that is there. */
  placeOfKey(path: Path): Place {
    let node: Node | null = this.#document.contents;
    let place = this.#place(node?.range?.[0] ?? 0);
    for (const step of path) {
      const child = childOf(this.#resolve(node), step);
      if (child === undefined) break;
      const at = isNode(child.key) ? child.key : child.value;
      if (isNode(at)) place = this.#place(at.range?.[0] ?? 0);
      if (!isNode(child.value)) break;
      node = child.value;
    }
    return place;
  }

  #resolve(node: Node | null): Node | null {
    return isAlias(node) ? (node.resolve(this.#document) ?? null) : node;
  }

  #place(offset: number): Place {
    const { line, col } = this.#lines.linePos(offset);
    return { file: this.file, line: Math.max(line, 1), column: Math.max(col, 1) };
  }

  #toPlainData(): unknown {
    try {
      return this.#document.toJS({ maxAliasCount: MAX_ALIASES });
    } catch {
      const message = "too many aliases (`*name`), or one that holds itself";
      throw new ImportError({ file: this.file, line: 1, column: 1 }, message);
    }
  }
}

function isNode(value: unknown): value is Node {
  return isScalar(value) || isMap(value) || isSeq(value) || isAlias(value);
}

function childOf(parent: Node | null, step: string | number): { key: unknown; value: unknown } | undefined {
  if (isSeq(parent)) return typeof step === "number" ? { key: null, value: parent.items[step] } : undefined;
  if (!isMap(parent)) return undefined;
  return parent.items.find(({ key }) => isScalar(key) && String(key.value) === String(step));
}
