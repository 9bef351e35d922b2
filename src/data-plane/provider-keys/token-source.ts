import { type FetchedToken, TokenFailure } from "./fetch-token.ts";

/** A new token is fetched this long before the old one ends, or after two thirds of its life where that is later. */
const REFRESH_BEFORE_MS = 300_000;
/** What is left of a token's life when it is no longer sent: the call has to arrive, too. */
const LAST_MS = 10_000;
/** Between two attempts to fetch one, when the first has failed. */
const PAUSE_MS = 5_000;
const LONGEST_TIMER_MS = 2 ** 31 - 1;

type Waiting = (token: string | TokenFailure) => void;

/** The access token of one credential: fetched with the first call, and again before it ends, beside the calls. */
export class TokenSource {
  readonly #fetch: () => Promise<FetchedToken>;
  readonly #onFailure: (failure: TokenFailure) => void;
  #token: FetchedToken | null = null;
  #waiting: Waiting[] = [];
  #isUnderWay = false;
  #failure: { failure: TokenFailure; atMs: number } | null = null;
  #timer: NodeJS.Timeout | null = null;
  #isStopped = false;

  constructor(fetch: () => Promise<FetchedToken>, onFailure: (failure: TokenFailure) => void) {
    this.#fetch = fetch;
    this.#onFailure = onFailure;
  }

  /** Null: there is none that may be sent. */
  current(nowMs: number): string | null {
    const token = this.#token;
    return token !== null && nowMs < token.expiresAtMs - LAST_MS ? token.token : null;
  }

  /** `done` is called in a later turn, when there is a token, or none can be had. */
  wait(nowMs: number, done: Waiting): void {
    const failed = this.#failure;
    if (failed !== null && nowMs - failed.atMs < PAUSE_MS && !this.#isUnderWay) {
      setImmediate(done, failed.failure);
      return;
    }
    this.#waiting.push(done);
    this.#refresh();
  }

  /** The provider does not take it: it may have been revoked. */
  forget(): void {
    this.#token = null;
  }

  stop(): void {
    this.#isStopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  #refresh(): void {
    if (this.#isUnderWay) return;
    this.#isUnderWay = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#fetch().then(
      (token) => this.#fetched(token),
      (error: unknown) => this.#failed(error instanceof TokenFailure ? error : new TokenFailure("", String(error))),
    );
  }

  #fetched(token: FetchedToken): void {
    this.#isUnderWay = false;
    this.#failure = null;
    this.#token = token;
    const lifeMs = token.expiresAtMs - Date.now();
    this.#later(Math.max(lifeMs - REFRESH_BEFORE_MS, (lifeMs * 2) / 3, PAUSE_MS));
    this.#tell(token.token);
  }

  #failed(failure: TokenFailure): void {
    this.#isUnderWay = false;
    this.#failure = { failure, atMs: Date.now() };
    if (!this.#isStopped) this.#onFailure(failure);
    // Without a token, the next call asks again.
    if (this.#token !== null) this.#later(PAUSE_MS);
    this.#tell(failure);
  }

  #later(ms: number): void {
    if (this.#isStopped) return;
    this.#timer = setTimeout(() => this.#refresh(), Math.min(ms, LONGEST_TIMER_MS));
    this.#timer.unref();
  }

  #tell(token: string | TokenFailure): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const done of waiting) done(token);
  }
}
