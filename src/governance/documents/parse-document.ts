import { type Document, LineCounter, parseDocument } from "yaml";
import { GovernanceError } from "../governance-error.ts";
import { isObject, type JsonObject } from "./json.ts";

/** Texts above this are refused, before they are looked at. */
export const DOCUMENT_LIMIT_BYTES = 8 * 1024 * 1024;

/**
 * A YAML or JSON text as data.
 *
 * @throws GovernanceError `document_too_large` or `document_unreadable`, with line and column of the first mistake
 */
export function parseOpenapi(text: string, name = "the document"): JsonObject {
  checkSize(text, name);
  const lines = new LineCounter();
  const document = read(text, lines, name);
  const [error] = document.errors;
  if (error !== undefined) {
    const { line, col } = lines.linePos(error.pos[0]);
    throw new GovernanceError(
      "document_unreadable",
      `${name} is neither YAML nor JSON: line ${line}, column ${col}: ${error.message}`,
    );
  }
  const value = toData(document, name);
  if (!isObject(value)) {
    throw new GovernanceError("document_unreadable", `${name} is not an OpenAPI document: it must be an object`);
  }
  return value;
}

function read(text: string, lineCounter: LineCounter, name: string): Document.Parsed {
  try {
    return parseDocument(text, { lineCounter, prettyErrors: false, logLevel: "silent" });
  } catch (error) {
    throw unreadable(name, error);
  }
}

function toData(document: Document.Parsed, name: string): unknown {
  try {
    return document.toJS();
  } catch (error) {
    throw unreadable(name, error);
  }
}

/** Nested too deep for the stack, aliases that lead nowhere, or that multiply without bound. */
function unreadable(name: string, error: unknown): GovernanceError {
  const reason = error instanceof Error ? error.message : String(error);
  return new GovernanceError("document_unreadable", `${name} can't be read: ${reason}`);
}

/** @throws GovernanceError `document_too_large` */
export function checkSize(text: string, name = "the document", limitBytes = DOCUMENT_LIMIT_BYTES): void {
  const bytes = Buffer.byteLength(text);
  if (bytes <= limitBytes) return;
  throw new GovernanceError(
    "document_too_large",
    `${name} has ${bytes} bytes; at most ${limitBytes} are allowed: split the API into several services, or move long examples out`,
  );
}
