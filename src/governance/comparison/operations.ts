import { arrayOf, isObject, type JsonObject, objectOf, type Path } from "../documents/json.ts";
import { resolveLocal } from "../documents/local-references.ts";

const METHODS = ["get", "put", "post", "delete", "options", "head", "patch", "trace"] as const;

/** One operation with what its path item and document add to it. */
export interface Operation {
  readonly method: string;
  readonly template: string;
  /** e.g. `GET /users/{id}` */
  readonly name: string;
  readonly path: Path;
  readonly node: JsonObject;
  readonly parameters: readonly Parameter[];
  /** The operation's own, or the document's; null where neither says anything. */
  readonly security: readonly unknown[] | null;
}

export interface Parameter {
  /** As in `parameters`, after references. */
  readonly node: JsonObject;
  readonly name: string;
  readonly location: string;
  /** By what the same parameter is found in another document. */
  readonly key: string;
}

export interface PathItem {
  readonly template: string;
  readonly operations: ReadonlyMap<string, Operation>;
}

/** The paths of a document by their template without the parameters' names, which mean nothing to a client. */
export function pathItemsOf(document: JsonObject): Map<string, PathItem> {
  const items = new Map<string, PathItem>();
  for (const [template, value] of Object.entries(objectOf(document.paths))) {
    if (!template.startsWith("/")) continue;
    items.set(shapeOf(template), { template, operations: operationsOf(document, template, value) });
  }
  return items;
}

export function shapeOf(template: string): string {
  return template.replace(/\{[^{}]*\}/g, "{}");
}

export function parameterNamesOf(template: string): string[] {
  return [...template.matchAll(/\{([^{}]*)\}/g)].map(([, name = ""]) => name);
}

function operationsOf(document: JsonObject, template: string, value: unknown): Map<string, Operation> {
  const item = objectOf(resolveLocal(document, value));
  const operations = new Map<string, Operation>();
  for (const method of METHODS) {
    const node = item[method];
    if (!isObject(node)) continue;
    const security = node.security ?? document.security;
    operations.set(method, {
      method,
      template,
      name: `${method.toUpperCase()} ${template}`,
      path: ["paths", template, method],
      node,
      parameters: parametersOf(document, template, item, node),
      security: Array.isArray(security) ? security : null,
    });
  }
  return operations;
}

/** An operation's parameters replace those of its path item with the same name and location (OpenAPI 3.1, 4.8.10). */
function parametersOf(document: JsonObject, template: string, item: JsonObject, operation: JsonObject): Parameter[] {
  const parameters = new Map<string, Parameter>();
  const places = parameterNamesOf(template);
  for (const value of [...arrayOf(item.parameters), ...arrayOf(operation.parameters)]) {
    const node = resolveLocal(document, value);
    if (!isObject(node) || typeof node.name !== "string" || typeof node.in !== "string") continue;
    if (isDescribedElsewhere(node.name, node.in)) continue;
    const key = keyOf(node.name, node.in, places);
    parameters.set(key, { node, name: node.name, location: node.in, key });
  }
  return [...parameters.values()];
}

/** A path parameter is known by its place, a header without regard to case. */
function keyOf(name: string, location: string, places: readonly string[]): string {
  if (location === "path") return `path ${places.indexOf(name)}`;
  return `${location} ${location === "header" ? name.toLowerCase() : name}`;
}

/** OpenAPI 3.1, 4.8.12.2.1: such header parameters are to be ignored. */
function isDescribedElsewhere(name: string, location: string): boolean {
  return location === "header" && ["accept", "content-type", "authorization"].includes(name.toLowerCase());
}
