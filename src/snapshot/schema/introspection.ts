import { z } from "zod";
import { type FieldNotes, fieldNotes, mappingOf } from "./notes.ts";

export type Path = readonly (string | number)[];

/** A field of the schema, its wrappers (optional, nullable, default) taken off. */
export interface Field {
  /** The schema inside the wrappers: an object, array, record, enum, boolean, literal or scalar. */
  inner: z.core.$ZodType;
  notes: FieldNotes;
  description: string;
  nullable: boolean;
  /** Absent: the field is required, or optional without a default. */
  defaultValue?: unknown;
  required: boolean;
}

/** Schemas do not change: what was found out about one holds. */
const known = new WeakMap<z.core.$ZodType, Readonly<Field>>();

export function fieldOf(schema: z.core.$ZodType): Readonly<Field> {
  let field = known.get(schema);
  if (field === undefined) {
    field = lookAt(schema);
    known.set(schema, field);
  }
  return field;
}

function lookAt(schema: z.core.$ZodType): Field {
  const field: Field = { inner: schema, notes: {}, description: "", nullable: false, required: true };
  for (let current: z.core.$ZodType | null = schema; current !== null; current = unwrapped(current)) {
    field.inner = current;
    field.notes = { ...fieldNotes.get(current), ...field.notes };
    field.description ||= z.globalRegistry.get(current)?.description ?? "";
    if (current instanceof z.ZodNullable) field.nullable = true;
    if (current instanceof z.ZodOptional) field.required = false;
    if (current instanceof z.ZodPrefault) {
      field.required = false;
      field.defaultValue = current.def.defaultValue;
    }
  }
  field.inner = mappingOf(field.inner) ?? field.inner;
  return field;
}

function unwrapped(schema: z.core.$ZodType): z.core.$ZodType | null {
  // See withShorthand.
  if (schema instanceof z.ZodPreprocess) return schema.def.out;
  const wraps = schema instanceof z.ZodOptional || schema instanceof z.ZodNullable || schema instanceof z.ZodPrefault;
  return wraps ? schema.def.innerType : null;
}

/** The schema one step below, or null when there is none of that name. */
export function childSchema(schema: z.core.$ZodType, step: string | number): z.core.$ZodType | null {
  const { inner, notes } = fieldOf(schema);
  if (notes.anyJson === true) return schema;
  if (inner instanceof z.ZodObject) return Object.hasOwn(inner.shape, step) ? inner.shape[step] : null;
  if (inner instanceof z.ZodArray) return typeof step === "number" ? inner.element : null;
  if (inner instanceof z.ZodRecord) return inner.valueType;
  return null;
}

export function schemaAt(root: z.core.$ZodType, path: Path): z.core.$ZodType | null {
  let schema: z.core.$ZodType | null = root;
  for (const step of path) {
    if (schema === null) return null;
    schema = childSchema(schema, step);
  }
  return schema;
}

/** Names of an object's keys; [] for anything else. */
export function keysOf(schema: z.core.$ZodType): string[] {
  const { inner } = fieldOf(schema);
  return inner instanceof z.ZodObject ? Object.keys(inner.shape) : [];
}

/** What the keys of a record are, e.g. `header name`. */
export function keyTypeOf(schema: z.core.$ZodType): string {
  const { inner } = fieldOf(schema);
  return (inner instanceof z.ZodRecord ? fieldOf(inner.keyType).notes.type : undefined) ?? "name";
}

/** Whether the object itself holds a secret: its unknown keys are not repeated, for they may be a mistyped secret. */
export function holdsSecret(schema: z.core.$ZodType): boolean {
  const { inner } = fieldOf(schema);
  return inner instanceof z.ZodObject && Object.values(inner.shape).some((child) => isSecret(child));
}

/** Whether values of it are single values, not lists or mappings. */
export function isLeaf(schema: z.core.$ZodType): boolean {
  const { inner } = fieldOf(schema);
  return !(inner instanceof z.ZodObject || inner instanceof z.ZodArray || inner instanceof z.ZodRecord);
}

export function isSecret(schema: z.core.$ZodType): boolean {
  return fieldOf(schema).notes.secret === true;
}

/** Completes "expected …". */
export function expectation(schema: z.core.$ZodType): string {
  const { inner, notes } = fieldOf(schema);
  if (notes.expected !== undefined) return notes.expected;
  if (inner instanceof z.ZodEnum) return alternatives(inner.options.map(String));
  if (inner instanceof z.ZodLiteral) return alternatives([...inner.values].map(String));
  if (inner instanceof z.ZodBoolean) return "true or false";
  if (inner instanceof z.ZodArray) return "a list";
  if (inner instanceof z.ZodRecord) return "a mapping of names to values";
  const keys = keysOf(schema);
  return keys.length > 0 ? `a mapping with ${keys.join(", ")}` : "another value";
}

/** The values an enum allows, or [] for anything else. */
export function allowedValues(schema: z.core.$ZodType): string[] {
  const { inner } = fieldOf(schema);
  return inner instanceof z.ZodEnum ? inner.options.map(String) : [];
}

function alternatives(values: string[]): string {
  return values.length === 1 ? (values[0] ?? "") : `one of ${values.join(", ")}`;
}
