import type { HeaderEditsSnapshot } from "../../../contracts/policies.ts";

/** What all of these do when one is applied after the other, as one. */
export function composeEdits(all: readonly HeaderEditsSnapshot[]): HeaderEditsSnapshot {
  let add: HeaderEditsSnapshot["add"] = [];
  let set: HeaderEditsSnapshot["set"] = [];
  const remove = new Set<string>();
  for (const edits of all) {
    const replaced = new Set([...edits.remove, ...edits.set.map(([name]) => name)]);
    const isKept = ([name]: [string, string]) => !replaced.has(name);
    add = [...add.filter(isKept), ...edits.add];
    set = [...set.filter(isKept), ...edits.set];
    for (const name of edits.remove) remove.add(name);
  }
  return { add, set, remove: [...remove] };
}
