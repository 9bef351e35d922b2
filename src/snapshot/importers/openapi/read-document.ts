import { posix } from "node:path";
import { pathToFileURL } from "node:url";
import SwaggerParser from "@apidevtools/swagger-parser";
import { parse } from "yaml";
import { ImportError, type Place } from "../import-result.ts";
import { type Fields, fieldsOf, isFields, textOf } from "../shape.ts";
import { SourceDocument } from "../source-document.ts";

/** Reads a file that a `$ref` names; null: there is none. Only files in the document's folder and below are asked for. */
export type ReadReferenced = (path: string) => string | null;

export interface OpenApiDocument {
  /** The document with all its references followed; circular ones stay. */
  api: Fields;
  source: SourceDocument;
}

/** The references of a document are followed as if it lay here: nothing of it is ever read from a real folder. */
const BASE = "/document/";

/** Parses an OpenAPI 3.0 or 3.1 document and checks it against the specification's schema. Throws ImportError. */
export async function readOpenApi(
  file: string,
  text: string,
  readReferenced: ReadReferenced,
): Promise<OpenApiDocument> {
  const source = new SourceDocument(file, text);
  checkVersion(source);
  const references = new References(source, readReferenced);
  const base = pathToFileURL(`${BASE}${posix.basename(file)}`).href;
  try {
    const parser = new SwaggerParser();
    const api: unknown = await parser.validate(base, structuredClone(source.value) as never, {
      resolve: { http: false, file: false, folder: references.resolver() },
      dereference: { circular: "ignore" },
    });
    return { api: fieldsOf(api), source };
  } catch (error) {
    throw references.failure ?? explained(error, source);
  }
}

function checkVersion(source: SourceDocument): void {
  const document = source.value;
  if (!isFields(document)) throw new ImportError(source.placeOf([]), "not an OpenAPI document: it must be a mapping");
  if (document.swagger !== undefined) {
    const message =
      "this is Swagger 2.0: convert it to OpenAPI 3 first (https://converter.swagger.io, or the npm package swagger2openapi)";
    throw new ImportError(source.placeOfKey(["swagger"]), message);
  }
  const version = document.openapi;
  if (version === undefined) {
    throw new ImportError(source.placeOf([]), "not an OpenAPI document: the key `openapi` with its version is missing");
  }
  if (typeof version !== "string") {
    throw new ImportError(source.placeOf(["openapi"]), "the version must be a text: put quotes around it");
  }
  if (!/^3\.[01]\.\d+$/.test(version)) {
    const message = "this version of OpenAPI can't be imported: expected 3.0.x or 3.1.x";
    throw new ImportError(source.placeOf(["openapi"]), message);
  }
  if (document.paths === undefined && document.webhooks === undefined) {
    throw new ImportError(source.placeOf([]), "the document has no `paths`, so there is nothing to route");
  }
}

/** Follows references to files of the document's own folder, and to nothing else. */
class References {
  readonly #source: SourceDocument;
  readonly #read: ReadReferenced;
  failure: ImportError | null = null;

  constructor(source: SourceDocument, read: ReadReferenced) {
    this.#source = source;
    this.#read = read;
  }

  resolver() {
    return {
      order: 1,
      canRead: true,
      read: ({ url, reference }: { url: string; reference?: string }) => this.#follow(url, reference),
    };
  }

  #follow(url: string, reference: string | undefined): object {
    const path = localPath(url);
    if (path === null) {
      return this.#fail(
        reference,
        "it leads out of the document's folder: only files in it and below it are followed, and nothing over the network",
      );
    }
    const text = this.#read(path);
    if (text === null) return this.#fail(reference, `the file ${path} can't be read`);
    try {
      return fieldsOf(parse(text, { prettyErrors: false }));
    } catch {
      return this.#fail(reference, `the file ${path} is not valid YAML or JSON`);
    }
  }

  #fail(reference: string | undefined, reason: string): never {
    const place = placeOfReference(this.#source, reference ?? "") ?? this.#source.placeOf([]);
    this.failure ??= new ImportError(place, `$ref: ${reason}`);
    throw this.failure;
  }
}

/** The path below the document's folder, or null. */
function localPath(url: string): string | null {
  if (/^[a-z][a-z0-9+.-]+:/i.test(url) && !url.startsWith("file:")) return null;
  let path: string;
  try {
    path = decodeURIComponent(url.replace(/^file:\/\//, ""));
  } catch {
    return null;
  }
  const normal = posix.normalize(path);
  return normal.startsWith(BASE) ? normal.slice(BASE.length) : null;
}

function placeOfReference(source: SourceDocument, reference: string): Place | null {
  const find = (value: unknown, path: (string | number)[]): Place | null => {
    if (typeof value !== "object" || value === null) return null;
    for (const [key, child] of Object.entries(value)) {
      const step = Array.isArray(value) ? Number(key) : key;
      const isIt = key === "$ref" && typeof child === "string" && child.split("#")[0] === reference;
      const place = isIt ? source.placeOf([...path, step]) : find(child, [...path, step]);
      if (place !== null) return place;
    }
    return null;
  };
  return reference === "" ? null : find(source.value, []);
}

/** The validator's findings, at the place of the deepest of them: the others mostly follow from it. */
function explained(error: unknown, source: SourceDocument): ImportError {
  const details = isFields(error) || error instanceof Error ? fieldsOf(error).details : undefined;
  if (Array.isArray(details)) {
    const found = details
      .map((detail) => fieldsOf(detail))
      .map(({ instancePath, message, params }) => ({
        path: pointer(textOf(instancePath) ?? ""),
        message: `${textOf(message) ?? "it is not valid"}${extraKey(fieldsOf(params))}`,
      }));
    const [deepest] = found.sort((a, b) => b.path.length - a.path.length);
    if (deepest !== undefined) {
      const where = deepest.path.length === 0 ? "the document" : deepest.path.join("/");
      return new ImportError(source.placeOf(deepest.path), `not a valid OpenAPI document: ${where} ${deepest.message}`);
    }
  }
  const message =
    error instanceof Error ? error.message.split("\n")[0]?.replaceAll(`file://${BASE}`, "") : String(error);
  const pointed = /"(#\/[^"]+)"/.exec(message ?? "")?.[1];
  const place = pointed === undefined ? null : placeOfPointer(source, pointed);
  return new ImportError(place ?? source.placeOf([]), `not a valid OpenAPI document: ${message}`);
}

function placeOfPointer(source: SourceDocument, pointed: string): Place | null {
  const find = (value: unknown, path: (string | number)[]): Place | null => {
    if (typeof value !== "object" || value === null) return null;
    for (const [key, child] of Object.entries(value)) {
      const at = [...path, Array.isArray(value) ? Number(key) : key];
      const place = key === "$ref" && child === pointed ? source.placeOf(at) : find(child, at);
      if (place !== null) return place;
    }
    return null;
  };
  return find(source.value, []);
}

function extraKey({ additionalProperty, unevaluatedProperty }: Fields): string {
  const name = textOf(additionalProperty) ?? textOf(unevaluatedProperty);
  return name === null ? "" : ` (${name})`;
}

function pointer(path: string): (string | number)[] {
  return path
    .split("/")
    .slice(1)
    .map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"))
    .map((step) => (/^\d+$/.test(step) ? Number(step) : step));
}
