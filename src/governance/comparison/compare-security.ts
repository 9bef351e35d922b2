import { canonical, isObject, type JsonObject, objectOf, stringsOf } from "../documents/json.ts";
import { resolveLocal } from "../documents/local-references.ts";
import type { Comparison } from "./compare-bodies.ts";
import type { Operation } from "./operations.ts";

/** Credentials that a client must send together: scopes by the name of their scheme. */
type Alternative = ReadonlyMap<string, ReadonlySet<string>>;

/** Of each scheme of the old document the name that it has in the new one; a scheme that is gone is not in it. */
export type SchemeNames = ReadonlyMap<string, string>;

/** Tells how schemes changed, and which of the old ones is which of the new ones: a name means nothing to a client. */
export function compareSchemes(comparison: Comparison): SchemeNames {
  const { changes } = comparison;
  const old = schemesOf(comparison.before);
  const now = schemesOf(comparison.after);
  const names = new Map<string, string>();
  for (const [name, scheme] of old) {
    const same = [...now].find(([, other]) => identityOf(other) === identityOf(scheme));
    const counterpart = now.has(name) ? name : same?.[0];
    if (counterpart === undefined) continue;
    names.set(name, counterpart);
    const reason = changeOf(scheme, now.get(counterpart) ?? {});
    if (reason === null) continue;
    const path = ["components", "securitySchemes", counterpart];
    changes.breaking("security-scheme-changed", path, `security scheme ${counterpart}: ${reason}`);
  }
  return names;
}

/**
 * Requirements are alternatives, the schemes in one are all needed, and so are the scopes of each (OpenAPI 3.1,
 * 4.8.30). What a client sends for an old alternative must do for a new one.
 */
export function compareSecurity(
  before: Operation,
  after: Operation,
  names: SchemeNames,
  { changes }: Comparison,
): void {
  const old = alternativesOf(before).map((alternative) => rename(alternative, names));
  const now = alternativesOf(after);
  const path = [...after.path, "security"];
  const wasOpen = old.some(({ size }) => size === 0);
  const isOpen = now.some(({ size }) => size === 0);
  if (wasOpen && !isOpen) {
    changes.breaking("security-added", path, `needs credentials now: ${now.map(describe).join(" or ")}`);
  } else if (!wasOpen && isOpen) {
    changes.compatible("security-removed", path, "needs no credentials any more");
  } else if (!wasOpen) {
    for (const alternative of old) {
      if (now.some((other) => suffices(alternative, other))) continue;
      const message = `${describe(alternative)} is no longer enough: needs ${now.map(describe).join(" or ")}`;
      changes.breaking("security-narrowed", path, message);
    }
    for (const alternative of now) {
      if (old.some((other) => suffices(alternative, other))) continue;
      changes.compatible("security-widened", path, `${describe(alternative)} is enough now`);
    }
  }
}

function alternativesOf({ security }: Operation): Alternative[] {
  if (security === null || security.length === 0) return [new Map()];
  return security.filter(isObject).map((requirement) => {
    return new Map(Object.entries(requirement).map(([name, scopes]) => [name, new Set(stringsOf(scopes))]));
  });
}

function rename(alternative: Alternative, names: SchemeNames): Alternative {
  return new Map([...alternative].map(([name, scopes]) => [names.get(name) ?? name, scopes]));
}

/** Whether credentials for the one are enough for the other. */
function suffices(credentials: Alternative, needed: Alternative): boolean {
  return [...needed].every(([name, scopes]) => {
    const held = credentials.get(name);
    return held !== undefined && [...scopes].every((scope) => held.has(scope));
  });
}

function describe(alternative: Alternative): string {
  return [...alternative]
    .map(([name, scopes]) => (scopes.size === 0 ? name : `${name} (${[...scopes].sort().join(", ")})`))
    .join(" with ");
}

function schemesOf(document: JsonObject): Map<string, JsonObject> {
  const schemes = objectOf(objectOf(document.components).securitySchemes);
  return new Map(Object.entries(schemes).map(([name, value]) => [name, objectOf(resolveLocal(document, value))]));
}

function identityOf({ type, name, in: location, scheme, openIdConnectUrl, flows }: JsonObject): string {
  const lowered = typeof scheme === "string" ? scheme.toLowerCase() : scheme;
  return canonical([type, name, location, lowered, openIdConnectUrl, flows].map((value) => value ?? null));
}

const IDENTIFYING = ["type", "in", "name", "scheme", "openIdConnectUrl"] as const;

/** How a client that sends credentials by the old scheme would fail; null if it would not. */
function changeOf(before: JsonObject, after: JsonObject): string | null {
  for (const key of IDENTIFYING) {
    const [from, to] = [textOf(key, before[key]), textOf(key, after[key])];
    if (from !== to) return `${key} changed from ${from} to ${to}`;
  }
  const flows = objectOf(after.flows);
  for (const [name, flow] of Object.entries(objectOf(before.flows))) {
    if (!isObject(flows[name])) return `OAuth 2 flow ${name} removed`;
    for (const key of ["authorizationUrl", "tokenUrl"]) {
      if (objectOf(flow)[key] !== objectOf(flows[name])[key]) return `${key} of flow ${name} changed`;
    }
  }
  return null;
}

function textOf(key: string, value: unknown): string {
  const text = typeof value === "string" ? value : "none";
  return key === "scheme" ? text.toLowerCase() : text;
}
