/** Tolerant readers for providers' answers: a field of another type counts as absent. */

export function stringOr(value: unknown, fallback: string): string;
export function stringOr(value: unknown, fallback: null): string | null;
export function stringOr(value: unknown, fallback: string | null): string | null {
  return typeof value === "string" ? value : fallback;
}

/** A count: a finite number of at least 0. */
export function countOf(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : undefined;
}

export function arrayOr(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The parsed value, or undefined when the text is not JSON. */
export function tryParseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
