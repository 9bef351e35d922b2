import { isObject, type JsonObject, objectOf } from "../../documents/json.ts";

/** What a function of ours found. Paths are those of the document as it was written. */
export interface Violation {
  readonly message: string;
  readonly path: readonly (string | number)[];
}

/** Judges a whole document, whose references are left as they are. */
export type DocumentCheck = (document: JsonObject, options: JsonObject) => Violation[];

const METHODS = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

export interface LintedOperation {
  readonly method: string;
  readonly path: readonly string[];
  readonly node: JsonObject;
}

export function operationsOf(document: JsonObject): LintedOperation[] {
  return Object.entries(objectOf(document.paths)).flatMap(([template, item]) =>
    METHODS.flatMap((method) => {
      const node = objectOf(item)[method];
      return isObject(node) ? [{ method, path: ["paths", template, method], node }] : [];
    }),
  );
}

export function templatesOf(document: JsonObject): string[] {
  return Object.keys(objectOf(document.paths)).filter((template) => template.startsWith("/"));
}

/** The operation's own security, or the document's; undefined where neither says anything. */
export function securityOf(document: JsonObject, operation: LintedOperation): unknown {
  return operation.node.security ?? document.security;
}

/** Whether a call without credentials is refused. An empty requirement among others lets it in. */
export function needsCredentials(security: unknown): boolean {
  return (
    Array.isArray(security) &&
    security.length > 0 &&
    security.every((requirement) => Object.keys(objectOf(requirement)).length > 0)
  );
}
