/** Callers choose model names: series must not grow without bound. What is over it is counted together. */
const MAX_SERIES = 5000;
const REST = "other";

/** Counters by two names, found without making a string of them. */
export class Series<Counter> {
  readonly #byFirst = new Map<string, Map<string, Counter>>();
  readonly #create: (first: string, second: string) => Counter;
  #size = 0;

  constructor(create: (first: string, second: string) => Counter) {
    this.#create = create;
  }

  get(first: string, second: string): Counter {
    let bySecond = this.#byFirst.get(first);
    if (bySecond === undefined) {
      bySecond = new Map();
      this.#byFirst.set(first, bySecond);
    }
    let counter = bySecond.get(second);
    if (counter === undefined) {
      if (this.#size >= MAX_SERIES && second !== REST) return this.get(first, REST);
      counter = this.#create(first, second);
      bySecond.set(second, counter);
      this.#size++;
    }
    return counter;
  }

  *[Symbol.iterator](): Iterator<Counter> {
    for (const bySecond of this.#byFirst.values()) yield* bySecond.values();
  }
}
