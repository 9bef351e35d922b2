/** Reading plain data of which nothing is known yet. */
export type Fields = Readonly<Record<string, unknown>>;

export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The value's fields; none when it is no mapping. */
export function fieldsOf(value: unknown): Fields {
  return isFields(value) ? value : {};
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

export function textOf(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}

/** A number, or a text that is one. */
export function numberOf(value: unknown): number | null {
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  return typeof number === "number" && Number.isFinite(number) ? number : null;
}

/** The number as a whole one within the bounds; null when it is none. */
export function wholeNumber(value: unknown, minimum: number, maximum: number): number | null {
  const number = numberOf(value);
  return number === null ? null : Math.min(Math.max(Math.round(number), minimum), maximum);
}

const MAX_DURATION_MS = 366 * 86_400_000;

/** A duration as `tidegate.yaml` has it, from milliseconds; at most what it may be. */
export function duration(asked: number): string {
  const milliseconds = Math.min(Math.max(asked, 0), MAX_DURATION_MS);
  if (milliseconds === 0) return "0";
  if (milliseconds % 1000 !== 0) return `${Math.max(1, Math.round(milliseconds))}ms`;
  return `${milliseconds / 1000}s`;
}
