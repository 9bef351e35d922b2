import type { ImportNote, NoteKind, Place } from "./import-result.ts";

/** Collects notes; what is said of several places is said once. */
export class Notebook {
  readonly #notes = new Map<string, ImportNote & { more: Place[] }>();

  leftOut(place: Place, what: string, why: string, instead: string): void {
    this.#add("left-out", place, what, why, instead);
  }

  changed(place: Place, what: string, why: string, instead: string): void {
    this.#add("changed", place, what, why, instead);
  }

  variable(place: Place, what: string, why: string, instead: string): void {
    this.#add("variable", place, what, why, instead);
  }

  /** The notes, those of one file together and in its order. */
  list(): ImportNote[] {
    const files = [...new Set([...this.#notes.values()].map(({ file }) => file))];
    return [...this.#notes.values()].sort(
      (a, b) => files.indexOf(a.file) - files.indexOf(b.file) || a.line - b.line || a.column - b.column,
    );
  }

  #add(kind: NoteKind, { file, line, column }: Place, what: string, why: string, instead: string): void {
    const key = [kind, what, why, instead].join("\n");
    const known = this.#notes.get(key);
    if (known === undefined) {
      this.#notes.set(key, { kind, file, line, column, what, why, instead, more: [] });
      return;
    }
    const isKnown = [known, ...known.more].some((one) => one.file === file && one.line === line);
    if (!isKnown) known.more.push({ file, line, column });
  }
}
