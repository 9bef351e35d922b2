import type { Path } from "../documents/json.ts";
import type { ChangeList, Effect, Subject } from "./change.ts";
import { isSentByClient } from "./change.ts";
import { compareConstraints } from "./compare-constraints.ts";
import { matchVariants } from "./match-variants.ts";
import type { NormalSchema } from "./normal-schema.ts";
import { SchemaNormalizer } from "./normal-schema.ts";

/** Where a schema is, and whose values it describes. */
interface Place {
  readonly subject: Subject;
  readonly path: Path;
  /** Within `not`: what narrows there widens here. */
  readonly isNegated: boolean;
}

/** Compares schemas of two documents. References may be circular: each pair of schemas is compared once per place. */
export class SchemaComparison {
  readonly #before: SchemaNormalizer;
  readonly #after: SchemaNormalizer;
  readonly #changes: ChangeList;
  #seen = new Set<string>();

  constructor(before: unknown, after: unknown, changes: ChangeList) {
    this.#before = new SchemaNormalizer(before);
    this.#after = new SchemaNormalizer(after);
    this.#changes = changes;
  }

  /** `undefined` stands for no schema, which allows everything. */
  compare(subject: Subject, before: unknown, after: unknown, path: Path): void {
    this.#seen = new Set();
    this.#compare(before ?? true, after ?? true, { subject, path, isNegated: false });
  }

  #compare(beforeNode: unknown, afterNode: unknown, place: Place): void {
    const pair = `${this.#before.identify(beforeNode)} ${this.#after.identify(afterNode)} ${place.isNegated}`;
    if (this.#seen.has(pair) || place.path.length > MAX_PATH_STEPS) return;
    this.#seen.add(pair);
    const before = this.#before.normalize(beforeNode);
    const after = this.#after.normalize(afterNode);
    if (before.isImpossible || after.isImpossible) {
      this.#comparePossibility(before, after, place);
      return;
    }
    // What was a single schema became a union, or the other way round: a schema is a union of one.
    if (before.says === "more" && before.unions.length === 0 && after.says === "union") {
      this.#compareVariants([beforeNode], after.unions[0] ?? [], place);
      return;
    }
    if (after.says === "more" && after.unions.length === 0 && before.says === "union") {
      this.#compareVariants(before.unions[0] ?? [], [afterNode], place);
      return;
    }
    for (const { aspect, effect, message } of compareConstraints(before, after)) {
      this.#report(place, aspect, effect, message);
    }
    this.#compareProperties(before, after, place);
    this.#compareAdditional(before, after, place);
    this.#compareWithin(before.items, after.items, within(place, "items"));
    this.#compareApplied(before, after, place);
    if (before.not !== undefined || after.not !== undefined) {
      const negated = { ...within(place, "not"), isNegated: !place.isNegated };
      this.#compare(before.not ?? false, after.not ?? false, negated);
    }
    this.#compareUnions(before, after, place);
  }

  /** Undefined on both sides is nothing to compare; on one side, it is the schema that allows everything. */
  #compareWithin(before: unknown, after: unknown, place: Place): void {
    if (before !== undefined || after !== undefined) this.#compare(before ?? true, after ?? true, place);
  }

  #comparePossibility(before: NormalSchema, after: NormalSchema, place: Place): void {
    if (before.isImpossible === after.isImpossible) return;
    if (after.isImpossible) this.#report(place, "schema-closed", "narrows", "no value is allowed any more");
    else this.#report(place, "schema-opened", "widens", "values are allowed now");
  }

  #compareProperties(before: NormalSchema, after: NormalSchema, place: Place): void {
    const sent = isSentByClient(place.subject);
    // A client does not send what is read-only, and does not get what is write-only (OpenAPI 3.1, JSON Schema 9.4).
    const concerns = (schema: NormalSchema) => !(sent ? schema.isReadOnly : schema.isWriteOnly);
    const names = new Set([...before.properties.keys(), ...after.properties.keys()]);
    for (const name of names) {
      const at = within(place, "properties", name);
      const old = before.properties.get(name);
      const now = after.properties.get(name);
      const isOld = old !== undefined && concerns(this.#before.normalize(old));
      const isNow = now !== undefined && concerns(this.#after.normalize(now));
      if (isOld && isNow) {
        this.#compareRequired(name, before, after, at);
        this.#compare(old, now, at);
      } else if (isOld) {
        this.#reportRemoved(name, before, at);
      } else if (isNow) {
        this.#reportAdded(name, after, at);
      }
    }
  }

  /** What an answer no longer has is missed by somebody, required or not; what a request can't say any more as well. */
  #reportRemoved(name: string, before: NormalSchema, at: Place): void {
    const which = before.required.has(name) ? "required" : "optional";
    const kind = isSentByClient(at.subject) ? "property-removed" : `${which}-property-removed`;
    this.#report(at, kind, "changes", `${which} property ${name} removed`);
  }

  /** Clients ignore properties that they don't know: an addition to an answer breaks none. */
  #reportAdded(name: string, after: NormalSchema, at: Place): void {
    const isDemanded = after.required.has(name) && isSentByClient(at.subject);
    if (isDemanded) this.#report(at, "required-property-added", "narrows", `required property ${name} added`);
    else this.#report(at, "property-added", "none", `property ${name} added`);
  }

  #compareRequired(name: string, before: NormalSchema, after: NormalSchema, at: Place): void {
    if (before.required.has(name) === after.required.has(name)) return;
    if (after.required.has(name)) {
      this.#report(at, "property-became-required", "narrows", `property ${name} became required`);
    } else {
      this.#report(at, "property-became-optional", "widens", `property ${name} became optional`);
    }
  }

  /** As additions to answers, opening them for unknown properties breaks no client. */
  #compareAdditional(before: NormalSchema, after: NormalSchema, place: Place): void {
    const [from, to] = [before.additional, after.additional];
    const at = within(place, "additionalProperties");
    if (from === false && to === false) return;
    if (to === false) {
      this.#report(at, "additional-properties-closed", "narrows", "unknown properties are not allowed any more");
    } else if (from === false) {
      this.#report(at, "additional-properties-opened", "none", "unknown properties are allowed now");
    } else {
      this.#compare(from, to, at);
    }
  }

  #compareApplied(before: NormalSchema, after: NormalSchema, place: Place): void {
    for (const keyword of new Set([...before.applied.keys(), ...after.applied.keys()])) {
      this.#compareWithin(before.applied.get(keyword), after.applied.get(keyword), within(place, keyword));
    }
  }

  #compareUnions(before: NormalSchema, after: NormalSchema, place: Place): void {
    const count = Math.max(before.unions.length, after.unions.length);
    for (let index = 0; index < count; index++) {
      const [old, now] = [before.unions[index], after.unions[index]];
      if (old !== undefined && now !== undefined) this.#compareVariants(old, now, place);
      else if (now !== undefined) {
        this.#report(place, "variants-set", "narrows", `must be one of ${now.length} variants now`);
      } else {
        this.#report(place, "variants-unset", "widens", `need not be one of ${old?.length} variants any more`);
      }
    }
  }

  #compareVariants(old: readonly unknown[], now: readonly unknown[], place: Place): void {
    const { pairs, removed, added } = matchVariants(old, now, this.#before, this.#after);
    for (const { before, after, name } of pairs) this.#compare(before, after, within(place, `variant ${name}`));
    for (const name of removed) this.#report(place, "variant-removed", "narrows", `variant ${name} removed`);
    for (const name of added) this.#report(place, "variant-added", "widens", `variant ${name} added`);
  }

  #report(place: Place, aspect: string, effect: Effect, message: string): void {
    const seenFromOutside = place.isNegated ? NEGATED[effect] : effect;
    this.#changes.schema(place.subject, aspect, seenFromOutside, place.path, message);
  }
}

/** Beyond all that people write: a document must not exhaust the stack. */
const MAX_PATH_STEPS = 400;

const NEGATED: Readonly<Record<Effect, Effect>> = {
  narrows: "widens",
  widens: "narrows",
  changes: "changes",
  none: "none",
};

function within(place: Place, ...steps: string[]): Place {
  return { ...place, path: [...place.path, ...steps] };
}
