import { isDeepStrictEqual } from "node:util";

/** The fields of `after` that are not as they were; null: all are. */
export function changedFields<Fields extends object>(before: Fields, after: Fields): Partial<Fields> | null {
  const was = new Map<string, unknown>(Object.entries(before));
  const changed = Object.entries(after).filter(([key, value]) => !isDeepStrictEqual(was.get(key), value));
  return changed.length === 0 ? null : (Object.fromEntries(changed) as Partial<Fields>);
}
