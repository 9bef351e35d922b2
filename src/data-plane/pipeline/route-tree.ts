import type { RouteSnapshot } from "../../contracts/snapshot.ts";
import type { RouteTarget } from "./compiled.ts";
import type { MethodRoute, RouteMatch } from "./router.ts";

/** A route, and what it leads to: made when a call first comes to it, for of very many routes few are used by one worker. */
export interface RouteEntry {
  /** null: every method. */
  readonly methods: readonly string[] | null;
  /** null: Tidegate's own. */
  readonly match: RouteSnapshot["match"] | null;
  target(): RouteTarget | Mount;
}

/** What knows by itself the paths below its own. Paths are canonical, and whole. */
export interface Mount {
  kind: "mount";
  find(method: string, path: string): RouteMatch;
  byPath(path: string): readonly MethodRoute[];
}

export interface TreeRoute {
  /** null: every method. */
  methods: ReadonlySet<string> | null;
  target: RouteTarget | Mount;
}

/** All routes of one path, whatever their methods. */
interface RouteGroup {
  readonly entries: RouteEntry[];
  routes: readonly TreeRoute[] | null;
}

interface RouteNode {
  literals: Map<string, RouteNode> | null;
  /** For `:name`: any segment that is not empty. */
  parameter: RouteNode | null;
  /** Paths that end here. */
  ends: RouteGroup | null;
  /** Those that go on, and lead nowhere else. */
  rest: RouteGroup | null;
}

/** How a path is looked for: by segments as they are spelled canonically (route-paths.ts). */
export type RouteSegment = { literal: string } | "parameter" | "rest";

/** Beyond this many other routes below a prefix, its paths are looked up one by one. */
const MOST_HOLES = 1_000;

/**
 * The routes of one host pattern, by the segments of their paths. The narrowest path wins: literal segments before parameters,
 * parameters before the rest of a prefix or `*`.
 */
export class RouteTree {
  readonly #root: RouteNode = emptyNode();
  /** No other host's routes come before these. */
  holesMatter = false;

  add(segments: readonly RouteSegment[], entry: RouteEntry): void {
    let node = this.#root;
    for (const segment of segments) {
      if (segment === "rest") {
        node.rest = added(node.rest, entry);
        return;
      }
      node = childOf(node, segment);
    }
    node.ends = added(node.ends, entry);
  }

  /** `path`: canonical. */
  find(path: string): readonly TreeRoute[] | null {
    if (path.startsWith("/")) return this.#find(this.#root, path, 1);
    // `OPTIONS *` (RFC 9112 §3.2.4): about all paths, so for who has them all.
    const { rest } = this.#root;
    return path === "*" && rest !== null ? this.#compiled(rest, this.#root, "") : null;
  }

  /** `from`: where the next segment begins; beyond the path: it has ended. */
  #find(node: RouteNode, path: string, from: number): readonly TreeRoute[] | null {
    if (from > path.length) return node.ends === null ? null : this.#compiled(node.ends, node, path);
    const slash = path.indexOf("/", from);
    const end = slash < 0 ? path.length : slash;
    const segment = path.slice(from, end);
    const literal = node.literals?.get(segment);
    if (literal !== undefined) {
      const found = this.#find(literal, path, end + 1);
      if (found !== null) return found;
    }
    if (node.parameter !== null && segment !== "") {
      const found = this.#find(node.parameter, path, end + 1);
      if (found !== null) return found;
    }
    return node.rest === null ? null : this.#compiled(node.rest, node, path.slice(0, from - 1));
  }

  /** `base`: the path to the node, of a prefix the prefix itself. */
  #compiled(group: RouteGroup, node: RouteNode, base: string): readonly TreeRoute[] {
    group.routes ??= compiled(group, this.#holesOf(node, base));
    return group.routes;
  }

  #holesOf(node: RouteNode, base: string): readonly string[] | null {
    const isPrefix = node.rest?.entries.every(({ match }) => match === "prefix") === true;
    return isPrefix && this.holesMatter ? holesBelow(node, base) : null;
  }
}

/**
 * Of a prefix: paths below it that lead, or may lead, elsewhere, so that all else below it can be taken for its own without a
 * look. Null: any may.
 */
function holesBelow(node: RouteNode, base: string): string[] | null {
  // As a path: the same routes, unless another one has it as well.
  if (base.includes(":") || (node.ends !== null && node.ends.entries.length !== node.rest?.entries.length)) return null;
  const holes = new Set<string>();
  const collect = (at: RouteNode, path: string): boolean => {
    if (at !== node && (at.ends !== null || at.rest !== null)) holes.add(path);
    if (at.parameter !== null) holes.add(path);
    for (const [segment, child] of at.literals ?? []) {
      // What is written otherwise than in a path is as good as a parameter.
      if (segment === "" || segment.includes(":")) holes.add(path);
      else if (!collect(child, `${path}/${segment}`)) return false;
    }
    return holes.size <= MOST_HOLES;
  };
  return collect(node, base) && !holes.has(base) ? [...holes] : null;
}

function emptyNode(): RouteNode {
  return { literals: null, parameter: null, ends: null, rest: null };
}

function childOf(node: RouteNode, segment: Exclude<RouteSegment, "rest">): RouteNode {
  if (segment === "parameter") {
    node.parameter ??= emptyNode();
    return node.parameter;
  }
  node.literals ??= new Map();
  let child = node.literals.get(segment.literal);
  if (child === undefined) {
    child = emptyNode();
    node.literals.set(segment.literal, child);
  }
  return child;
}

function added(group: RouteGroup | null, entry: RouteEntry): RouteGroup {
  if (group === null) return { entries: [entry], routes: null };
  group.entries.push(entry);
  return group;
}

/** What is Tidegate's own stays first (the sort is stable), then `exact` beats `prefix` on one path. */
function compiled({ entries }: RouteGroup, holes: readonly string[] | null): readonly TreeRoute[] {
  const sorted = [...entries].sort((one, other) => rank(one) - rank(other));
  return sorted.map((entry) => ({
    methods: entry.methods === null ? null : new Set(entry.methods),
    target: withHoles(entry, holes),
  }));
}

/** Routes may be those of other trees too, where others lie below them. */
function withHoles(entry: RouteEntry, holes: readonly string[] | null): RouteTarget | Mount {
  const target = entry.target();
  return target.kind === "rest" && entry.match === "prefix" && holes !== null ? { ...target, holes } : target;
}

function rank({ match }: RouteEntry): number {
  if (match === null) return 0;
  return match === "prefix" ? 2 : 1;
}
