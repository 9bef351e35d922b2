import type { z } from "zod";
import type { CatalogueEntry } from "../providers/catalogue.ts";
import type { Check, CheckContext } from "./checks/check.ts";
import { Cursor } from "./checks/cursor.ts";
import { CHECKS } from "./checks/index.ts";
import { type InputView, issueTexts } from "./problems/issue-messages.ts";
import { formatPath, type Problem } from "./problems/problem.ts";
import { unsafeLines } from "./problems/unsafe-lines.ts";
import { type Configuration, type ConfigurationSchema, configurationSchema } from "./schema/configuration.ts";
import type { Path } from "./schema/introspection.ts";
import type { LocatedDocument, TextProblem } from "./sources/document.ts";

export interface Validation {
  /** null when there are problems. */
  configuration: Configuration | null;
  problems: Problem[];
  warnings: Problem[];
}

/** The same for a document of another kind than `tidegate.yaml`. */
export interface DocumentValidation<Value> {
  /** null when there are problems. */
  value: Value | null;
  problems: Problem[];
  warnings: Problem[];
}

/** What a kind of document has to be. */
export interface Rules<Schema extends z.ZodType> {
  schema: Schema;
  checks: readonly Check[];
}

export interface ValidationOptions {
  catalogue: readonly CatalogueEntry[];
  /** Relative paths of files begin here. */
  baseDirectory: string;
}

/** Checks a whole document against the schema and the rules between entities, and reports everything it finds. */
export function validateDocument(document: LocatedDocument, options: ValidationOptions): Validation {
  return asConfiguration(validateBy(configurationRules(options.catalogue), document, options));
}

/** The same by other rules. */
export function validateBy<Schema extends z.ZodType>(
  { schema, checks }: Rules<Schema>,
  document: LocatedDocument,
  options: ValidationOptions,
): DocumentValidation<z.output<Schema>> {
  if (document.value === undefined) {
    // It could not be parsed, so nothing tells which lines hold secrets.
    return refused(document.problems.map((problem) => ({ ...inFile(document, problem), sourceLine: null })));
  }
  if (document.value === null) {
    const message = "the file is empty: it needs at least `version: 1`";
    return refused([{ ...inFile(document, { line: 1, column: 1, path: [], message }), sourceLine: null }]);
  }
  const unsafe = unsafeLines(document, schema);
  const place = (problem: TextProblem): Problem => ({
    ...inFile(document, problem),
    sourceLine: unsafe.has(problem.line) ? null : withoutComment(document.lineText(problem.line), problem.column),
  });
  const earlier = document.problems.map(place);
  const validation = validate({ schema, checks }, document.value, options, {
    valueAt: (path) => valueAt(document.value, path),
    has: (path) => document.has(path),
    variablesOf: (path) => document.variablesOf(path),
    isRepeatable: (path) => document.isOnOneLine(path),
    place: (path, message, keyPath) => {
      const position = keyPath === null ? document.locate(path) : document.locateKey(keyPath);
      return place({ ...position, path, message });
    },
  });
  // A value whose variable is missing, or a key given twice, has its problem already.
  const reported = new Set(earlier.map((problem) => problem.path));
  const problems = [...earlier, ...validation.problems.filter((problem) => !reported.has(problem.path))];
  return problems.length === 0 ? validation : { ...refused(problems), warnings: validation.warnings };
}

/** For a configuration made by the program: its problems have no place in a file. */
export function validateValue(value: unknown, file: string, options: ValidationOptions): Validation {
  const validation = validate(configurationRules(options.catalogue), value, options, {
    valueAt: (path) => valueAt(value, path),
    has: (path) => valueAt(value, path) !== undefined,
    variablesOf: () => [],
    isRepeatable: () => false,
    place: (path, message) => {
      return { file, line: 0, column: 0, path: formatPath(path), message, sourceLine: null };
    },
  });
  return asConfiguration(validation);
}

function configurationRules(catalogue: readonly CatalogueEntry[]): Rules<ConfigurationSchema> {
  return { schema: schemaFor(catalogue), checks: CHECKS };
}

function asConfiguration({ value, ...rest }: DocumentValidation<Configuration>): Validation {
  return { configuration: value, ...rest };
}

interface Input extends InputView {
  /** `keyPath` is set where the problem is a key, not its value. */
  place(path: Path, message: string, keyPath: Path | null): Problem;
}

function validate<Schema extends z.ZodType>(
  { schema, checks }: Rules<Schema>,
  value: unknown,
  options: ValidationOptions,
  input: Input,
): DocumentValidation<z.output<Schema>> {
  const result = schema.safeParse(value);
  const issues = (result.error?.issues ?? []).flatMap((issue) => issueTexts(issue, schema, input));
  const problems = issues.map((issue) => input.place(issue.path, issue.message, issue.keyPath));
  const warnings: Problem[] = [];
  const context: CheckContext = {
    root: new Cursor(value),
    ...options,
    describe: (field, shown) => describeField(field, shown, input),
    report: (path, message) => problems.push(input.place(path, message, null)),
    warn: (path, message) => warnings.push(input.place(path, message, null)),
  };
  for (const check of checks) check(context);
  return { value: problems.length === 0 ? (result.data ?? null) : null, problems, warnings };
}

function describeField(field: Cursor, shown: string | undefined, input: InputView): string {
  const variables = input.variablesOf(field.path);
  if (variables.length > 0) return `(the value of ${variables.join(", ")})`;
  return input.isRepeatable(field.path) ? `"${shown ?? String(field.value)}"` : "of several lines";
}

function refused(problems: Problem[]): DocumentValidation<never> {
  return { value: null, problems, warnings: [] };
}

function inFile(document: LocatedDocument, { line, column, path, message }: TextProblem): Omit<Problem, "sourceLine"> {
  return { file: document.file, line, column, path: formatPath(path), message };
}

export type Schema = z.core.$ZodType;

const schemas = new WeakMap<readonly CatalogueEntry[], ConfigurationSchema>();

/** Making a schema costs more than validating with it. */
export function schemaFor(catalogue: readonly CatalogueEntry[]): ConfigurationSchema {
  const known = schemas.get(catalogue);
  if (known !== undefined) return known;
  const [first, ...others] = catalogue.map((entry) => entry.kind);
  if (first === undefined) throw new TypeError("the provider catalogue is empty");
  const schema = configurationSchema([first, ...others]);
  schemas.set(catalogue, schema);
  return schema;
}

function valueAt(root: unknown, path: Path): unknown {
  let value = root;
  for (const step of path) {
    if (typeof value !== "object" || value === null) return undefined;
    value = Object.getOwnPropertyDescriptor(value, step)?.value;
  }
  return value;
}

/** Old keys end up in comments. */
function withoutComment(line: string, column: number): string {
  const comment = line.slice(column - 1).search(/(?:^|\s)#/);
  return comment < 0 ? line : line.slice(0, column - 1 + comment);
}
