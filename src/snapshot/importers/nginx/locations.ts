import type { Directive } from "./parse.ts";
import { Scope } from "./scope.ts";

export type Matcher =
  | { kind: "prefix"; path: string }
  | { kind: "exact"; path: string }
  | { kind: "regex"; expression: string; caseless: boolean }
  | { kind: "named"; name: string };

/** A `location` block; those within others are listed beside them, for they match on their own. */
export interface Location {
  matcher: Matcher;
  /** `^~`: regular expressions are not looked at. */
  stopsRegex: boolean;
  scope: Scope;
  directive: Directive;
}

export function locationsOf(scope: Scope): Location[] {
  return scope.allOwn("location").flatMap((directive) => {
    const inner = new Scope(directive.block ?? [], scope);
    const [matcher, stopsRegex] = matcherOf(directive.args);
    return [{ matcher, stopsRegex, scope: inner, directive }, ...locationsOf(inner)];
  });
}

/** The modifier may stand alone, or before the path without a space. */
function matcherOf(args: readonly string[]): [Matcher, boolean] {
  const joined = args.length > 1 ? null : /^(=|\^~|~\*|~)?(.*)$/s.exec(args[0] ?? "");
  const [modifier, path] = joined === null ? [args[0] ?? "", args[1] ?? ""] : [joined[1] ?? "", joined[2] ?? ""];
  if (modifier === "=") return [{ kind: "exact", path }, false];
  if (modifier === "~" || modifier === "~*") {
    return [{ kind: "regex", expression: path, caseless: modifier === "~*" }, false];
  }
  if (path.startsWith("@")) return [{ kind: "named", name: path }, false];
  return [{ kind: "prefix", path }, modifier === "^~"];
}

/** As it is written, for notes. */
export function describeLocation({ directive }: Location): string {
  return `location ${directive.args.join(" ")}`;
}

/** The plain text that every path of it begins with. */
export function staticPrefix(matcher: Matcher): string {
  if (matcher.kind === "named") return "";
  if (matcher.kind !== "regex") return matcher.path;
  return /^\^((?:[\w/-]|\\[./-])*)/.exec(matcher.expression)?.[1]?.replaceAll("\\", "") ?? "";
}
