import type { CheckContext } from "./check.ts";
import type { Cursor } from "./cursor.ts";

export function exactlyOne({ report }: CheckContext, owner: Cursor, names: readonly string[]): void {
  const given = names.filter((name) => owner.at(name).exists);
  if (given.length === 1) return;
  const found = given.length === 0 ? "none" : given.join(" and ");
  report(owner.path, `expected exactly one of ${names.join(", ")}; found ${found}`);
}
