import { isDeepStrictEqual } from "node:util";
import { formatPath } from "../snapshot/problems/problem.ts";
import { childSchema, isSecret, type Path } from "../snapshot/schema/introspection.ts";
import { policiesAt } from "../snapshot/schema/policies.ts";
import { service } from "../snapshot/schema/service.ts";
import type { Palette } from "./output/palette.ts";
import { printable } from "./output/printable.ts";

/** One value that is not the same on both sides. */
export interface Difference {
  /** e.g. `routes[0].path`. */
  path: string;
  /** undefined: it was not there. */
  before: unknown;
  /** undefined: it will not be there. */
  after: unknown;
  /** It is, or may be, a secret: neither side is shown. */
  hidden: boolean;
}

/** Where two values differ, leaf by leaf. Entries of lists are told apart by their place. */
export function differencesOf(
  before: unknown,
  after: unknown,
  mayBeSecret: (path: Path) => boolean,
  path: Path = [],
): Difference[] {
  if (isDeepStrictEqual(before, after)) return [];
  const steps = stepsOf(before, after);
  if (steps === null) return [{ path: formatPath(path), before, after, hidden: mayBeSecret(path) }];
  return steps.flatMap((step) => differencesOf(at(before, step), at(after, step), mayBeSecret, [...path, step]));
}

/** What is said of something new, without what holds anyway. */
export function differencesOfNew(
  defaults: Readonly<Record<string, unknown>>,
  fields: object,
  mayBeSecret: (path: Path) => boolean,
): Difference[] {
  const said = Object.entries(fields).filter(([key, value]) => !isDeepStrictEqual(defaults[key], value));
  return differencesOf({}, Object.fromEntries(said), mayBeSecret);
}

type Schema = Parameters<typeof childSchema>[0];

/** Whether a field of a service's configuration holds a secret. */
export function mayBeSecretInService(path: Path): boolean {
  return mayBeSecretIn(service, path);
}

const teamPolicies = policiesAt("team");

/** The same of a team, a role or an application: in policies alone, and of these a team may have the most kinds. */
export function mayBeSecretInTeam([first, ...rest]: Path): boolean {
  return first === "policies" && mayBeSecretIn(teamPolicies, rest);
}

/** What this program does not know may be anything. */
function mayBeSecretIn(root: Schema, path: Path): boolean {
  let schema: Schema | null = root;
  for (const step of path) {
    schema = childSchema(schema, step);
    if (schema === null || isSecret(schema)) return true;
  }
  return false;
}

/** A line each: what is new, what goes, what becomes of what. */
export function differenceLines(differences: readonly Difference[], palette: Palette): string[] {
  return differences.map(({ path, before, after, hidden }) => {
    const [was, is] = [before, after].map((side) => (hidden ? "(hidden)" : shown(side))) as [string, string];
    if (before === undefined) return palette.added(`+ ${path}: ${is}`);
    if (after === undefined) return palette.removed(`- ${path}: ${was}`);
    return `${palette.changed(`~ ${path}:`)} ${palette.removed(was)} → ${palette.added(is)}`;
  });
}

/** As it may be handed on. */
export function redacted(difference: Difference): Difference {
  if (!difference.hidden) return difference;
  const hide = (side: unknown) => (side === undefined ? undefined : "(hidden)");
  return { ...difference, before: hide(difference.before), after: hide(difference.after) };
}

function withoutSecrets(value: unknown, mayBeSecret: (path: Path) => boolean, path: Path = []): unknown {
  const steps = stepsOf(value, value);
  if (steps === null) return mayBeSecret(path) ? "(hidden)" : value;
  if (Array.isArray(value)) return value.map((item, index) => withoutSecrets(item, mayBeSecret, [...path, index]));
  return Object.fromEntries(
    steps.map((step) => [step, withoutSecrets(at(value, step), mayBeSecret, [...path, step])] as const),
  );
}

/** A service as it may be printed, also for programs. */
export function withoutSecretsInDraft<One extends { draft: Record<string, unknown> }>(one: One): One {
  const entries = Object.entries(one.draft).map(([key, value]) => {
    return [key, withoutSecrets(value, mayBeSecretInService, [key])] as const;
  });
  return { ...one, draft: Object.fromEntries(entries) };
}

/** The same of a team or an application. */
export function withoutSecretsInPolicies<One extends { policies: Readonly<Record<string, unknown>> }>(one: One): One {
  return { ...one, policies: withoutSecrets(one.policies, mayBeSecretInTeam, ["policies"]) };
}

/** What to look into; null: the values are shown as they are. */
function stepsOf(before: unknown, after: unknown): (string | number)[] | null {
  const sides = [before, after].filter((side) => side !== undefined);
  if (sides.every(isMapping)) {
    const keys = [...new Set(sides.toReversed().flatMap((side) => Object.keys(side)))];
    return keys.length === 0 ? null : keys;
  }
  if (!sides.every((side) => Array.isArray(side))) return null;
  const length = Math.max(...sides.map((side) => side.length));
  const isOfMappings = sides.every((side) => side.every((item: unknown) => typeof item === "object" && item !== null));
  return length > 0 && isOfMappings ? Array.from({ length }, (_, index) => index) : null;
}

function at(value: unknown, step: string | number): unknown {
  if (typeof value !== "object" || value === null) return undefined;
  return Object.getOwnPropertyDescriptor(value, step)?.value;
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const MAX_SHOWN = 100;

function shown(value: unknown): string {
  if (value === undefined) return "";
  if (typeof value === "string" && value.includes("\n")) {
    return `(a text of ${value.trimEnd().split("\n").length} lines)`;
  }
  const text = printable(typeof value === "string" ? `"${value}"` : JSON.stringify(value));
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}
