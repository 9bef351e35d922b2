import { type Actor, may } from "../access/actor.ts";
import type { Permission } from "../access/permissions.ts";
import { notFound, ProblemError } from "../problem.ts";

/** Throws `not_found`, as for what is not there: whoever may not learn nothing. */
export function require(actor: Actor, permission: Permission, teamId: string | null): void {
  if (!may(actor, permission, teamId)) throw notFound();
}

/** The row, or `not_found`. */
export function found<Row>(row: Row | undefined): Row {
  if (row === undefined) throw notFound();
  return row;
}

/** `expected` null: whoever changes it does not care what it was. */
export function requireRevision(row: { revision: number }, expected: number | null): void {
  if (expected === null || expected === row.revision) return;
  throw new ProblemError(
    "precondition_failed",
    "it was changed since you read it: read it again, and repeat what you wanted with its new ETag",
  );
}

/** A violated unique constraint, in either database. */
export function isDuplicate(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = "code" in error ? error.code : undefined;
  return code === "23505" || /unique constraint failed/i.test(error.message);
}

/** Runs an insertion whose key people choose. */
export async function inserting<Result>(what: string, insertion: () => Promise<Result>): Promise<Result> {
  try {
    return await insertion();
  } catch (cause) {
    if (!isDuplicate(cause)) throw cause;
    throw new ProblemError(
      "already_exists",
      `${what} exists already, or its name was used before: choose another one`,
      {
        cause,
      },
    );
  }
}

export function isoTime(ms: number): string;
export function isoTime(ms: number | null): string | null;
export function isoTime(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}

export function parseJson<Value>(text: string): Value {
  return JSON.parse(text) as Value;
}
