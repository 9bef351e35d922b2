import { posix } from "node:path";

/** Names in a directory, or null when it can't be read. */
export type ListDirectory = (directory: string) => readonly string[] | null;

/** Whether a path has wildcards as glob(7) knows them. */
export function isGlob(path: string): boolean {
  return /[*?[]/.test(path);
}

/** The paths that match, sorted; names that begin with `.` only where the pattern says so, as glob(3) does. */
export function expandGlob(pattern: string, list: ListDirectory): string[] {
  const segments = posix.normalize(pattern).split("/");
  let found = [segments[0] === "" ? "/" : "."];
  for (const segment of segments[0] === "" ? segments.slice(1) : segments) {
    found = found.flatMap((directory) => {
      if (!isGlob(segment)) return [posix.join(directory, segment)];
      const matches = matcher(segment);
      return [...(list(directory) ?? [])].filter(matches).map((name) => posix.join(directory, name));
    });
  }
  return found.sort();
}

function matcher(segment: string): (name: string) => boolean {
  const source = segment.replace(/\[!|\[[^\]]*\]|[\s\S]/g, (part) => {
    if (part === "*") return ".*";
    if (part === "?") return ".";
    if (part === "[!") return "[^";
    if (part.length > 1) return part;
    return part === "]" ? "]" : part.replace(/[\\^$.|+(){}[]/, "\\$&");
  });
  const expression = compile(source);
  return (name) => (!name.startsWith(".") || segment.startsWith(".")) && expression !== null && expression.test(name);
}

function compile(source: string): RegExp | null {
  try {
    return new RegExp(`^${source}$`, "s");
  } catch {
    return null;
  }
}
