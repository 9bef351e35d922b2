import { posix } from "node:path";
import { ImportError } from "../import-result.ts";
import type { Notebook } from "../notebook.ts";
import { expandGlob, isGlob, type ListDirectory } from "./glob.ts";
import { type Directive, parseNginx } from "./parse.ts";

/** How an importer reads further files: what it may read is up to whoever gives it this. */
export interface SourceFiles {
  /** null: there is no such file, or it may not be read. */
  read(path: string): string | null;
  list: ListDirectory;
}

const MAX_INCLUDE_DEPTH = 20;
const MAX_INCLUDED_FILES = 2000;

/**
 * Puts the content of files in place of each `include`. As in nginx, relative paths begin in one folder, that of the
 * main file, wherever the `include` stands. A file that is not there is noted: what it holds can't be known.
 */
export class Includes {
  readonly #files: SourceFiles;
  readonly #root: string;
  readonly #notes: Notebook;
  #count = 0;

  constructor(files: SourceFiles, root: string, notes: Notebook) {
    this.#files = files;
    this.#root = root;
    this.#notes = notes;
  }

  expand(directives: readonly Directive[], depth = 0): Directive[] {
    return directives.flatMap((directive) => {
      if (directive.name === "include" && directive.block === null) return this.#include(directive, depth);
      if (directive.block === null) return [directive];
      return [{ ...directive, block: this.expand(directive.block, depth) }];
    });
  }

  #include({ args, place }: Directive, depth: number): Directive[] {
    const [pattern] = args;
    if (pattern === undefined || args.length !== 1) throw new ImportError(place, "`include` takes one path");
    if (depth >= MAX_INCLUDE_DEPTH) {
      throw new ImportError(place, `files include each other more than ${MAX_INCLUDE_DEPTH} deep: is there a circle?`);
    }
    const path = posix.isAbsolute(pattern) ? posix.normalize(pattern) : posix.join(this.#root, pattern);
    const paths = isGlob(path) ? expandGlob(path, this.#files.list) : [path];
    return paths.flatMap((file) => {
      const text = this.#files.read(file);
      if (text === null) {
        this.#notes.leftOut(
          place,
          `include ${pattern}`,
          `the file ${file} can't be read here, so what it holds is not known`,
          "run the import where the file is, or name the folder in which relative includes begin (--include-root)",
        );
        return [];
      }
      if (++this.#count > MAX_INCLUDED_FILES) {
        throw new ImportError(place, `more than ${MAX_INCLUDED_FILES} files are included`);
      }
      return this.expand(parseNginx(file, text), depth + 1);
    });
  }
}
