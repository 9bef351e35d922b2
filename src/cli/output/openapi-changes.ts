import type { Change } from "../../governance/comparison/change.ts";
import { oneLine } from "./printable.ts";

/** One line for each, what breaks clients first. */
export function openapiChangeLines(changes: readonly Change[]): string[] {
  return [...changes].sort(breakingFirst).map(describeChange);
}

function describeChange({ isBreaking, kind, operation, message, path }: Change): string {
  const of = operation ? `${operation}: ` : "";
  return oneLine(`${isBreaking ? "breaking" : "compatible"} ${kind} ${of}${message} (${path})`);
}

function breakingFirst(a: Change, b: Change): number {
  return Number(b.isBreaking) - Number(a.isBreaking);
}
