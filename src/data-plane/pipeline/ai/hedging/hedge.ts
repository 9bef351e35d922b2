import type { AiAttempt } from "../ai-attempt.ts";
import type { HedgePolicy } from "./hedge-policy.ts";

/** What became of asking a second target: it answered first, the first one did after all, or it was not done for its cost. */
export type HedgeOutcome = "won" | "lost" | "over_share";

export interface HedgedCall {
  /** False: nothing that the call does may be done twice. */
  mayBeHedged(): boolean;
  /** Asks another target. False: there is none. */
  askAnother(): boolean;
  /** This attempt is not wanted any more. */
  lost(attempt: AiAttempt): void;
  hedged(outcome: HedgeOutcome): void;
}

/** The race of a call's first attempt and, when that takes too long, a second one at another target. */
export class Hedge {
  readonly #policy: HedgePolicy;
  readonly #call: HedgedCall;
  readonly #isStream: boolean;
  #timer: NodeJS.Timeout | null = null;
  #racing: AiAttempt[] = [];
  #second: AiAttempt | null = null;
  #isDecided = false;
  /** A second attempt is being made ready. */
  isAsking = false;

  constructor(policy: HedgePolicy, call: HedgedCall, isStream: boolean) {
    this.#policy = policy;
    this.#call = call;
    this.#isStream = isStream;
    policy.called();
  }

  get isDecided(): boolean {
    return this.#isDecided;
  }

  /** An attempt other than this one is under way or about to be. */
  hasOther(attempt: AiAttempt): boolean {
    return this.isAsking || this.#racing.some((one) => one !== attempt);
  }

  get racing(): readonly AiAttempt[] {
    return this.#racing;
  }

  began(attempt: AiAttempt): void {
    this.#racing.push(attempt);
    if (this.isAsking) {
      this.isAsking = false;
      this.#second = attempt;
      return;
    }
    if (this.#second !== null || this.#isDecided) return;
    const delayMs = this.#policy.delayMs(attempt.target.load.times(this.#isStream));
    if (delayMs !== null) this.#timer = setTimeout(() => this.#ask(), delayMs);
  }

  #ask(): void {
    this.#timer = null;
    if (!this.#call.mayBeHedged()) return;
    if (!this.#policy.take()) {
      this.#call.hedged("over_share");
      return;
    }
    this.isAsking = true;
    if (this.#call.askAnother()) return;
    this.isAsking = false;
    this.#policy.giveBack();
  }

  /** The second attempt could not be made. */
  gaveUp(): void {
    this.isAsking = false;
    this.#policy.giveBack();
  }

  failed(attempt: AiAttempt): void {
    this.#racing = this.#racing.filter((one) => one !== attempt);
    this.stop();
  }

  /** It answers: the other one is cancelled. */
  won(attempt: AiAttempt): void {
    if (this.#isDecided) return;
    this.#isDecided = true;
    this.stop();
    for (const one of this.#racing) {
      // Of one that is cancelled it is known that it takes longer: without it, times would look ever shorter.
      one.target.load.times(this.#isStream).note(one.elapsedMs);
      if (one !== attempt) this.#call.lost(one);
    }
    this.#racing = [attempt];
    if (this.#second !== null) this.#call.hedged(this.#second === attempt ? "won" : "lost");
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}
