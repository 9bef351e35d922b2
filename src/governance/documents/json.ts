/** An object of a parsed document. */
export type JsonObject = Readonly<Record<string, unknown>>;

export type Path = readonly (string | number)[];

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The object, or an empty one: documents are full of parts that may be left out, or be of the wrong type. */
export function objectOf(value: unknown): JsonObject {
  return isObject(value) ? value : EMPTY_OBJECT;
}

export function arrayOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

export function stringsOf(value: unknown): string[] {
  return arrayOf(value).filter((entry) => typeof entry === "string");
}

/** An own property: `constructor` and the like are names as any other in a document. */
export function field(value: unknown, name: string): unknown {
  return isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}

/** e.g. `paths./users.get.parameters[0]` */
export function formatPath(path: Path): string {
  let text = "";
  for (const step of path) {
    if (typeof step === "number") text += `[${step}]`;
    else text += text === "" ? step : `.${step}`;
  }
  return text;
}

/** The same text for values that differ in the order of their keys alone. */
export function canonical(value: unknown): string {
  return (
    JSON.stringify(value, (_key, nested: unknown) => {
      if (!isObject(nested)) return nested;
      return Object.fromEntries(Object.entries(nested).sort(([a], [b]) => (a < b ? -1 : 1)));
    }) ?? "undefined"
  );
}

const EMPTY_OBJECT: JsonObject = Object.freeze({});
