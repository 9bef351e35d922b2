import { isAlias, isMap, isScalar, isSeq, type Node, type Scalar } from "yaml";
import { z } from "zod";
import type { $ZodType } from "zod/v4/core";
import { childSchema, fieldOf, holdsSecret, isSecret } from "../schema/introspection.ts";
import type { LocatedDocument } from "../sources/document.ts";
import { isNameLike } from "./suggestion.ts";

/**
 * The lines that must not be shown: all but those whose every value stands where the schema knows a field that is no
 * secret. So a key in a mistyped or misplaced field is not shown either.
 */
export function unsafeLines(document: LocatedDocument, schema: $ZodType): Set<number> {
  const lines = new Set<number>();
  if (document.root !== null) collect(document, document.root, schema, lines);
  return lines;
}

function collect(document: LocatedDocument, node: Node, schema: $ZodType | null, lines: Set<number>): void {
  if (hasAnchor(node)) markAnchor(document, node, lines);
  if (schema === null || isSecret(schema) || !(hasShapeOf(node, schema) || isEmpty(node))) {
    markLines(document, node, lines);
  } else if (isScalar(node)) {
    if (mayHoldCredentials(document, node)) markLines(document, node, lines);
  } else if (isMap(node)) {
    for (const { key, value } of node.items) {
      if (!isScalar(key)) continue;
      const step = String(key.value);
      const below = childSchema(schema, step);
      const isHarmless = below === null ? isNameLike(step) && !holdsSecret(schema) : !isSecret(below);
      if (!isHarmless || hasAnchor(key) || hasAnchor(value)) markLines(document, key, lines);
      if (isNode(value) && !(below === null && isEmpty(value))) collect(document, value, below, lines);
    }
  } else if (isSeq(node)) {
    node.items.forEach((item, index) => {
      if (isNode(item)) collect(document, item, childSchema(schema, index), lines);
    });
  }
}

/** A secret that begins with `&` is an anchor unless it is in quotes. */
function hasAnchor(node: unknown): boolean {
  return isNode(node) && !isAlias(node) && node.anchor !== undefined;
}

/** The anchor stands before the place of its node, at times on the line before. */
function markAnchor(document: LocatedDocument, node: Node, lines: Set<number>): void {
  const { line } = document.positionOf(node);
  lines.add(line).add(line - 1);
}

/** Whether a list stands for a list, a mapping for a mapping, and so on; an alias points to what is looked at elsewhere. */
function hasShapeOf(node: Node, schema: $ZodType): boolean {
  const { inner, notes } = fieldOf(schema);
  if (isAlias(node)) return true;
  if (notes.anyJson === true) return true;
  if (notes.shorthand !== undefined && isScalar(node)) return true;
  if (inner instanceof z.ZodObject || inner instanceof z.ZodRecord) return isMap(node);
  if (inner instanceof z.ZodArray) return isSeq(node);
  return isScalar(node);
}

function isEmpty(node: Node): boolean {
  if (isMap(node) || isSeq(node)) return node.items.length === 0;
  return isScalar(node) && node.value === null;
}

/** User information or a query in a URL, a key in PEM format, or a text that wrong indentation joined to a secret. */
function mayHoldCredentials(document: LocatedDocument, node: Scalar): boolean {
  const [first, last] = document.linesOf(node);
  if (first !== last) return true;
  return node.source !== undefined && /@|-----|:\/\/.*[?#]/.test(node.source);
}

function markLines(document: LocatedDocument, node: Node, lines: Set<number>): void {
  const [first, last] = document.linesOf(node);
  for (let line = first; line <= last; line++) lines.add(line);
}

function isNode(value: unknown): value is Node {
  return isScalar(value) || isMap(value) || isSeq(value) || isAlias(value);
}
