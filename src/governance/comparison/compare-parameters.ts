import { objectOf, type Path } from "../documents/json.ts";
import type { ChangeList } from "./change.ts";
import type { SchemaComparison } from "./compare-schemas.ts";
import type { Operation, Parameter } from "./operations.ts";

export function compareParameters(
  before: Operation,
  after: Operation,
  changes: ChangeList,
  schemas: SchemaComparison,
): void {
  const old = new Map(before.parameters.map((parameter) => [parameter.key, parameter]));
  const now = new Map(after.parameters.map((parameter) => [parameter.key, parameter]));
  for (const [key, parameter] of old) {
    const match = now.get(key) ?? moved(parameter, old, now);
    if (match === undefined) {
      // A client that sends it is no longer heard, or refused: which of the two, a document does not say.
      changes.breaking("parameter-removed", pathOf(before, parameter), `${describe(parameter)} removed`);
    } else {
      now.delete(match.key);
      compareParameter(parameter, match, pathOf(after, match), changes, schemas);
    }
  }
  for (const parameter of now.values()) reportAdded(parameter, pathOf(after, parameter), changes);
}

/** The same name elsewhere, where neither place has a parameter of that name in the other document. */
function moved(
  parameter: Parameter,
  old: ReadonlyMap<string, Parameter>,
  now: ReadonlyMap<string, Parameter>,
): Parameter | undefined {
  return [...now.values()].find(({ name, key }) => name === parameter.name && !old.has(key));
}

function compareParameter(
  before: Parameter,
  after: Parameter,
  path: Path,
  changes: ChangeList,
  schemas: SchemaComparison,
): void {
  if (before.location !== after.location) {
    const message = `${describe(before)} moved to ${after.location}`;
    changes.breaking("parameter-location-changed", path, message);
  } else if (before.location === "path" && before.name !== after.name) {
    const message = `path parameter ${before.name} is named ${after.name} now`;
    changes.compatible("path-parameter-renamed", path, message);
  }
  const [wasRequired, isRequired] = [isRequiredOf(before), isRequiredOf(after)];
  if (!wasRequired && isRequired) {
    changes.breaking("parameter-became-required", path, `${describe(after)} became required`);
  } else if (wasRequired && !isRequired) {
    changes.compatible("parameter-became-optional", path, `${describe(after)} became optional`);
  }
  if (before.location === after.location && serializationOf(before) !== serializationOf(after)) {
    const message = `${describe(after)} is written in another way: ${serializationOf(before)} became ${serializationOf(after)}`;
    changes.breaking("parameter-serialization-changed", path, message);
  }
  if (before.node.deprecated !== true && after.node.deprecated === true) {
    changes.compatible("parameter-deprecated", path, `${describe(after)} is deprecated now`);
  }
  schemas.compare("parameter", schemaOf(before), schemaOf(after), [...path, "schema"]);
}

function reportAdded(parameter: Parameter, path: Path, changes: ChangeList): void {
  if (isRequiredOf(parameter))
    changes.breaking("required-parameter-added", path, `required ${describe(parameter)} added`);
  else changes.compatible("optional-parameter-added", path, `optional ${describe(parameter)} added`);
}

function isRequiredOf({ node, location }: Parameter): boolean {
  return node.required === true || location === "path";
}

/** A parameter has a schema, or one media type with a schema. */
function schemaOf({ node }: Parameter): unknown {
  return node.schema ?? objectOf(contentOf(node)?.[1]).schema;
}

function contentOf(node: Parameter["node"]): [string, unknown] | undefined {
  return Object.entries(objectOf(node.content))[0];
}

const DEFAULT_STYLES: Readonly<Record<string, string>> = {
  query: "form",
  cookie: "form",
  path: "simple",
  header: "simple",
};

/** With the defaults of OpenAPI 3.1, 4.8.12.2.2. */
function serializationOf({ node, location }: Parameter): string {
  const content = contentOf(node);
  if (content !== undefined && node.schema === undefined) return content[0];
  const style = typeof node.style === "string" ? node.style : (DEFAULT_STYLES[location] ?? "");
  const explode = typeof node.explode === "boolean" ? node.explode : style === "form";
  const reserved = node.allowReserved === true ? ", reserved characters allowed" : "";
  return `${style}${explode ? ", exploded" : ""}${reserved}`;
}

function describe({ location, name }: Parameter): string {
  return `${location} parameter ${name}`;
}

function pathOf(operation: Operation, { location, name }: Parameter): Path {
  return [...operation.path, "parameters", `${location} ${name}`];
}
