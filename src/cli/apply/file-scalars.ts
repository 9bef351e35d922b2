import { scalar } from "../../snapshot/schema/notes.ts";
import { text } from "../../snapshot/schema/scalars.ts";

/** The admin API's rule for ids that people choose; narrower than that of `tidegate.yaml`. */
export const id = text(
  "id",
  "an id of lower-case letters, digits, `.`, `_` and `-`, at most 63, beginning and ending with a letter or digit",
  /^[a-z0-9](?:[a-z0-9._-]{0,61}[a-z0-9])?$/,
);

/** The API takes spaces off the ends: with them, the same file would be a change each time. */
export const name = textUpTo(200, { trimmed: true, minimum: 1 });

export function textUpTo(maximum: number, { trimmed, minimum }: { trimmed: boolean; minimum: number }) {
  return scalar({
    type: "text",
    expected: `a text of ${minimum === 0 ? "at most" : `${minimum} to`} ${maximum} characters`,
    parse: (value) => {
      if (typeof value !== "string") return undefined;
      const kept = trimmed ? value.trim() : value;
      return kept.length >= minimum && kept.length <= maximum ? kept : undefined;
    },
  });
}
