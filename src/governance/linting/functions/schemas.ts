import { arrayOf, isObject, type JsonObject, objectOf, type Path } from "../../documents/json.ts";

export interface FoundProperty {
  readonly name: string;
  readonly schema: unknown;
  readonly path: Path;
}

const SCHEMA_MAPS = ["properties", "patternProperties", "$defs", "dependentSchemas"];
const SCHEMA_LISTS = ["allOf", "oneOf", "anyOf", "prefixItems"];
const SCHEMAS = ["items", "additionalProperties", "not", "if", "then", "else", "contains", "propertyNames"];

/** Every property of every schema of a document, each once, at the place where it is written. */
export function propertiesOf(document: JsonObject): FoundProperty[] {
  const found: FoundProperty[] = [];
  const components = objectOf(document.components);
  for (const [name, schema] of Object.entries(objectOf(components.schemas))) {
    collect(schema, ["components", "schemas", name], found);
  }
  for (const kind of ["responses", "requestBodies", "parameters", "headers"]) {
    findSchemas(components[kind], ["components", kind], found);
  }
  findSchemas(document.paths, ["paths"], found);
  findSchemas(document.webhooks, ["webhooks"], found);
  return found;
}

/** Outside components a schema is always under `schema`. Examples are values, whatever their keys are called. */
function findSchemas(node: unknown, path: Path, found: FoundProperty[]): void {
  for (const [index, entry] of arrayOf(node).entries()) findSchemas(entry, [...path, index], found);
  if (!isObject(node)) return;
  for (const [key, value] of Object.entries(node)) {
    if (key === "example" || key === "examples" || key.startsWith("x-")) continue;
    if (key === "schema") collect(value, [...path, key], found);
    else findSchemas(value, [...path, key], found);
  }
}

function collect(schema: unknown, path: Path, found: FoundProperty[]): void {
  if (!isObject(schema)) return;
  for (const [name, property] of Object.entries(objectOf(schema.properties))) {
    found.push({ name, schema: property, path: [...path, "properties", name] });
  }
  for (const keyword of SCHEMA_MAPS) {
    for (const [name, nested] of Object.entries(objectOf(schema[keyword]))) {
      collect(nested, [...path, keyword, name], found);
    }
  }
  for (const keyword of SCHEMA_LISTS) {
    for (const [index, nested] of arrayOf(schema[keyword]).entries()) collect(nested, [...path, keyword, index], found);
  }
  for (const keyword of SCHEMAS) collect(schema[keyword], [...path, keyword], found);
}
