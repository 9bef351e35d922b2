import { ProblemError } from "../problem.ts";

export interface PageRequest {
  limit: number;
  /** What the page before ended with; null: the first page. */
  cursor: string | null;
}

export interface Page<Item> {
  items: Item[];
  /** Null: this was the last page. */
  next_cursor: string | null;
}

/** Cursors are opaque to callers: what the next page begins behind. */
export function encodeCursor(key: string): string {
  return Buffer.from(key).toString("base64url");
}

export function decodeCursor(cursor: string | null): string | null {
  if (cursor === null) return null;
  const key = Buffer.from(cursor, "base64url").toString("utf8");
  if (key === "" || key.includes("\0") || encodeCursor(key) !== cursor) throw notACursor();
  return key;
}

/** For lists that are in the order of a number. */
export function decodeNumericCursor(cursor: string | null): number | null {
  const key = decodeCursor(cursor);
  if (key === null) return null;
  if (!/^\d{1,15}$/.test(key)) throw notACursor();
  return Number(key);
}

function notACursor(): ProblemError {
  return new ProblemError(
    "invalid_request",
    "the cursor is not one of ours: take it from `next_cursor` of the page before",
    { errors: [{ path: "cursor", message: "not a cursor" }] },
  );
}

/** `rows`: one more than asked for, if there are that many. */
export function pageOf<Row, Item>(
  rows: readonly Row[],
  request: PageRequest,
  keyOf: (row: Row) => string,
  itemOf: (row: Row) => Item,
): Page<Item> {
  const shown = rows.slice(0, request.limit);
  const last = shown.at(-1);
  const next = rows.length > request.limit && last !== undefined ? encodeCursor(keyOf(last)) : null;
  return { items: shown.map(itemOf), next_cursor: next };
}
