import { isObject, type JsonObject, objectOf, type Path } from "../documents/json.ts";
import { resolveLocal } from "../documents/local-references.ts";
import type { ChangeList } from "./change.ts";
import type { SchemaComparison } from "./compare-schemas.ts";
import type { Operation } from "./operations.ts";

/** What is needed to compare parts of two documents. */
export interface Comparison {
  readonly before: JsonObject;
  readonly after: JsonObject;
  readonly changes: ChangeList;
  readonly schemas: SchemaComparison;
}

export function compareRequestBodies(before: Operation, after: Operation, comparison: Comparison): void {
  const { changes } = comparison;
  const old = resolveLocal(comparison.before, before.node.requestBody);
  const now = resolveLocal(comparison.after, after.node.requestBody);
  const path = [...after.path, "requestBody"];
  if (isObject(old) && isObject(now)) {
    if (old.required !== true && now.required === true) {
      changes.breaking("request-body-became-required", path, "the request body became required");
    } else if (old.required === true && now.required !== true) {
      changes.compatible("request-body-became-optional", path, "the request body became optional");
    }
    compareContent("request", old, now, path, comparison);
  } else if (isObject(old)) {
    changes.breaking("request-body-removed", [...before.path, "requestBody"], "the request body was removed");
  } else if (isObject(now)) {
    if (now.required === true)
      changes.breaking("required-request-body-added", path, "a required request body was added");
    else changes.compatible("optional-request-body-added", path, "an optional request body was added");
  }
}

export function compareResponses(before: Operation, after: Operation, comparison: Comparison): void {
  const old = objectOf(before.node.responses);
  const now = objectOf(after.node.responses);
  for (const status of new Set([...statusesOf(old), ...statusesOf(now)])) {
    const path = [...after.path, "responses", status];
    const oldAnswer = answerOf(comparison.before, old, status);
    const nowAnswer = answerOf(comparison.after, now, status);
    if (oldAnswer !== undefined && nowAnswer !== undefined) {
      compareContent("response", oldAnswer, nowAnswer, path, comparison);
      compareHeaders(oldAnswer, nowAnswer, path, comparison);
    } else if (oldAnswer !== undefined) {
      reportRemovedStatus(status, [...before.path, "responses", status], comparison.changes);
    } else if (nowAnswer !== undefined) {
      comparison.changes.compatible("response-status-added", path, `response ${status} added`);
    }
  }
}

function statusesOf(responses: JsonObject): string[] {
  return Object.keys(responses).filter((status) => /^([1-5](\d\d|XX)|default)$/i.test(status));
}

/** The answer for a status: its own, or its range's, as `4XX`. A status within a range is no removal of either. */
function answerOf(document: JsonObject, responses: JsonObject, status: string): JsonObject | undefined {
  const range = `${status[0]}XX`;
  const found = responses[status] ?? responses[range] ?? responses[range.toLowerCase()];
  const answer = resolveLocal(document, found);
  return isObject(answer) ? answer : undefined;
}

/** A client waits for success; that an error is no longer among the answers takes nothing from it. */
function reportRemovedStatus(status: string, path: Path, changes: ChangeList): void {
  if (/^[45]/.test(status)) changes.compatible("response-error-status-removed", path, `response ${status} removed`);
  else changes.breaking("response-success-status-removed", path, `response ${status} removed`);
}

function compareContent(
  subject: "request" | "response",
  before: JsonObject,
  after: JsonObject,
  path: Path,
  { changes, schemas }: Comparison,
): void {
  const old = mediaTypesOf(before);
  const now = mediaTypesOf(after);
  for (const name of new Set([...old.keys(), ...now.keys()])) {
    const at = [...path, "content", name];
    const [oldType, nowType] = [old.get(name), now.get(name)];
    // Clients choose among media types in both directions: to lose one breaks those that use it, to gain one none.
    if (nowType === undefined) changes.breaking(`${subject}-media-type-removed`, at, `media type ${name} removed`);
    else if (oldType === undefined) changes.compatible(`${subject}-media-type-added`, at, `media type ${name} added`);
    else schemas.compare(subject, oldType.schema, nowType.schema, [...at, "schema"]);
  }
}

/** Names are compared as RFC 9110, 8.3.1 has it: without regard to case and blanks. */
function mediaTypesOf(node: JsonObject): Map<string, JsonObject> {
  return new Map(
    Object.entries(objectOf(node.content)).map(([name, value]) => {
      return [name.toLowerCase().replace(/\s/g, ""), objectOf(value)];
    }),
  );
}

function compareHeaders(before: JsonObject, after: JsonObject, path: Path, comparison: Comparison): void {
  const { changes, schemas } = comparison;
  const old = headersOf(comparison.before, before);
  const now = headersOf(comparison.after, after);
  for (const name of new Set([...old.keys(), ...now.keys()])) {
    const at = [...path, "headers", name];
    const [oldHeader, nowHeader] = [old.get(name), now.get(name)];
    if (nowHeader === undefined) changes.breaking("response-header-removed", at, `response header ${name} removed`);
    else if (oldHeader === undefined) changes.compatible("response-header-added", at, `response header ${name} added`);
    else {
      if (oldHeader.required === true && nowHeader.required !== true) {
        changes.breaking("response-header-became-optional", at, `response header ${name} became optional`);
      } else if (oldHeader.required !== true && nowHeader.required === true) {
        changes.compatible("response-header-became-required", at, `response header ${name} is always there now`);
      }
      schemas.compare("response-header", oldHeader.schema, nowHeader.schema, [...at, "schema"]);
    }
  }
}

/** OpenAPI 3.1, 4.8.17: `Content-Type` is no response header here. */
function headersOf(document: JsonObject, answer: JsonObject): Map<string, JsonObject> {
  return new Map(
    Object.entries(objectOf(answer.headers))
      .map(([name, value]): [string, JsonObject] => [name.toLowerCase(), objectOf(resolveLocal(document, value))])
      .filter(([name]) => name !== "content-type"),
  );
}
