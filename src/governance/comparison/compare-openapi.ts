import { isObject, type JsonObject } from "../documents/json.ts";
import { parseOpenapi } from "../documents/parse-document.ts";
import { GovernanceError } from "../governance-error.ts";
import { type Change, ChangeList } from "./change.ts";
import { type Comparison, compareRequestBodies, compareResponses } from "./compare-bodies.ts";
import { compareParameters } from "./compare-parameters.ts";
import { SchemaComparison } from "./compare-schemas.ts";
import { compareSchemes, compareSecurity, type SchemeNames } from "./compare-security.ts";
import { type Operation, type PathItem, pathItemsOf } from "./operations.ts";

/**
 * What a client of the old document meets in the new one, in the order of the old one, additions last. Judged by what
 * the documents promise, not by what a server happens to accept. Servers, webhooks, callbacks, links, examples and
 * descriptions are not compared. References outside the document count as schemas that allow everything.
 *
 * @param before OpenAPI 3.0 or 3.1, as text (YAML or JSON) or parsed
 * @throws GovernanceError `document_unreadable` or `document_too_large`
 */
export function compareOpenapi(before: unknown, after: unknown): readonly Change[] {
  const old = documentOf(before, "the old document");
  const now = documentOf(after, "the new document");
  const changes = new ChangeList();
  const comparison = { before: old, after: now, changes, schemas: new SchemaComparison(old, now, changes) };
  const names = compareSchemes(comparison);
  const oldItems = pathItemsOf(old);
  const nowItems = pathItemsOf(now);
  for (const [shape, item] of oldItems) compareItems(item, nowItems.get(shape), names, comparison);
  for (const [shape, item] of nowItems) {
    if (!oldItems.has(shape)) reportAdded(item, changes);
  }
  return Object.freeze(changes.changes);
}

export function breakingChanges(changes: readonly Change[]): readonly Change[] {
  return changes.filter(({ isBreaking }) => isBreaking);
}

function documentOf(given: unknown, name: string): JsonObject {
  const document = typeof given === "string" ? parseOpenapi(given, name) : given;
  if (isObject(document) && typeof document.openapi === "string" && /^3\.[01](\.|$)/.test(document.openapi)) {
    return document;
  }
  throw new GovernanceError(
    "document_unreadable",
    `${name} is not OpenAPI 3.0 or 3.1: \`openapi\` must be a version such as "3.1.0"`,
  );
}

function compareItems(before: PathItem, after: PathItem | undefined, names: SchemeNames, comparison: Comparison): void {
  const { changes } = comparison;
  if (after === undefined) {
    changes.enter(null);
    changes.breaking("path-removed", ["paths", before.template], `path ${before.template} removed${notice(before)}`);
    return;
  }
  for (const [method, operation] of before.operations) {
    const counterpart = after.operations.get(method);
    changes.enter(counterpart?.name ?? operation.name);
    if (counterpart !== undefined) compareOperations(operation, counterpart, names, comparison);
    else changes.breaking("operation-removed", operation.path, `operation removed${deprecation([operation])}`);
  }
  for (const [method, operation] of after.operations) {
    changes.enter(operation.name);
    if (!before.operations.has(method)) changes.compatible("operation-added", operation.path, "operation added");
  }
}

function reportAdded({ template, operations }: PathItem, changes: ChangeList): void {
  changes.enter(null);
  const methods = [...operations.keys()].map((method) => method.toUpperCase()).join(", ");
  changes.compatible("path-added", ["paths", template], `path ${template} added (${methods})`);
}

function compareOperations(before: Operation, after: Operation, names: SchemeNames, comparison: Comparison): void {
  const { changes, schemas } = comparison;
  compareIdentity(before, after, changes);
  compareSecurity(before, after, names, comparison);
  compareParameters(before, after, changes, schemas);
  compareRequestBodies(before, after, comparison);
  compareResponses(before, after, comparison);
}

/** An operationId is no part of a call, but generated clients are named by it. */
function compareIdentity({ node: before }: Operation, { node: after, path }: Operation, changes: ChangeList): void {
  if (before.operationId !== after.operationId) {
    const message = `operationId changed from ${before.operationId ?? "none"} to ${after.operationId ?? "none"}`;
    changes.compatible("operation-id-changed", [...path, "operationId"], message);
  }
  if (before.deprecated !== true && after.deprecated === true) {
    changes.compatible("operation-deprecated", [...path, "deprecated"], "operation is deprecated now");
  } else if (before.deprecated === true && after.deprecated !== true) {
    changes.compatible("operation-reactivated", path, "operation is no longer deprecated");
  }
}

function notice(item: PathItem): string {
  const operations = [...item.operations.values()];
  const methods = operations.map(({ method }) => method.toUpperCase()).join(", ");
  return ` (${methods})${deprecation(operations)}`;
}

function deprecation(operations: readonly Operation[]): string {
  const isDeprecated = operations.length > 0 && operations.every(({ node }) => node.deprecated === true);
  return isDeprecated ? "; it was deprecated" : "";
}
