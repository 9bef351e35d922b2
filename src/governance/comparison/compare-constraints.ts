import type { Effect } from "./change.ts";
import {
  ALL_TYPES,
  type Bound,
  type BoundName,
  compareBounds,
  type JsonType,
  LOWER_BOUNDS,
  type NormalSchema,
  UPPER_BOUNDS,
} from "./normal-schema.ts";

/** A change of what one schema says of a value, without the schemas within it. */
export interface ConstraintChange {
  readonly aspect: string;
  readonly effect: Effect;
  readonly message: string;
}

/** Every value of the first is one of the second. */
const WIDER_FORMATS: readonly (readonly [string, string])[] = [
  ["int32", "int64"],
  ["float", "double"],
];

export function compareConstraints(before: NormalSchema, after: NormalSchema): ConstraintChange[] {
  return [
    ...compareTypes(before, after),
    ...compareNullability(before, after),
    ...compareValues(before, after),
    ...compareFormats(before, after),
    ...comparePatterns(before, after),
    ...compareAllBounds(before, after),
    ...compareMultiples(before, after),
    ...compareUniqueness(before, after),
    ...compareConditions(before, after),
    ...compareAnnotations(before, after),
  ];
}

function compareTypes(before: NormalSchema, after: NormalSchema): ConstraintChange[] {
  const effect = compareSets(before.types, after.types);
  if (effect === "none") return [];
  const message = `type changed from ${nameTypes(before)} to ${nameTypes(after)}`;
  return [{ aspect: effect === "changes" ? "type-changed" : `type-${past(effect)}`, effect, message }];
}

/** Where one side says nothing of types, the change of type tells it all. */
function compareNullability(before: NormalSchema, after: NormalSchema): ConstraintChange[] {
  if (before.isNullable === after.isNullable || before.isTyped !== after.isTyped) return [];
  return after.isNullable
    ? [{ aspect: "became-nullable", effect: "widens", message: "may be null now" }]
    : [{ aspect: "became-not-nullable", effect: "narrows", message: "may not be null any more" }];
}

function compareValues(before: NormalSchema, after: NormalSchema): ConstraintChange[] {
  if (before.values === null && after.values === null) return [];
  if (before.values === null) {
    return [{ aspect: "enum-set", effect: "narrows", message: `only these values are left: ${show(after.values)}` }];
  }
  if (after.values === null) {
    return [{ aspect: "enum-unset", effect: "widens", message: `no longer limited to ${show(before.values)}` }];
  }
  const changes: ConstraintChange[] = [];
  const removed = missing(before.values, after.values);
  const added = missing(after.values, before.values);
  if (removed.size > 0) {
    changes.push({ aspect: "enum-value-removed", effect: "narrows", message: `value ${show(removed)} removed` });
  }
  if (added.size > 0) {
    changes.push({ aspect: "enum-value-added", effect: "widens", message: `value ${show(added)} added` });
  }
  return changes;
}

function compareFormats(before: NormalSchema, after: NormalSchema): ConstraintChange[] {
  const [from, to] = [before.format, after.format];
  if (from === to) return [];
  if (from === null) return [{ aspect: "format-set", effect: "narrows", message: `format ${to} is required now` }];
  if (to === null)
    return [{ aspect: "format-unset", effect: "widens", message: `format ${from} is no longer required` }];
  const message = `format changed from ${from} to ${to}`;
  if (WIDER_FORMATS.some(([narrow, wide]) => narrow === from && wide === to)) {
    return [{ aspect: "format-widened", effect: "widens", message }];
  }
  if (WIDER_FORMATS.some(([narrow, wide]) => narrow === to && wide === from)) {
    return [{ aspect: "format-narrowed", effect: "narrows", message }];
  }
  return [{ aspect: "format-changed", effect: "changes", message }];
}

function comparePatterns(before: NormalSchema, after: NormalSchema): ConstraintChange[] {
  const removed = before.patterns.filter((pattern) => !after.patterns.includes(pattern));
  const added = after.patterns.filter((pattern) => !before.patterns.includes(pattern));
  if (removed.length > 0 && added.length > 0) {
    const message = `pattern changed from ${removed.join(", ")} to ${added.join(", ")}`;
    return [{ aspect: "pattern-changed", effect: "changes", message }];
  }
  if (added.length > 0) {
    return [{ aspect: "pattern-set", effect: "narrows", message: `must match ${added.join(", ")} now` }];
  }
  if (removed.length > 0) {
    return [{ aspect: "pattern-unset", effect: "widens", message: `need not match ${removed.join(", ")} any more` }];
  }
  return [];
}

function compareAllBounds(before: NormalSchema, after: NormalSchema): ConstraintChange[] {
  return [
    ...UPPER_BOUNDS.flatMap((name) => compareBound(name, before.bounds.get(name), after.bounds.get(name), true)),
    ...LOWER_BOUNDS.flatMap((name) => compareBound(name, before.bounds.get(name), after.bounds.get(name), false)),
  ];
}

function compareBound(
  name: BoundName,
  before: Bound | undefined,
  after: Bound | undefined,
  isUpper: boolean,
): ConstraintChange[] {
  const order = orderOf(before, after, isUpper);
  if (order === 0) return [];
  const message = `${name} changed from ${showBound(before)} to ${showBound(after)}`;
  return order < 0
    ? [{ aspect: "bound-widened", effect: "widens", message }]
    : [{ aspect: "bound-narrowed", effect: "narrows", message }];
}

/** Below 0 where `before` allows less. */
function orderOf(before: Bound | undefined, after: Bound | undefined, isUpper: boolean): number {
  if (before === undefined || after === undefined) return Number(after !== undefined) - Number(before !== undefined);
  return compareBounds(before, after, isUpper);
}

function compareMultiples(before: NormalSchema, after: NormalSchema): ConstraintChange[] {
  const [from, to] = [before.multipleOf, after.multipleOf];
  if (from === to) return [];
  const message = `multipleOf changed from ${from ?? "none"} to ${to ?? "none"}`;
  if (from === null || (to !== null && to % from === 0))
    return [{ aspect: "bound-narrowed", effect: "narrows", message }];
  if (to === null || from % to === 0) return [{ aspect: "bound-widened", effect: "widens", message }];
  return [{ aspect: "bound-changed", effect: "changes", message }];
}

function compareUniqueness(before: NormalSchema, after: NormalSchema): ConstraintChange[] {
  if (before.hasUniqueItems === after.hasUniqueItems) return [];
  return after.hasUniqueItems
    ? [{ aspect: "bound-narrowed", effect: "narrows", message: "items must be unique now" }]
    : [{ aspect: "bound-widened", effect: "widens", message: "items need not be unique any more" }];
}

/** All of these only take values away, so one that is new narrows. How two of them relate can't be told. */
function compareConditions(before: NormalSchema, after: NormalSchema): ConstraintChange[] {
  const names = new Set([...before.conditions.keys(), ...after.conditions.keys()]);
  return [...names].flatMap((name): ConstraintChange[] => {
    const [from, to] = [before.conditions.get(name), after.conditions.get(name)];
    if (from === to) return [];
    if (from === undefined) return [{ aspect: "condition-set", effect: "narrows", message: `${name} added` }];
    if (to === undefined) return [{ aspect: "condition-unset", effect: "widens", message: `${name} removed` }];
    return [{ aspect: "condition-changed", effect: "changes", message: `${name} changed` }];
  });
}

function compareAnnotations(before: NormalSchema, after: NormalSchema): ConstraintChange[] {
  const changes: ConstraintChange[] = [];
  const [from, to] = [before.defaultValue, after.defaultValue];
  if (JSON.stringify(from) !== JSON.stringify(to)) {
    const message = `default changed from ${showDefault(from)} to ${showDefault(to)}`;
    changes.push({ aspect: "default-changed", effect: "none", message });
  }
  if (before.isDeprecated !== after.isDeprecated) {
    changes.push(
      after.isDeprecated
        ? { aspect: "deprecated", effect: "none", message: "is deprecated now" }
        : { aspect: "reactivated", effect: "none", message: "is no longer deprecated" },
    );
  }
  return changes;
}

function compareSets(before: ReadonlySet<unknown>, after: ReadonlySet<unknown>): Effect {
  const narrows = [...before].some((value) => !after.has(value));
  const widens = [...after].some((value) => !before.has(value));
  if (narrows && widens) return "changes";
  if (narrows) return "narrows";
  return widens ? "widens" : "none";
}

export function nameTypes(schema: NormalSchema): string {
  if (schema.types.size === ALL_TYPES.length) return "any";
  const names = [...schema.types].filter((type: JsonType) => type !== "integer" || !schema.types.has("number"));
  if (names.length === 0) return schema.isNullable ? "null" : "none";
  return names.join(" or ");
}

function past(effect: "narrows" | "widens"): string {
  return effect === "narrows" ? "narrowed" : "widened";
}

const MAX_VALUES_SHOWN = 10;

function show(values: ReadonlyMap<string, unknown> | null): string {
  const texts = [...(values?.keys() ?? [])];
  if (texts.length <= MAX_VALUES_SHOWN) return texts.join(", ");
  return `${texts.slice(0, MAX_VALUES_SHOWN).join(", ")} and ${texts.length - MAX_VALUES_SHOWN} more`;
}

function missing(from: ReadonlyMap<string, unknown>, other: ReadonlyMap<string, unknown>): Map<string, unknown> {
  return new Map([...from].filter(([text]) => !other.has(text)));
}

function showBound(bound: Bound | undefined): string {
  return bound === undefined ? "none" : `${bound.value}${bound.isExclusive ? " (exclusive)" : ""}`;
}

function showDefault(value: unknown): string {
  return value === undefined ? "none" : JSON.stringify(value);
}
