import { differenceLines } from "../diff.ts";
import type { Palette } from "../output/palette.ts";
import { printable } from "../output/printable.ts";
import type { Outcome } from "./execute.ts";
import type { Places } from "./state.ts";
import { type Effect, effectOf, type Obstacle, type Plan, type Step, subjectText } from "./steps.ts";

const SIGNS: Record<Effect, string> = { add: "+", change: "~", publish: "^", remove: "-" };

/** The plan as a diff, with its sum below. */
export function planText({ steps, unchanged, surplus, notes }: Plan, palette: Palette): string {
  const lines = steps.flatMap((step) => stepLines(step, palette));
  const asides = notes.map((note) => palette.faint(`  ${note}`));
  return `${[...lines, ...asides, sumLine(steps, unchanged.length, palette), ...surplusLines(surplus)].join("\n")}\n`;
}

function stepLines(step: Step, palette: Palette): string[] {
  const { subject, action, differences } = step;
  const effect = effectOf(action);
  const owner = subject.team === null || subject.kind === "team" ? "" : palette.faint(` (${subject.team})`);
  const text = printable(`${SIGNS[effect]} ${phrase(step)}`);
  const head = palette.bold(colourOf(effect, palette)(text)) + owner;
  return [head, ...differenceLines(differences, palette).map((line) => `    ${line}`)];
}

/** By the first six letters of an action's type. */
const VERBS: Readonly<Record<string, string>> = { create: "create", update: "change", delete: "delete" };

/** e.g. `publish service billing`. */
export function phrase({ subject, action }: Step): string {
  const what = subjectText(subject);
  switch (action.type) {
    case "publish-service":
      return `publish ${what}${action.note === "" ? "" : `: ${action.note}`}`;
    case "share-service":
      return `share ${what}`;
    case "request-subscription":
      return `request ${what}`;
    case "update-subscription":
      return `change terms of ${what}`;
    case "cancel-subscription":
      return `cancel ${what}`;
    case "retire-service":
      return `retire ${what}`;
    case "rotate-credential":
      return `rotate ${what}`;
    case "revoke-credential":
      return `revoke ${what}`;
    case "delete-application":
      return `delete ${what} with its keys and subscriptions`;
    case "put-role":
      return `${action.revision === null ? "create" : "change"} ${what}`;
    default:
      return `${VERBS[action.type.slice(0, 6)] ?? "change"} ${what}`;
  }
}

function sumLine(steps: readonly Step[], unchanged: number, palette: Palette): string {
  const counts = { add: 0, change: 0, publish: 0, remove: 0 };
  for (const { action } of steps) counts[effectOf(action)]++;
  const { add, change, publish, remove } = counts;
  const text = `${add} to add, ${change} to change, ${publish} to publish, ${remove} to remove, ${unchanged} unchanged`;
  return palette.bold(steps.length === 0 ? `nothing to do: ${unchanged} unchanged` : text);
}

function surplusLines(surplus: Plan["surplus"]): string[] {
  if (surplus.length === 0) return [];
  return [`not in the files, removed with --prune: ${printable(surplus.map(subjectText).join(", "))}`];
}

function colourOf(effect: Effect, palette: Palette): (text: string) => string {
  if (effect === "add") return palette.added;
  return effect === "remove" ? palette.removed : palette.changed;
}

/** `file:line:column service billing: …`, each on a line. */
export function obstacleText(obstacles: readonly Obstacle[], places: Places): string {
  return obstacles
    .map(({ subject, message }) => {
      const [owner = ""] = subject.id.split(" → ");
      const key = subject.kind === "subscription" ? `application ${owner}` : subjectText(subject);
      return `${placeText(key, places)}${subjectText(subject)}: ${message}\n`;
    })
    .join("");
}

/** What was done and what was not, when something stopped it. */
export function failureText({ done, failure, notDone }: Outcome, places: Places): string {
  if (failure === null) return "";
  const { step, error } = failure;
  const lines = [
    `${placeText(subjectText(step.subject), places)}${phrase(step)}: ${error.message}`,
    ...listed("done", done),
    ...listed("not done", [step, ...notDone]),
  ];
  return `${lines.join("\n")}\n`;
}

function listed(title: string, steps: readonly Step[]): string[] {
  if (steps.length === 0) return [`${title}: nothing`];
  return [`${title}:`, ...steps.map((step) => `  ${printable(phrase(step))}`)];
}

function placeText(key: string, places: Places): string {
  const place = places.get(key);
  return place === undefined ? "" : `${place.file}:${place.line}:${place.column} `;
}
