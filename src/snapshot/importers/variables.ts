import type { Place } from "./import-result.ts";
import { UniqueNames } from "./names.ts";
import type { Notebook } from "./notebook.ts";

/** Names of headers and fields whose values are taken for credentials. */
const SECRET_NAME =
  /authorization|cookie|(?:^|[-_.])(?:key|token|secret|password|passwd|pwd|signature|credentials?)(?:$|[-_.])|api-?key|apikey|auth-?token|password|secret/i;

export function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name) && !/^access-control-/i.test(name);
}

/**
 * Environment variables in place of the secrets of a source. The same secret becomes the same variable; the secrets
 * themselves are compared, and never leave this class.
 */
export class Variables {
  readonly #notes: Notebook;
  readonly #names = new UniqueNames();
  readonly #bySecret = new Map<string, string>();
  readonly #used = new Set<string>();

  constructor(notes: Notebook) {
    this.#notes = notes;
  }

  /** `${NAME}` for a secret that the source holds. A note says which variable to set. */
  forSecret(secret: string, wantedName: string, place: Place, what: string): string {
    let name = this.#bySecret.get(secret);
    if (name === undefined) {
      name = this.#names.take(variableName(wantedName)).replaceAll("-", "_");
      this.#bySecret.set(secret, name);
    }
    this.#used.add(name);
    const instead = `set the environment variable ${name} to it before Tidegate starts`;
    this.#notes.variable(place, what, "it is a secret, which is not copied into a configuration file", instead);
    return reference(name);
  }

  /** Names that the source itself uses: no secret is given one of them. */
  reserve(names: Iterable<string>): void {
    for (const name of new Set(names)) this.#names.take(name);
  }

  /** `${NAME}` for a variable that the source itself names; `reserve` it first. */
  forName(name: string): string {
    this.#used.add(name);
    return reference(name);
  }

  list(): string[] {
    return [...this.#used].sort();
  }
}

function reference(name: string): string {
  return `\${${name}}`;
}

function variableName(text: string): string {
  const name = text
    .toUpperCase()
    .replace(/[^A-Z0-9]+/g, "_")
    .replace(/^_+|_+$/g, "");
  return /^[A-Z]/.test(name) ? name : `SECRET_${name}`;
}
