import { z } from "zod";

/** What the reference and the error messages need to know of a field beyond what zod keeps. */
export interface FieldNotes {
  /** Completes "expected …", e.g. `a duration such as 500ms, 5s, 1m, 24h or 30d`. */
  expected?: string;
  /** Short type for the reference, e.g. `duration`. */
  type?: string;
  /** The value must never appear in a message or a code frame. */
  secret?: boolean;
  /** Of a mapping: the key whose value alone may stand for the whole. */
  shorthand?: string;
  /** Path of the one section of the reference that describes it, of a mapping that stands in several places. */
  sectionAt?: string;
  /** Any JSON value: nothing within it is known, and nothing is a secret. */
  anyJson?: boolean;
  /** The default as the reference shows it, where it is not a literal. */
  shownDefault?: string;
}

export const fieldNotes = z.registry<FieldNotes>();

/** Thrown by a scalar's parser to say more than "expected …". The reason follows the field's path in the message. */
export class ScalarRefusal extends Error {}

export interface ScalarDefinition<T> {
  type: string;
  expected: string;
  secret?: boolean;
  /** Returns undefined, or throws ScalarRefusal, when the value is not acceptable. */
  parse(value: unknown): T | undefined;
}

/** Message of an issue about which the schema has no more to say than what it expects. */
export const MISMATCH = "mismatch";

/** A mapping for which the value of one of its keys may stand. `expected` and `type` speak of both forms. */
export function withShorthand<Schema extends z.ZodObject>(
  schema: Schema,
  notes: Required<Pick<FieldNotes, "shorthand" | "expected" | "type">>,
) {
  const whole = (value: unknown) => (typeof value === "string" ? { [notes.shorthand]: value } : value);
  const either = z.preprocess(whole, schema);
  fieldNotes.add(either, notes);
  return either;
}

/** In the place of a secret that is not looked at: any that the field takes. */
export class UnreadSecret {}

/** How a text begins that stands for a secret until it is served. No text that people give can: headers have no U+0000. */
export const SECRET_MARKER = "\0secret:";

/** In the place of a secret that is put there later. */
export class ReferencedSecret {
  readonly reference: object;

  constructor(reference: object) {
    this.reference = reference;
  }

  get marker(): string {
    return SECRET_MARKER + JSON.stringify(this.reference);
  }

  toJSON(): object {
    return this.reference;
  }
}

/** A leaf of the schema: takes the value as the file gives it, and yields what the compiler wants (milliseconds, bytes, …). */
export function scalar<T>(definition: ScalarDefinition<T>) {
  const { parse, ...notes } = definition;
  return z
    .unknown()
    .transform((value, context): T => {
      // Nothing is served with it.
      if (value instanceof UnreadSecret && notes.secret === true) return "" as T;
      if (value instanceof ReferencedSecret && notes.secret === true) return value.marker as T;
      try {
        const parsed = parse(value);
        if (parsed !== undefined) return parsed;
        context.addIssue({ code: "custom", message: MISMATCH });
      } catch (error) {
        if (!(error instanceof ScalarRefusal)) throw error;
        context.addIssue({ code: "custom", message: error.message });
      }
      return z.NEVER;
    })
    .register(fieldNotes, notes);
}

/** A mapping with much to say, of which one key is mostly all that is said: that key's value may stand for it alone. */
export function mappingOr<Mapping extends z.ZodObject>(
  key: string & keyof z.output<Mapping>,
  mapping: Mapping,
  notes: { type: string; expected: string },
) {
  const schema = z
    .unknown()
    .transform((value, context): z.output<Mapping> => {
      const isMapping =
        typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof UnreadSecret);
      const result = mapping.safeParse(isMapping ? value : { [key]: value });
      if (result.success) return result.data;
      for (const issue of result.error.issues) {
        const { message } = issue;
        if (isMapping) context.issues.push({ ...issue, input: value } as z.core.$ZodRawIssue);
        else context.addIssue({ code: "custom", message });
      }
      return z.NEVER;
    })
    .register(fieldNotes, notes);
  mappings.set(schema, mapping);
  return schema;
}

const mappings = new WeakMap<z.core.$ZodType, z.ZodObject>();

/** Of a schema made by `mappingOr`: the mapping that may stand there instead of a single value. */
export function mappingOf(schema: z.core.$ZodType): z.ZodObject | undefined {
  return mappings.get(schema);
}
