import type { Effect } from "./change.ts";
import { compareConstraints } from "./compare-constraints.ts";
import { matchVariants } from "./match-variants.ts";
import type { NormalSchema, SchemaNormalizer } from "./normal-schema.ts";

/** Something that changed between two schemas, below the place where they are. */
export interface PairFinding {
  readonly aspect: string;
  readonly effect: Effect;
  readonly message: string;
  readonly steps: readonly string[];
}

/** Two schemas within the two that are to be compared as well. */
export interface InnerPair {
  readonly before: unknown;
  readonly after: unknown;
  readonly steps: readonly string[];
  /** Within `not`: what narrows there widens here. */
  readonly isNegated: boolean;
}

export interface PairResult {
  readonly findings: readonly PairFinding[];
  readonly inner: readonly InnerPair[];
}

/** Compares two schemas, but not those within them. */
export function comparePair(
  beforeNode: unknown,
  afterNode: unknown,
  isSent: boolean,
  documents: { readonly before: SchemaNormalizer; readonly after: SchemaNormalizer },
): PairResult {
  const pair = new Pair(beforeNode, afterNode, isSent, documents.before, documents.after);
  pair.compare();
  return pair;
}

class Pair implements PairResult {
  readonly findings: PairFinding[] = [];
  readonly inner: InnerPair[] = [];
  readonly #beforeNode: unknown;
  readonly #afterNode: unknown;
  readonly #isSent: boolean;
  readonly #beforeDocument: SchemaNormalizer;
  readonly #afterDocument: SchemaNormalizer;

  constructor(
    beforeNode: unknown,
    afterNode: unknown,
    isSent: boolean,
    beforeDocument: SchemaNormalizer,
    afterDocument: SchemaNormalizer,
  ) {
    this.#beforeNode = beforeNode;
    this.#afterNode = afterNode;
    this.#isSent = isSent;
    this.#beforeDocument = beforeDocument;
    this.#afterDocument = afterDocument;
  }

  compare(): void {
    const before = this.#beforeDocument.normalize(this.#beforeNode);
    const after = this.#afterDocument.normalize(this.#afterNode);
    if (before.isImpossible || after.isImpossible) this.#comparePossibility(before, after);
    // What was a single schema became a union, or the other way round: a schema is a union of one.
    else if (before.says === "more" && before.unions.length === 0 && after.says === "union") {
      this.#compareVariants([this.#beforeNode], after.unions[0] ?? []);
    } else if (after.says === "more" && after.unions.length === 0 && before.says === "union") {
      this.#compareVariants(before.unions[0] ?? [], [this.#afterNode]);
    } else this.#compareAll(before, after);
  }

  #compareAll(before: NormalSchema, after: NormalSchema): void {
    for (const { aspect, effect, message } of compareConstraints(before, after)) this.#find(aspect, effect, message);
    this.#compareProperties(before, after);
    this.#compareAdditional(before, after);
    this.#descendIfAny(before.items, after.items, ["items"]);
    for (const keyword of new Set([...before.applied.keys(), ...after.applied.keys()])) {
      this.#descendIfAny(before.applied.get(keyword), after.applied.get(keyword), [keyword]);
    }
    if (before.not !== undefined || after.not !== undefined) {
      this.#descend(before.not ?? false, after.not ?? false, ["not"], true);
    }
    this.#compareUnions(before, after);
  }

  #comparePossibility(before: NormalSchema, after: NormalSchema): void {
    if (before.isImpossible === after.isImpossible) return;
    if (after.isImpossible) this.#find("schema-closed", "narrows", "no value is allowed any more");
    else this.#find("schema-opened", "widens", "values are allowed now");
  }

  #compareProperties(before: NormalSchema, after: NormalSchema): void {
    // A client does not send what is read-only, and does not get what is write-only (OpenAPI 3.1, JSON Schema 9.4).
    const concerns = (schema: NormalSchema) => !(this.#isSent ? schema.isReadOnly : schema.isWriteOnly);
    for (const name of new Set([...before.properties.keys(), ...after.properties.keys()])) {
      const steps = ["properties", name];
      const old = before.properties.get(name);
      const now = after.properties.get(name);
      const isOld = old !== undefined && concerns(this.#beforeDocument.normalize(old));
      const isNow = now !== undefined && concerns(this.#afterDocument.normalize(now));
      if (isOld && isNow) {
        this.#compareRequired(name, before, after, steps);
        this.#descend(old, now, steps);
      } else if (isOld) this.#findRemoved(name, before, steps);
      else if (isNow) this.#findAdded(name, after, steps);
    }
  }

  /** What an answer no longer has is missed by somebody, required or not; what a request can't say any more as well. */
  #findRemoved(name: string, before: NormalSchema, steps: readonly string[]): void {
    const which = before.required.has(name) ? "required" : "optional";
    const aspect = this.#isSent ? "property-removed" : `${which}-property-removed`;
    this.#find(aspect, "changes", `${which} property ${name} removed`, steps);
  }

  /** Clients ignore properties that they don't know: an addition to an answer breaks none. */
  #findAdded(name: string, after: NormalSchema, steps: readonly string[]): void {
    if (after.required.has(name) && this.#isSent) {
      this.#find("required-property-added", "narrows", `required property ${name} added`, steps);
    } else this.#find("property-added", "none", `property ${name} added`, steps);
  }

  #compareRequired(name: string, before: NormalSchema, after: NormalSchema, steps: readonly string[]): void {
    if (before.required.has(name) === after.required.has(name)) return;
    if (after.required.has(name)) {
      this.#find("property-became-required", "narrows", `property ${name} became required`, steps);
    } else this.#find("property-became-optional", "widens", `property ${name} became optional`, steps);
  }

  /** As additions to answers, opening them for unknown properties breaks no client. */
  #compareAdditional(before: NormalSchema, after: NormalSchema): void {
    const [from, to] = [before.additional, after.additional];
    const steps = ["additionalProperties"];
    if (from === false && to === false) return;
    if (to === false) {
      this.#find("additional-properties-closed", "narrows", "unknown properties are not allowed any more", steps);
    } else if (from === false) {
      this.#find("additional-properties-opened", "none", "unknown properties are allowed now", steps);
    } else this.#descend(from, to, steps);
  }

  #compareUnions(before: NormalSchema, after: NormalSchema): void {
    const count = Math.max(before.unions.length, after.unions.length);
    for (let index = 0; index < count; index++) {
      const [old, now] = [before.unions[index], after.unions[index]];
      if (old !== undefined && now !== undefined) this.#compareVariants(old, now);
      else if (now !== undefined) {
        this.#find("variants-set", "narrows", `must be one of ${now.length} variants now`);
      } else this.#find("variants-unset", "widens", `need not be one of ${old?.length} variants any more`);
    }
  }

  #compareVariants(old: readonly unknown[], now: readonly unknown[]): void {
    const { pairs, removed, added } = matchVariants(old, now, this.#beforeDocument, this.#afterDocument);
    for (const { before, after, name } of pairs) this.#descend(before, after, [`variant ${name}`]);
    for (const name of removed) this.#find("variant-removed", "narrows", `variant ${name} removed`);
    for (const name of added) this.#find("variant-added", "widens", `variant ${name} added`);
  }

  #find(aspect: string, effect: Effect, message: string, steps: readonly string[] = []): void {
    this.findings.push({ aspect, effect, message, steps });
  }

  /** Undefined on both sides is nothing to compare; on one side, it is the schema that allows everything. */
  #descendIfAny(before: unknown, after: unknown, steps: readonly string[]): void {
    if (before !== undefined || after !== undefined) this.#descend(before ?? true, after ?? true, steps);
  }

  #descend(before: unknown, after: unknown, steps: readonly string[], isNegated = false): void {
    this.inner.push({ before, after, steps, isNegated });
  }
}
