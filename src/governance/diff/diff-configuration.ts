import { canonical, isObject, type JsonObject } from "../documents/json.ts";
import { indexByIdentity } from "./list-identity.ts";
import { redact } from "./redact.ts";

export interface ConfigurationChange {
  readonly kind: "added" | "removed" | "changed";
  /** e.g. `services[billing].routes[/billing GET].strip_prefix`; "" for the configuration as a whole. */
  readonly path: string;
  /** Undefined for what was added. Secrets are replaced by `[redacted]`. */
  readonly before: unknown;
  /** Undefined for what was removed. */
  readonly after: unknown;
}

/**
 * What differs between two configurations, in the order of the old one, additions last. Things in lists are known by
 * their `id`, `name` or routes' path, not by their place; the order of such a list means nothing. The result may be
 * stored and shown: it holds no secret, though it tells that one was changed.
 *
 * @param before plain data, as from YAML or JSON; undefined where there was nothing
 */
export function diffConfiguration(before: unknown, after: unknown): readonly ConfigurationChange[] {
  const changes: ConfigurationChange[] = [];
  compare(before, after, { path: "", names: [] }, changes);
  return Object.freeze(changes);
}

interface Place {
  readonly path: string;
  /** Names of the fields that lead here, by which secrets are known. */
  readonly names: readonly string[];
}

function compare(before: unknown, after: unknown, place: Place, changes: ConfigurationChange[]): void {
  if (before === after) return;
  if (isObject(before) && isObject(after)) compareObjects(before, after, place, changes);
  else if (Array.isArray(before) && Array.isArray(after)) compareLists(before, after, place, changes);
  else if (canonical(before) !== canonical(after)) {
    changes.push(
      Object.freeze({
        kind: before === undefined ? "added" : after === undefined ? "removed" : "changed",
        path: place.path,
        before: redact(before, place.names),
        after: redact(after, place.names),
      }),
    );
  }
}

function compareObjects(before: JsonObject, after: JsonObject, place: Place, changes: ConfigurationChange[]): void {
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const old = Object.hasOwn(before, name) ? before[name] : undefined;
    const now = Object.hasOwn(after, name) ? after[name] : undefined;
    compare(old, now, inField(place, name), changes);
  }
}

function compareLists(
  before: readonly unknown[],
  after: readonly unknown[],
  place: Place,
  changes: ConfigurationChange[],
): void {
  const old = indexByIdentity(before);
  const now = indexByIdentity(after);
  if (old !== null && now !== null) {
    for (const [identity, value] of old) compare(value, now.get(identity), inEntry(place, identity), changes);
    for (const [identity, value] of now) {
      if (!old.has(identity)) compare(undefined, value, inEntry(place, identity), changes);
    }
    return;
  }
  comparePlaces(before, after, place, changes);
}

/** Entries without a name: equal ones at the beginning and at the end are the same, the rest is compared by place. */
function comparePlaces(
  before: readonly unknown[],
  after: readonly unknown[],
  place: Place,
  changes: ConfigurationChange[],
): void {
  const old = before.map(canonical);
  const now = after.map(canonical);
  let start = 0;
  while (start < old.length && start < now.length && old[start] === now[start]) start++;
  let end = 0;
  while (end < old.length - start && end < now.length - start && old.at(-1 - end) === now.at(-1 - end)) end++;
  const count = Math.max(old.length, now.length) - end;
  for (let index = start; index < count; index++) {
    const value = index < old.length - end ? before[index] : undefined;
    const other = index < now.length - end ? after[index] : undefined;
    compare(value, other, inEntry(place, String(index)), changes);
  }
}

function inField({ path, names }: Place, name: string): Place {
  const shown = /^[\w$-]+$/.test(name) ? name : JSON.stringify(name);
  return { path: path === "" ? shown : `${path}.${shown}`, names: [...names, name] };
}

function inEntry({ path, names }: Place, identity: string): Place {
  return { path: `${path}[${identity}]`, names };
}
