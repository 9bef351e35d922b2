import { isObject } from "../documents/json.ts";
import type { ConfigurationChange } from "./diff-configuration.ts";

const SIGNS = { added: "+", removed: "-", changed: "~" } as const;
const COLORS = { added: "\u001b[32m", removed: "\u001b[31m", changed: "\u001b[33m" } as const;
const RESET = "\u001b[0m";
const MAX_VALUE_CHARACTERS = 200;

/** One line a change: `~ services[billing].access: "key" → "subscription"`. "" where there is none. */
export function formatDiff(changes: readonly ConfigurationChange[], { color = false } = {}): string {
  return changes
    .map((change) => {
      const line = `${SIGNS[change.kind]} ${printable(change.path || "configuration")}: ${describe(change)}`;
      return color ? `${COLORS[change.kind]}${line}${RESET}` : line;
    })
    .join("\n");
}

/** `2 added, 1 removed, 1 changed`, or `no changes`. */
export function summarizeDiff(changes: readonly ConfigurationChange[]): string {
  const counts = (["added", "removed", "changed"] as const)
    .map((kind) => ({ kind, count: changes.filter((change) => change.kind === kind).length }))
    .filter(({ count }) => count > 0);
  return counts.map(({ kind, count }) => `${count} ${kind}`).join(", ") || "no changes";
}

function describe({ kind, before, after }: ConfigurationChange): string {
  if (kind === "added") return show(after);
  if (kind === "removed") return show(before);
  return `${show(before)} → ${show(after)}`;
}

function show(value: unknown): string {
  const text = printable(flow(value));
  return text.length <= MAX_VALUE_CHARACTERS ? text : `${text.slice(0, MAX_VALUE_CHARACTERS)}…`;
}

/** As YAML writes it on one line. */
function flow(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(flow).join(", ")}]`;
  if (isObject(value)) {
    const entries = Object.entries(value).map(([name, entry]) => `${name}: ${flow(entry)}`);
    return entries.length === 0 ? "{}" : `{ ${entries.join(", ")} }`;
  }
  return JSON.stringify(value) ?? "undefined";
}

/** A value must not move the cursor of a terminal, nor turn the direction of its text. */
function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (character) => {
    return `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`;
  });
}
