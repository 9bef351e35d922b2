import type { ConfigurationPart } from "./configuration-part.ts";

export interface Place {
  /** As it was given, or as an `include` named it. */
  file: string;
  /** From 1. */
  line: number;
  column: number;
}

/**
 * `left-out`: has no counterpart. `changed`: carried over, but it means something else. `variable`: a secret that must
 * be set in the environment.
 */
export type NoteKind = "left-out" | "changed" | "variable";

/** One thing that the imported configuration does not do as the source did. Never holds a secret. */
export interface ImportNote extends Place {
  kind: NoteKind;
  what: string;
  why: string;
  /** What to do instead. */
  instead: string;
  /** Further places of which the same is true. */
  more: readonly Place[];
}

export interface ImportResult {
  configuration: ConfigurationPart;
  /** In the order of the source. */
  notes: readonly ImportNote[];
  /** Environment variables that the configuration needs, without defaults. */
  variables: readonly string[];
}

/** The source can't be read, or is not what it should be. The message never holds a secret. */
export class ImportError extends Error {
  readonly place: Place;

  constructor(place: Place, message: string) {
    super(message);
    this.name = "ImportError";
    this.place = place;
  }
}

/** `file:line:column`. */
export function formatPlace({ file, line, column }: Place): string {
  return `${file}:${line}:${column}`;
}

const MAX_LISTED_PLACES = 8;

/** One line: place, what, why, and what to do instead. */
export function formatNote(note: ImportNote): string {
  const listed = note.more.slice(0, MAX_LISTED_PLACES).map((place) => {
    return place.file === note.file ? `${place.line}` : `${place.file}:${place.line}`;
  });
  if (note.more.length > listed.length) listed.push(`${note.more.length - listed.length} more`);
  const also = listed.length === 0 ? "" : ` (also: ${listed.join(", ")})`;
  return `${formatPlace(note)}: ${note.what}: ${note.why}; ${note.instead}${also}`;
}
