import { canonical, field, isObject, type JsonObject, objectOf, type Path, stringsOf } from "../../documents/json.ts";
import { lookUp, referenceOf } from "../../documents/local-references.ts";
import { type DocumentCheck, needsCredentials, operationsOf, securityOf } from "./operations.ts";

interface ErrorResponse {
  readonly status: string;
  readonly node: JsonObject;
  /** Where the response is written, which may be in the components. */
  readonly path: Path;
}

/** Each once, however many operations refer to it. */
function errorResponsesOf(document: JsonObject): ErrorResponse[] {
  const found = new Map<string, ErrorResponse>();
  for (const { method, node, path } of operationsOf(document)) {
    if (method === "head") continue;
    for (const [status, value] of Object.entries(objectOf(node.responses))) {
      if (!/^[45](\d\d|XX)$|^default$/i.test(status)) continue;
      const response = locate(document, value, [...path, "responses", status]);
      if (response !== null) found.set(response.path.join("\n"), { status, ...response });
    }
  }
  return [...found.values()];
}

const MAX_CHAIN = 32;

function locate(document: JsonObject, value: unknown, path: Path): { node: JsonObject; path: Path } | null {
  let [node, at] = [value, path];
  for (let step = 0; step < MAX_CHAIN; step++) {
    const reference = referenceOf(node);
    if (reference === null) return isObject(node) ? { node, path: at } : null;
    node = lookUp(document, reference);
    at = reference
      .split("/")
      .slice(1)
      .map((segment) => segment.replaceAll("~1", "/").replaceAll("~0", "~"));
  }
  return null;
}

export const errorResponsesHaveSchema: DocumentCheck = (document) =>
  errorResponsesOf(document)
    .filter(({ node }) => !Object.values(objectOf(node.content)).some((type) => field(type, "schema") !== undefined))
    .map(({ status, path }) => ({
      message: `Response ${status} does not say what its body looks like: add \`content\` with a schema, best application/problem+json.`,
      path,
    }));

const PROBLEM = "application/problem+json";

export const oneErrorSchema: DocumentCheck = (document) => {
  const bodies = errorResponsesOf(document).flatMap(({ node, path }) =>
    Object.entries(objectOf(node.content)).map(([type, value]) => ({
      type,
      schema: field(value, "schema"),
      path: [...path, "content", type],
    })),
  );
  const usesProblems = bodies.some(({ type }) => isProblem(type));
  const expected = usesProblems ? "" : mostFrequent(bodies.map(({ schema }) => nameOf(schema)));
  return bodies
    .filter(({ type, schema }) => (usesProblems ? !isProblem(type) : nameOf(schema) !== expected))
    .map(({ type, schema, path }) => ({
      message: usesProblems
        ? `This error is ${type}, while others are ${PROBLEM}: answer all errors with ${PROBLEM}.`
        : `This error has the schema ${shorten(nameOf(schema))}, most have ${shorten(expected)}: use one for all.`,
      path,
    }));
};

function isProblem(type: string): boolean {
  return type.toLowerCase().startsWith(PROBLEM);
}

function nameOf(schema: unknown): string {
  return referenceOf(schema) ?? canonical(schema);
}

function mostFrequent(names: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].sort(([, a], [, b]) => b - a)[0]?.[0] ?? "";
}

function shorten(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

export const securedOperationsAnswer: DocumentCheck = (document, options) =>
  operationsOf(document)
    .filter((operation) => needsCredentials(securityOf(document, operation)))
    .flatMap(({ node, path }) => {
      const documented = Object.keys(objectOf(node.responses)).map((status) => status.toUpperCase());
      if (documented.includes("4XX") || documented.includes("DEFAULT")) return [];
      const missing = stringsOf(options.statuses).filter((status) => !documented.includes(status));
      if (missing.length === 0) return [];
      const message = `The operation needs credentials, but does not say what ${missing.join(" and ")} look${missing.length > 1 ? "" : "s"} like: add the response${missing.length > 1 ? "s" : ""}.`;
      return [{ message, path: [...path, "responses"] }];
    });
