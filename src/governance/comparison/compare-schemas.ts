import type { Path } from "../documents/json.ts";
import type { ChangeList, Effect, Subject } from "./change.ts";
import { isSentByClient } from "./change.ts";
import { comparePair, type PairFinding } from "./compare-pair.ts";
import { SchemaNormalizer } from "./normal-schema.ts";

/**
 * Two schemas with what was found between them, and the pairs within. Pairs are compared once, however many operations
 * lead to them; as references may be circular, they form a graph.
 */
interface PairNode {
  readonly before: unknown;
  readonly after: unknown;
  readonly isSent: boolean;
  readonly isNegated: boolean;
  findings: readonly PairFinding[];
  edges: readonly Edge[];
  /** Whether something was found here or further on; null until everything further on was compared. */
  leadsToFindings: boolean | null;
}

interface Edge {
  readonly to: PairNode;
  readonly steps: readonly string[];
}

/** A path from its end, so that a long one is not copied at every step. */
interface Trail {
  readonly steps: readonly (string | number)[];
  readonly above: Trail | null;
}

/** Compares schemas of two documents. */
export class SchemaComparison {
  readonly #documents: { readonly before: SchemaNormalizer; readonly after: SchemaNormalizer };
  readonly #changes: ChangeList;
  readonly #nodes = new Map<string, PairNode>();

  constructor(before: unknown, after: unknown, changes: ChangeList) {
    this.#documents = { before: new SchemaNormalizer(before), after: new SchemaNormalizer(after) };
    this.#changes = changes;
  }

  /**
   * Reports each change that the two lead to once, at the shortest way to it. `undefined` stands for no schema, which
   * allows everything.
   */
  compare(subject: Subject, before: unknown, after: unknown, path: Path): void {
    const root = this.#nodeOf(before ?? true, after ?? true, isSentByClient(subject), false);
    this.#complete(root);
    const reached = new Set([root]);
    let level: { node: PairNode; trail: Trail }[] = [{ node: root, trail: { steps: path, above: null } }];
    while (level.length > 0) {
      const next: typeof level = [];
      for (const { node, trail } of level) {
        if (node.leadsToFindings === false) continue;
        for (const finding of node.findings) this.#report(subject, finding, node.isNegated, trail);
        for (const { to, steps } of node.edges) {
          if (reached.has(to)) continue;
          reached.add(to);
          next.push({ node: to, trail: { steps, above: trail } });
        }
      }
      level = next;
    }
  }

  /** Compares every pair that can be reached from here and was not yet, and finds out which of them lead to findings. */
  #complete(root: PairNode): void {
    if (root.leadsToFindings !== null) return;
    const fresh = new Set([root]);
    const sources = new Map<PairNode, PairNode[]>();
    for (const node of fresh) {
      this.#expand(node);
      for (const { to } of node.edges) {
        if (to.leadsToFindings === null) fresh.add(to);
        const known = sources.get(to);
        if (known === undefined) sources.set(to, [node]);
        else known.push(node);
      }
    }
    const leading = [...fresh].filter(({ findings }) => findings.length > 0);
    leading.push(...[...sources.keys()].filter(({ leadsToFindings }) => leadsToFindings === true));
    for (const node of fresh) node.leadsToFindings = false;
    for (let node = leading.pop(); node !== undefined; node = leading.pop()) {
      node.leadsToFindings = true;
      for (const source of sources.get(node) ?? []) if (source.leadsToFindings !== true) leading.push(source);
    }
  }

  #expand(node: PairNode): void {
    const { findings, inner } = comparePair(node.before, node.after, node.isSent, this.#documents);
    node.findings = findings;
    node.edges = inner.map(({ before, after, steps, isNegated }) => {
      return { to: this.#nodeOf(before, after, node.isSent, node.isNegated !== isNegated), steps };
    });
  }

  #nodeOf(before: unknown, after: unknown, isSent: boolean, isNegated: boolean): PairNode {
    const { before: old, after: now } = this.#documents;
    const key = `${old.identify(before)} ${now.identify(after)} ${isSent} ${isNegated}`;
    const known = this.#nodes.get(key);
    if (known !== undefined) return known;
    const node: PairNode = { before, after, isSent, isNegated, findings: [], edges: [], leadsToFindings: null };
    this.#nodes.set(key, node);
    return node;
  }

  #report(subject: Subject, { aspect, effect, message, steps }: PairFinding, isNegated: boolean, trail: Trail): void {
    const path = [...pathOf(trail), ...steps];
    this.#changes.schema(subject, aspect, isNegated ? NEGATED[effect] : effect, path, message);
  }
}

const NEGATED: Readonly<Record<Effect, Effect>> = {
  narrows: "widens",
  widens: "narrows",
  changes: "changes",
  none: "none",
};

function pathOf(trail: Trail): Path {
  const parts: (readonly (string | number)[])[] = [];
  for (let current: Trail | null = trail; current !== null; current = current.above) parts.push(current.steps);
  return parts.reverse().flat();
}
