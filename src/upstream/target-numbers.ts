/**
 * Numbers of upstream targets that the native hot path shares with JavaScript: four of each target in one array. The
 * native side counts calls under way and good answers; this side says which targets it must leave alone.
 */
export class TargetNumbersTable {
  readonly numbers = new Float64Array(MAX_TARGETS * NUMBERS);
  readonly #labelled: { label: { upstream: string; target: string }; numbers: TargetNumbers }[] = [];
  readonly #byKey = new Map<string, TargetNumbers>();

  /** Good answers of the native side since the last time, by target, for those whose attempts are counted. */
  *takeSuccesses(): Generator<{ upstream: string; target: string; good: number }> {
    for (const { label, numbers } of this.#labelled) {
      const good = numbers.takeSuccesses();
      if (good > 0) yield { ...label, good };
    }
  }

  /** Names a target as the metrics do: provider and model. */
  label(numbers: TargetNumbers, upstream: string, target: string): void {
    if (numbers.index === 0 || this.#labelled.some((one) => one.numbers === numbers)) return;
    this.#labelled.push({ label: { upstream, target }, numbers });
  }

  /** The numbers of a target, the same for the same key. Beyond the table's size, targets are JavaScript's alone. */
  of(key: string): TargetNumbers {
    let found = this.#byKey.get(key);
    if (found !== undefined) return found;
    // The first place is nobody's: it stands for "not shared".
    const index = this.#byKey.size + 1;
    if (index >= MAX_TARGETS) return new TargetNumbers(new Float64Array(NUMBERS), 0);
    found = new TargetNumbers(this.numbers.subarray(index * NUMBERS, (index + 1) * NUMBERS), index);
    this.#byKey.set(key, found);
    return found;
  }
}

const MAX_TARGETS = 16_384;
const NUMBERS = 4;
const IN_FLIGHT = 0;
const SUCCESSES = 1;
const BLOCKED = 2;
const CREDIT = 3;

const HELD_BY_HEALTH = 1;
const HELD_BY_KEYS = 2;

export class TargetNumbers {
  readonly #numbers: Float64Array;
  /** Place in the table; 0: not shared. */
  readonly index: number;
  #seenSuccesses = 0;
  #toldSuccesses = 0;

  constructor(numbers: Float64Array, index: number) {
    this.#numbers = numbers;
    this.index = index;
  }

  /** Of a target that nobody shares. */
  static alone(): TargetNumbers {
    return new TargetNumbers(new Float64Array(NUMBERS), 0);
  }

  /** Calls under way on the native side. */
  get inFlight(): number {
    return this.#numbers[IN_FLIGHT] as number;
  }

  /** Whether the native side had a good answer since this was asked last. */
  takeSuccess(): boolean {
    const successes = this.#numbers[SUCCESSES] as number;
    if (successes === this.#seenSuccesses) return false;
    this.#seenSuccesses = successes;
    return true;
  }

  /** How many good answers the native side had since this was asked last, for metrics. */
  takeSuccesses(): number {
    const successes = this.#numbers[SUCCESSES] as number;
    const fresh = successes - this.#toldSuccesses;
    this.#toldSuccesses = successes;
    return fresh;
  }

  /** What smooth weighted round-robin owes the target. */
  get credit(): number {
    return this.#numbers[CREDIT] as number;
  }

  set credit(credit: number) {
    this.#numbers[CREDIT] = credit;
  }

  /** Calls to a blocked target are decided by JavaScript. */
  set blocked(blocked: boolean) {
    this.#hold(HELD_BY_HEALTH, blocked);
  }

  /** So are those to one whose provider has a key that is out. */
  set lacksKeys(lacksKeys: boolean) {
    this.#hold(HELD_BY_KEYS, lacksKeys);
  }

  /** The native side looks whether there is any reason. */
  #hold(reason: number, holds: boolean): void {
    const reasons = this.#numbers[BLOCKED] as number;
    this.#numbers[BLOCKED] = holds ? reasons | reason : reasons & ~reason;
  }
}
