import type { Difference } from "../diff.ts";
import { type Action, type Plan, type Subject, subjectText } from "./steps.ts";

/** A plan while it is made. */
export class PlanNotebook {
  readonly #steps: Plan["steps"][number][] = [];
  readonly #subjects = new Map<string, { subject: Subject; changes: boolean }>();
  readonly #surplus: Subject[] = [];
  readonly #notes: string[] = [];
  readonly #obstacles: Plan["obstacles"][number][] = [];

  /** It is in the files, and as it should be unless a step says otherwise. */
  wanted(subject: Subject): void {
    const key = subjectText(subject);
    if (!this.#subjects.has(key)) this.#subjects.set(key, { subject, changes: false });
  }

  step(subject: Subject, action: Action, differences: readonly Difference[] = []): void {
    this.#steps.push({ subject, action, differences });
    const noted = this.#subjects.get(subjectText(subject));
    if (noted !== undefined) noted.changes = true;
  }

  surplus(subject: Subject): void {
    this.#surplus.push(subject);
  }

  note(text: string): void {
    this.#notes.push(text);
  }

  obstacle(subject: Subject, message: string): void {
    this.#obstacles.push({ subject, message });
  }

  get plan(): Plan {
    const unchanged = [...this.#subjects.values()].filter(({ changes }) => !changes).map(({ subject }) => subject);
    return {
      steps: this.#steps,
      unchanged,
      surplus: this.#surplus,
      notes: this.#notes,
      obstacles: this.#obstacles,
    };
  }
}
