import type { Logger } from "../../contracts/logger.ts";
import type { ListenerSnapshot } from "../../contracts/snapshot.ts";
import type { Acceptor } from "./acceptor.ts";

export interface ListenerKeeperOptions {
  logger: Logger;
  /** What is wrong, for people, or null once all is as the configuration says. Told when it changes. */
  onProblem(problem: string | null): void;
}

/** How often a listener that could not be opened is tried again: whoever has its address may go. */
const TRY_AGAIN_MS = 1_000;

/** Keeps the listeners of a worker as its configuration says, as soon as that can be. */
export class ListenerKeeper {
  readonly #acceptor: Acceptor;
  readonly #options: ListenerKeeperOptions;
  #wanted: readonly ListenerSnapshot[] = [];
  #problem: string | null = null;
  #timer: NodeJS.Timeout | null = null;

  constructor(acceptor: Acceptor, options: ListenerKeeperOptions) {
    this.#acceptor = acceptor;
    this.#options = options;
  }

  /**
   * The first listeners. `mustHaveAll`: others serve until this worker does, so it is not to take their place with less.
   * Otherwise rejects only where not one can be opened. Resolves with the URLs of those that are.
   */
  async begin(listeners: readonly ListenerSnapshot[], mustHaveAll: boolean): Promise<string[]> {
    this.#wanted = listeners;
    if (mustHaveAll) return this.#acceptor.apply(listeners);
    const { urls, errors } = await this.#acceptor.openAny(listeners);
    if (errors.length > 0 && urls.length === 0) throw errors[0] as Error;
    this.#note(errors, "a listener can't be opened: the others serve");
    return urls;
  }

  /** The listeners of another configuration. Until all of them can be opened, those that are open go on. */
  follow(listeners: readonly ListenerSnapshot[]): void {
    this.#wanted = listeners;
    void this.#apply();
  }

  stop(): void {
    this.#wanted = [];
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  async #apply(): Promise<void> {
    const errors: Error[] = [];
    await this.#acceptor.apply(this.#wanted).catch((error: unknown) => {
      errors.push(error instanceof Error ? error : new Error(String(error)));
    });
    this.#note(errors, "the listeners of the new configuration can't be opened: the old ones go on");
  }

  #note(errors: readonly Error[], consequence: string): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = errors.length === 0 ? null : setTimeout(() => void this.#apply(), TRY_AGAIN_MS);
    this.#timer?.unref();
    const problem = errors.length === 0 ? null : errors.map(({ message }) => message).join("; ");
    if (problem === this.#problem) return;
    this.#problem = problem;
    const { logger, onProblem } = this.#options;
    if (problem === null) logger.info({}, "all listeners of the configuration are open");
    else logger.error({ problem }, consequence);
    onProblem(problem);
  }
}
