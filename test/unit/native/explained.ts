/** Cases by name with why two parsers may differ on them, from names by reason. */
export function explained(namesByReason: Record<string, readonly string[]>): ReadonlyMap<string, string> {
  const reasons = Object.entries(namesByReason);
  return new Map(reasons.flatMap(([reason, names]) => names.map((name): [string, string] => [name, reason])));
}

/** Of the Node that runs this: a few answers of its parser differ from release to release. */
export const NODE_MAJOR = Number(process.versions.node.split(".")[0]);
