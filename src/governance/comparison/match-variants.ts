import { canonical, field } from "../documents/json.ts";
import { referenceOf } from "../documents/local-references.ts";
import type { SchemaNormalizer } from "./normal-schema.ts";

export interface VariantPair {
  readonly before: unknown;
  readonly after: unknown;
  readonly name: string;
}

export interface MatchedVariants {
  readonly pairs: readonly VariantPair[];
  /** Names. */
  readonly removed: readonly string[];
  readonly added: readonly string[];
}

interface Variant {
  readonly node: unknown;
  readonly name: string;
}

/** By what two variants are taken for the same one, the surest first. Null: it has nothing of the kind. */
type Identity = (variant: Variant, document: SchemaNormalizer) => string | null;

const IDENTITIES: readonly Identity[] = [
  ({ node }) => referenceOf(node),
  ({ node }, document) => canonical(document.resolve(node)),
  ({ node }, document) => textOf(field(document.resolve(node), "title")),
  // One variant of each type, as in `oneOf: [string, array]`: how else would they be told apart.
  ({ node }, document) => typeIdentity(node, document),
];

/** Matches the variants of two `oneOf` or `anyOf`, whose order means nothing. */
export function matchVariants(
  before: readonly unknown[],
  after: readonly unknown[],
  beforeDocument: SchemaNormalizer,
  afterDocument: SchemaNormalizer,
): MatchedVariants {
  let old = before.map(toVariant);
  let now = after.map(toVariant);
  const pairs: VariantPair[] = [];
  for (const identity of IDENTITIES) {
    const open = groupBy(now, (variant) => identity(variant, afterDocument));
    for (const variant of old) {
      const key = identity(variant, beforeDocument);
      const match = key === null ? undefined : open.get(key)?.shift();
      if (match === undefined) continue;
      pairs.push({ before: variant.node, after: match.node, name: match.name });
      old = old.filter((other) => other !== variant);
      now = now.filter((other) => other !== match);
    }
  }
  return { pairs, removed: old.map(({ name }) => name), added: now.map(({ name }) => name) };
}

function toVariant(node: unknown, index: number): Variant {
  const reference = referenceOf(node);
  const name = reference?.split("/").at(-1) ?? textOf(field(node, "title")) ?? textOf(field(node, "type"));
  return { node, name: name ?? `${index + 1}` };
}

function typeIdentity(node: unknown, document: SchemaNormalizer): string | null {
  const { types, isTyped } = document.normalize(node);
  return isTyped && !types.has("object") ? [...types].sort().join() : null;
}

function groupBy(variants: readonly Variant[], keyOf: (variant: Variant) => string | null): Map<string, Variant[]> {
  const groups = new Map<string, Variant[]>();
  for (const variant of variants) {
    const key = keyOf(variant);
    if (key !== null) groups.set(key, [...(groups.get(key) ?? []), variant]);
  }
  return groups;
}

function textOf(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}
