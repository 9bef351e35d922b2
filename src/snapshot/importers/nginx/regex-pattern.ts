/** What a capture group stands for in a route's path. */
export type Capture =
  | { kind: "literal"; text: string }
  /** `:p1` */
  | { kind: "segment"; name: string }
  /** All that follows a `/`. */
  | { kind: "rest" }
  /** The same with its `/`, or nothing. */
  | { kind: "slash-and-rest" };

/** A set of paths that a regular expression matches, as routes can say it. */
export interface RegexPath {
  /** `prefix`: the path and all below it. `rest`: all below it, but not the path itself. */
  match: "exact" | "prefix" | "rest";
  /** Without a trailing slash for `prefix` and `rest`; parameters are called `:p1`, `:p2`, … */
  path: string;
  captures: ReadonlyMap<number, Capture>;
}

export interface RegexTranslation {
  paths: readonly RegexPath[];
  /** A route matches more, or less, than the expression: `(\d+)` becomes any segment. */
  approximate: boolean;
}

const MAX_PATHS = 32;

const END = /^\$?$/;
const OPTIONAL_SLASH = /^\/\?\$$/;
const SEGMENT_BORDER = /^\((?:\?:)?(?:\/\|\$|\$\|\/)\)$/;
const OPTIONAL_REST = /^\((?:\?:)?\/\.\*\)\?\$?$/;
const REST_AFTER_OPTIONAL_SLASH = /^\/\?(?:(\()(?:\?:)?)?\.\*\)?\$?$/;
const REST_WITH_SLASH = /^(\()(?:\?:)?\/\.[*+]\)\$?$/;
const REST = /^\/?(?:(\()(?:\?:|\?P?<\w+>)?)?\.[*+]\)?\$?$/;
const ALTERNATIVES = /^\((\?:)?([\w-]+(?:\|[\w-]+)+)\)/;
const SEGMENT =
  /^(?:(\()(?:\?:|\?P?<\w+>)?)?(?:\[\^\/\]|\[(?!\^)[^\]/]+\]|\\d|\\w|\[\^\/[^\]]*\])(?:\+|\{[1-9]\d*(?:,\d*)?\})\)?(?=\/|\$$|$|\(\/|\(\?:\/)/;
const LITERAL = /^(?:[A-Za-z0-9_~!@=%&,-]|\\[./_~@!=&,+-])/;

/**
 * Says with routes what a regular expression of a `location` or `rewrite` says, if that can be done: it must begin with
 * `^/` and consist of plain text, whole segments such as `[^/]+` or `\d+`, alternatives of plain text, and `.*` at its
 * end. null: it can't be said.
 */
export function translateRegex(expression: string): RegexTranslation | null {
  if (!expression.startsWith("^")) return null;
  // Nothing but a final `(.*)` begins elsewhere than at `/`: all paths do.
  if (/^\^\(?\.\*\)?\$?$/.test(expression)) {
    return {
      paths: [{ match: "prefix", path: "", captures: new Map([[1, { kind: "slash-and-rest" }]]) }],
      approximate: false,
    };
  }
  const source = expression.slice(1).replaceAll("\\/", "/");
  return source.startsWith("/") || source.startsWith("(/") ? new Translation(source).run() : null;
}

class Translation {
  #rest: string;
  #paths: { path: string; captures: Map<number, Capture> }[] = [{ path: "", captures: new Map() }];
  #approximate = false;
  #group = 0;
  #parameters = 0;

  constructor(source: string) {
    this.#rest = source;
  }

  run(): RegexTranslation | null {
    for (;;) {
      const ended = this.#end();
      if (ended !== null)
        return this.#paths.length > MAX_PATHS ? null : { paths: ended, approximate: this.#approximate };
      if (!this.#alternatives() && !this.#segment() && !this.#literal()) return null;
    }
  }

  #end(): RegexPath[] | null {
    const rest = this.#rest;
    const atBorder = this.#paths.every(({ path }) => path.endsWith("/"));
    if (rest === "$") return this.#all("exact");
    if (OPTIONAL_SLASH.test(rest)) {
      return this.#paths.flatMap(({ path, captures }) => [
        { match: "exact" as const, path, captures },
        { match: "exact" as const, path: `${path}/`, captures },
      ]);
    }
    if (END.test(rest)) {
      if (!atBorder) this.#approximate = true;
      return this.#all(atBorder ? "rest" : "prefix");
    }
    if (SEGMENT_BORDER.test(rest)) return atBorder ? null : this.#all("prefix");
    if (OPTIONAL_REST.test(rest)) return atBorder ? null : this.#all("prefix", { kind: "slash-and-rest" });
    if (REST_AFTER_OPTIONAL_SLASH.test(rest) && rest.startsWith("/?")) {
      this.#approximate = true;
      return this.#all("prefix", { kind: "rest" });
    }
    if (REST_WITH_SLASH.test(rest)) return this.#all("rest", { kind: "slash-and-rest" });
    const all = REST.exec(rest);
    if (all === null || rest.startsWith("/?")) return null;
    if (!atBorder && !rest.startsWith("/")) {
      // `^/api.*`: also `/apis`.
      this.#approximate = true;
      return all[1] === undefined ? this.#all("prefix") : null;
    }
    return this.#all("rest", all[1] === undefined || rest.includes("(?:") ? undefined : { kind: "rest" });
  }

  #all(match: RegexPath["match"], last?: Capture): RegexPath[] {
    if (last !== undefined) this.#group++;
    return this.#paths.map(({ path, captures }) => ({
      match,
      path: match === "exact" ? path : path.replace(/\/$/, ""),
      captures: last === undefined ? captures : new Map([...captures, [this.#group, last]]),
    }));
  }

  #alternatives(): boolean {
    const [found, isUncaptured, list] = ALTERNATIVES.exec(this.#rest) ?? [];
    if (found === undefined || list === undefined) return false;
    const group = isUncaptured === undefined ? ++this.#group : 0;
    this.#paths = this.#paths.flatMap(({ path, captures }) =>
      list.split("|").map((text) => ({
        path: path + text,
        captures: group === 0 ? captures : new Map<number, Capture>([...captures, [group, { kind: "literal", text }]]),
      })),
    );
    this.#rest = this.#rest.slice(found.length);
    return this.#paths.length <= MAX_PATHS;
  }

  #segment(): boolean {
    const [found, open] = SEGMENT.exec(this.#rest) ?? [];
    if (found === undefined || !this.#paths.every(({ path }) => path.endsWith("/"))) return false;
    const isGroup = open !== undefined;
    if (isGroup !== found.endsWith(")")) return false;
    const name = `p${++this.#parameters}`;
    const group = isGroup && !found.startsWith("(?:") ? ++this.#group : 0;
    if (!found.includes("[^/]+")) this.#approximate = true;
    this.#paths = this.#paths.map(({ path, captures }) => ({
      path: `${path}:${name}`,
      captures: group === 0 ? captures : new Map<number, Capture>([...captures, [group, { kind: "segment", name }]]),
    }));
    this.#rest = this.#rest.slice(found.length);
    return true;
  }

  #literal(): boolean {
    const rest = this.#rest;
    // A `/` with something to repeat it is no plain text.
    if (/^\/(?![?*+{])/.test(rest)) return this.#take("/", 1);
    // An unescaped point is mostly meant as one.
    if (/^\.(?![?*+{])/.test(rest)) {
      this.#approximate = true;
      return this.#take(".", 1);
    }
    const [found] = LITERAL.exec(rest) ?? [];
    if (found === undefined || /^[?*+{]/.test(rest.slice(found.length))) return false;
    return this.#take(found.replace("\\", ""), found.length);
  }

  #take(text: string, length: number): true {
    // A segment is a parameter as a whole, or plain text.
    this.#paths = this.#paths.map(({ path, captures }) => ({ path: path + text, captures }));
    this.#rest = this.#rest.slice(length);
    return true;
  }
}

/**
 * The path that a `rewrite` writes, for one of the paths its expression matches; null where a route can't say it, such
 * as with a query or with variables.
 */
export function translateReplacement(replacement: string, { match, captures }: RegexPath): string | null {
  if (!replacement.startsWith("/") && !replacement.startsWith("$")) return null;
  if (/[?#\s]/.test(replacement)) return null;
  let valid = true;
  const path = replacement.replace(/\$(\d|\w+|\{\w+\})/g, (_reference, name: string) => {
    const capture = captures.get(Number(name));
    if (capture === undefined) valid = false;
    if (capture?.kind === "literal") return capture.text;
    if (capture?.kind === "segment") return `:${capture.name}`;
    if (match === "exact") valid = false;
    return capture?.kind === "slash-and-rest" ? "/*" : "*";
  });
  // `/$1` with a group that brings its own slash: two of them, which servers take for one.
  const clean = path.replace("//*", "/*");
  const isPlaced = clean
    .split("/")
    .slice(1)
    .every((segment) => !segment.includes("*") || segment === "*");
  return valid && isPlaced && clean.startsWith("/") ? clean : null;
}
