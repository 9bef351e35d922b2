import { formatPath, type Path } from "../documents/json.ts";

/** Whose values a schema describes. Who sends them decides what is breaking. */
export type Subject = "parameter" | "request" | "response" | "response-header";

/**
 * What happens to the set of values that a schema allows. `changes`: neither set contains the other, or that can't be
 * told.
 */
export type Effect = "narrows" | "widens" | "changes" | "none";

export interface Change {
  /** Stable, e.g. `request-enum-value-removed`. */
  readonly kind: string;
  /** Whether a client that kept to the old document may fail with the new one. */
  readonly isBreaking: boolean;
  /** e.g. `paths./users.get.parameters.query limit`: in the new document, of what was removed in the old one. */
  readonly path: string;
  /** e.g. `GET /users/{id}`, as the new document writes it; null for what belongs to no single operation. */
  readonly operation: string | null;
  readonly message: string;
}

/** Collects the changes of one comparison. */
export class ChangeList {
  readonly changes: Change[] = [];
  #operation: string | null = null;

  /** What is reported from here on belongs to this operation. */
  enter(operation: string | null): void {
    this.#operation = operation;
  }

  breaking(kind: string, path: Path, message: string): void {
    this.#add(kind, true, path, message);
  }

  compatible(kind: string, path: Path, message: string): void {
    this.#add(kind, false, path, message);
  }

  /**
   * A client sends less than it may, and must be able to take all that may come: so requests must not be narrowed, and
   * responses must not be widened. What can't be proved safe is breaking.
   */
  schema(subject: Subject, aspect: string, effect: Effect, path: Path, message: string): void {
    this.#add(`${subject}-${aspect}`, isBreaking(subject, effect), path, message);
  }

  #add(kind: string, breaks: boolean, path: Path, message: string): void {
    this.changes.push(
      Object.freeze({ kind, isBreaking: breaks, path: formatPath(path), operation: this.#operation, message }),
    );
  }
}

export function isSentByClient(subject: Subject): boolean {
  return subject === "parameter" || subject === "request";
}

function isBreaking(subject: Subject, effect: Effect): boolean {
  if (effect === "none") return false;
  return effect === "changes" || (effect === "narrows") === isSentByClient(subject);
}
