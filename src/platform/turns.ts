/** Gives turns to tasks that come at any time: one after the other, in the order in which they came. */
export class Turns {
  readonly #max: number;
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  /** `max`: of those that wait, with the one whose turn it is. */
  constructor(max: number) {
    this.#max = max;
  }

  /** Whether who comes now would be one too many. */
  get isFull(): boolean {
    return this.#waiting >= this.#max;
  }

  /** Settles as `task` does. */
  take<Result>(task: () => Promise<Result>): Promise<Result> {
    this.#waiting++;
    const turn = this.#last.then(task).finally(() => this.#waiting--);
    this.#last = turn.catch(() => {});
    return turn;
  }
}
