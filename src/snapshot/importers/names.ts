/** Hands out names that are different from each other: a second `billing` becomes `billing-2`. */
export class UniqueNames {
  readonly #taken: Set<string>;

  constructor(taken: Iterable<string> = []) {
    this.#taken = new Set(taken);
  }

  take(wanted: string): string {
    let name = wanted;
    for (let number = 2; this.#taken.has(name); number++) name = `${wanted.slice(0, MAX_ID_LENGTH - 4)}-${number}`;
    this.#taken.add(name);
    return name;
  }
}

const MAX_ID_LENGTH = 64;

/** An id (see `schema/scalars.ts`) that resembles the text, or `fallback` when nothing of it is left. */
export function idFrom(text: string, fallback: string): string {
  const id = text
    .normalize("NFKD")
    .replace(/[^A-Za-z0-9._-]+/g, "-")
    .replace(/^[^A-Za-z0-9]+|[^A-Za-z0-9]+$/g, "")
    .slice(0, MAX_ID_LENGTH);
  return id === "" ? fallback : id;
}

/** The text as it must be written in `tidegate.yaml`, where `${` begins a variable. */
export function literal(text: string): string {
  return text.replaceAll("${", "$${");
}
