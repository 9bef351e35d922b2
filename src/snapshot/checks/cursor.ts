import type { Path } from "../schema/introspection.ts";

/**
 * A place in the raw configuration. The checks between entities read through it, so that they work, and report all
 * they find, also where other parts of the file are malformed.
 */
export class Cursor {
  readonly path: Path;
  readonly value: unknown;

  constructor(value: unknown, path: Path = []) {
    this.value = value;
    this.path = path;
  }

  at(...steps: string[]): Cursor {
    let value = this.value;
    for (const step of steps) value = isMapping(value) && Object.hasOwn(value, step) ? value[step] : undefined;
    return new Cursor(value, [...this.path, ...steps]);
  }

  /** The entries of a list; [] for anything else. */
  items(): Cursor[] {
    if (!Array.isArray(this.value)) return [];
    return this.value.map((item: unknown, index) => new Cursor(item, [...this.path, index]));
  }

  /** The keys of a mapping; [] for anything else. */
  keys(): string[] {
    return isMapping(this.value) ? Object.keys(this.value) : [];
  }

  get exists(): boolean {
    return this.value !== undefined && this.value !== null;
  }

  text(): string | undefined {
    return typeof this.value === "string" ? this.value : undefined;
  }
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
