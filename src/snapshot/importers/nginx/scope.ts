import type { Directive } from "./parse.ts";

/** A block with those around it. Most directives hold for the blocks within, until one of them says otherwise. */
export class Scope {
  readonly directives: readonly Directive[];
  readonly parent: Scope | null;

  constructor(directives: readonly Directive[], parent: Scope | null) {
    this.directives = directives;
    this.parent = parent;
  }

  /** The directive of this very block; the last one if there are several. */
  own(name: string): Directive | null {
    return this.directives.findLast((directive) => directive.name === name) ?? null;
  }

  allOwn(...names: string[]): Directive[] {
    return this.directives.filter(({ name }) => names.includes(name));
  }

  /** The directive of this block, or of the nearest block around it. */
  find(name: string): Directive | null {
    return this.own(name) ?? this.parent?.find(name) ?? null;
  }

  /** As `find`, for directives of which a block has several: a block with one of its own inherits none. */
  findAll(...names: string[]): Directive[] {
    const own = this.allOwn(...names);
    return own.length > 0 ? own : (this.parent?.findAll(...names) ?? []);
  }

  /** A flag's value; `off` when it is not there. */
  isOn(name: string): boolean {
    return this.find(name)?.args[0] === "on";
  }
}
