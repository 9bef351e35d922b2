import { Ajv, type ErrorObject, type Options } from "ajv";
import { Ajv2020 } from "ajv/dist/2020.js";
import { BudgetError, LinearPattern, PatternError, withBudget } from "./linear-pattern.ts";

/** Where a value does not fit its schema. */
export interface Violation {
  /** JSON pointer (RFC 6901) into the value; "": the whole. */
  pointer: string;
  message: string;
}

/** What is wrong with a value; empty: it fits. */
export type SchemaValidator = (value: unknown) => readonly Violation[];

const DRAFTS: Record<string, "2020-12" | "draft-07"> = {
  "https://json-schema.org/draft/2020-12/schema": "2020-12",
  "http://json-schema.org/draft-07/schema": "draft-07",
};

const MAX_SCHEMA_CHARACTERS = 256 * 1024;
const MAX_VIOLATIONS = 5;

/** Comparing each with each takes the square of their number. */
const MAX_UNIQUE_ITEMS = 1_000;

const OPTIONS: Options = {
  // What a schema says that nobody here knows is an annotation (JSON Schema 2020-12 §4.3.1).
  strict: false,
  validateFormats: false,
  // The first mistake ends it: finding all of them takes time that callers could make us spend.
  allErrors: false,
  // `constructor` and the like are nobody's properties unless they are sent.
  ownProperties: true,
  // Every worker would compile them again; `schemaFault` has looked at the schema.
  meta: false,
  validateSchema: false,
  logger: false,
  code: { regExp: Object.assign((source: string) => new LinearPattern(source), { code: "linearPattern" }) },
};

/** Why it is no schema that bodies can be checked by; null: it is one. Draft 2020-12, or draft-07 where `$schema` says so. */
export function schemaFault(schema: unknown): string | null {
  if (typeof schema !== "boolean" && !isObject(schema)) return "expected a JSON Schema: a mapping, or true or false";
  const text = JSON.stringify(schema);
  if (text.length > MAX_SCHEMA_CHARACTERS) return `the schema is longer than ${MAX_SCHEMA_CHARACTERS / 1024} KiB`;
  const draft = draftOf(schema);
  if (draft === null) return `\`$schema\` must be one of ${Object.keys(DRAFTS).join(", ")}`;
  const judge = draft === "2020-12" ? judge2020 : judge07;
  if (judge.validateSchema(schema) !== true) {
    const [error] = judge.errors ?? [];
    return `not a valid JSON Schema (${draft}): ${error?.instancePath || "/"} ${error?.message ?? ""}`;
  }
  const costly = costlyUniqueItems(schema);
  if (costly !== null) return costly;
  try {
    compile(schema);
    return null;
  } catch (error) {
    if (error instanceof PatternError) return `a pattern of the schema can't be used: ${error.message}`;
    return `the schema can't be compiled: ${error instanceof Error ? error.message.slice(0, 200) : "unknown"}`;
  }
}

const judge2020 = new Ajv2020({ strict: false, logger: false });
const judge07 = new Ajv({ strict: false, logger: false });

/** Each schema once, also over snapshots: most of a new one is as it was. The last so many. */
const MAX_KNOWN = 1_000;
const known = new Map<string, SchemaValidator>();

/** `text`: JSON of a schema without a fault. Throws nothing, whatever the value: what can't be told does not fit. */
export function compileSchema(text: string): SchemaValidator {
  let validator = known.get(text);
  if (validator === undefined) {
    validator = validatorOf(compile(JSON.parse(text) as object | boolean));
    for (const oldest of known.keys()) {
      if (known.size < MAX_KNOWN) break;
      known.delete(oldest);
    }
    known.set(text, validator);
  }
  return validator;
}

type Compiled = ((value: unknown) => unknown) & { errors?: ErrorObject[] | null };

function compile(schema: object | boolean): Compiled {
  // An instance for each: two schemas may have one `$id`.
  const ajv = draftOf(schema) === "draft-07" ? new Ajv(OPTIONS) : new Ajv2020(OPTIONS);
  if (typeof schema === "boolean") return ajv.compile(schema);
  const { $schema: _draft, ...rest } = schema as Record<string, unknown>;
  if (rest.$async !== undefined) throw new Error("`$async` is not supported");
  return ajv.compile(rest);
}

function validatorOf(validate: Compiled): SchemaValidator {
  return (value) => {
    try {
      if (withBudget(() => validate(value)) === true) return [];
      return (validate.errors ?? []).slice(0, MAX_VIOLATIONS).map(violationOf);
    } catch (error) {
      if (error instanceof BudgetError) return [{ pointer: "", message: "takes too long to be checked" }];
      // A schema that refers to itself goes as deep as the value does.
      if (error instanceof RangeError) return [{ pointer: "", message: "is nested too deeply" }];
      throw error;
    }
  };
}

const MAX_POINTER_CHARACTERS = 200;

function violationOf({ instancePath, message, keyword, params }: ErrorObject): Violation {
  const name: unknown = keyword === "additionalProperties" ? params.additionalProperty : undefined;
  const which = typeof name === "string" ? `: ${JSON.stringify(name.slice(0, 100))}` : "";
  return { pointer: instancePath.slice(0, MAX_POINTER_CHARACTERS), message: `${message ?? "does not fit"}${which}` };
}

function draftOf(schema: object | boolean): "2020-12" | "draft-07" | null {
  const named = isObject(schema) ? schema.$schema : undefined;
  if (named === undefined) return "2020-12";
  return typeof named === "string" ? (DRAFTS[named.replace(/#$/, "")] ?? null) : null;
}

/** Looks at all mappings: a property of that name is met as well, which asks for a bound too many. */
function costlyUniqueItems(schema: unknown): string | null {
  if (Array.isArray(schema)) return firstFault(schema);
  if (!isObject(schema)) return null;
  const { uniqueItems, maxItems } = schema;
  if (uniqueItems === true && !(typeof maxItems === "number" && maxItems <= MAX_UNIQUE_ITEMS)) {
    return `\`uniqueItems\` needs a \`maxItems\` of at most ${MAX_UNIQUE_ITEMS} beside it`;
  }
  return firstFault(Object.values(schema));
}

function firstFault(parts: readonly unknown[]): string | null {
  for (const part of parts) {
    const fault = costlyUniqueItems(part);
    if (fault !== null) return fault;
  }
  return null;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
