import { readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { dirname, join, resolve, sep } from "node:path";
import { reasonOf } from "../snapshot/checks/file-reason.ts";
import { ImportError } from "../snapshot/importers/import-result.ts";
import type { SourceFiles } from "../snapshot/importers/nginx/includes.ts";

const MAX_FILE_BYTES = 64 * 1024 ** 2;

/** The text of a file that was named on the command line. Throws ImportError. */
export function readSource(file: string): string {
  try {
    return readText(file);
  } catch (error) {
    const reason =
      error instanceof TypeError
        ? "it is not UTF-8 text"
        : error instanceof RangeError
          ? error.message
          : reasonOf(error);
    throw new ImportError({ file, line: 1, column: 1 }, `can't read the file: ${reason}`);
  }
}

/** Files that nginx would read as well, wherever they are. */
export const includedFiles: SourceFiles = {
  read: (path) => {
    try {
      return readText(path);
    } catch {
      return null;
    }
  },
  list: (directory) => {
    try {
      return readdirSync(directory);
    } catch {
      return null;
    }
  },
};

/** Reads what a `$ref` names, in the folder of the document and below it alone, symbolic links followed. */
export function referencedFiles(document: string): (path: string) => string | null {
  return (path) => {
    try {
      const folder = realpathSync(resolve(dirname(document)));
      const file = realpathSync(join(folder, path));
      return file.startsWith(folder.endsWith(sep) ? folder : folder + sep) ? readText(file) : null;
    } catch {
      return null;
    }
  };
}

function readText(file: string): string {
  const { size } = statSync(file);
  if (size > MAX_FILE_BYTES) throw new RangeError(`it is larger than ${MAX_FILE_BYTES / 1024 ** 2} MiB`);
  return new TextDecoder("utf-8", { fatal: true }).decode(readFileSync(file));
}
