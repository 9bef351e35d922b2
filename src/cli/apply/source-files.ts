import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { text as allOf } from "node:stream/consumers";
import { reasonOf } from "../../snapshot/checks/file-reason.ts";
import type { Problem } from "../../snapshot/problems/problem.ts";
import { LocatedDocument } from "../../snapshot/sources/document.ts";
import type { Environment } from "../../snapshot/sources/environment.ts";

export interface Sources {
  documents: readonly LocatedDocument[];
  problems: readonly Problem[];
}

const STANDARD_INPUT = "-";
/** As it is named in messages. */
const STANDARD_INPUT_NAME = "(standard input)";

/**
 * The documents of files, folders and `-` (standard input). Of a folder all that end in `.yaml`, `.yml` or `.json`, those of
 * its folders not; documents that another one names as its `openapi_file` or `documentation_file` are no declarations.
 */
export async function readSources(args: readonly string[], environment: Environment): Promise<Sources> {
  const problems: Problem[] = [];
  const documents: { document: LocatedDocument; fromFolder: boolean }[] = [];
  for (const arg of args) {
    const { files, fromFolder } = filesOf(arg, problems);
    for (const file of files) {
      const text = file === STANDARD_INPUT ? await allOf(process.stdin) : textOf(file, problems);
      if (text === null) continue;
      const name = file === STANDARD_INPUT ? STANDARD_INPUT_NAME : file;
      documents.push({ document: new LocatedDocument(name, text, environment), fromFolder });
    }
  }
  const attached = new Set(documents.flatMap(({ document }) => attachmentsOf(document)));
  const declarations = documents.filter(({ document, fromFolder }) => {
    return !(fromFolder && attached.has(resolve(document.file)));
  });
  return { documents: declarations.map(({ document }) => document), problems };
}

/** Where relative paths of a document begin. */
export function folderOf({ file }: Pick<LocatedDocument, "file">): string {
  return file === STANDARD_INPUT_NAME ? process.cwd() : dirname(resolve(file));
}

/** null: it could not be read, which is among the problems now. */
function textOf(file: string, problems: Problem[]): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(readFileSync(file));
  } catch (error) {
    problems.push(unreadable(file, error instanceof TypeError ? "it is not UTF-8 text" : reasonOf(error)));
    return null;
  }
}

function filesOf(arg: string, problems: Problem[]): { files: string[]; fromFolder: boolean } {
  if (arg === STANDARD_INPUT || statSync(arg, { throwIfNoEntry: false })?.isDirectory() !== true) {
    return { files: [arg], fromFolder: false };
  }
  try {
    const entries = readdirSync(arg, { withFileTypes: true });
    const names = entries.filter((entry) => !entry.isDirectory() && /\.(ya?ml|json)$/.test(entry.name));
    const files = names.map(({ name }) => join(arg, name)).sort();
    if (files.length === 0) problems.push(unreadable(arg, "there is no .yaml, .yml or .json file in it"));
    return { files, fromFolder: true };
  } catch (error) {
    problems.push(unreadable(arg, reasonOf(error)));
    return { files: [], fromFolder: true };
  }
}

function attachmentsOf(document: LocatedDocument): string[] {
  const { value } = document;
  const services: unknown = isMapping(value) ? value.services : undefined;
  if (!Array.isArray(services)) return [];
  const paths = services.flatMap((service: unknown) => {
    return isMapping(service) ? [service.openapi_file, service.documentation_file] : [];
  });
  return paths.filter((path) => typeof path === "string").map((path) => resolve(folderOf(document), path));
}

export function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function unreadable(file: string, reason: string): Problem {
  return { file, line: 0, column: 0, path: "", message: `can't read it: ${reason}`, sourceLine: null };
}
