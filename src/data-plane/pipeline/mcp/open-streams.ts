import { GatewayError } from "../../../contracts/errors.ts";
import type { Context } from "../context.ts";
import { stateAt } from "../subscriptions.ts";

/** How the caller of a call under way would be let in now; the error it would get, if it would not. */
export type LetIn = (context: Context) => Context | GatewayError;

/** So many in one turn of the event loop: there may be very many, and calls are waiting. */
const AT_ONCE = 200;

/** Streams by which MCP servers speak, open for as long as somebody listens: of one worker. */
export class OpenEventStreams {
  /** With the Unix time at which what its caller came in by ends; Infinity: never. */
  readonly #open = new Map<Context, number>();
  readonly #toCheck = new Set<Context>();
  #isChecking = false;
  /** Of what is served. */
  #letIn: LetIn = (context) => context;

  add(context: Context): void {
    this.#open.set(context, endOf(context));
  }

  delete(context: Context): void {
    this.#open.delete(context);
  }

  /**
   * Something has changed: those that would not be let in any more end. `changed`: numbers of the applications that are other ones than
   * before; null: it may concern all. What was still to be looked at is, by what holds now.
   */
  recheck(letIn: LetIn, changed: readonly Buffer[] | null): void {
    const numbers = changed === null ? null : new Set(changed.map(keyOf));
    for (const context of this.#open.keys()) {
      if (numbers === null || (context.application !== null && numbers.has(keyOf(context.application.number)))) {
        this.#toCheck.add(context);
      }
    }
    this.#letIn = letIn;
    if (!this.#isChecking) this.#checkSome();
  }

  /** Those whose time is over. */
  recheckOverdue(nowMs: number, letIn: LetIn): void {
    for (const [context, endMs] of this.#open) if (endMs <= nowMs) this.#check(context, letIn);
  }

  /** This worker ends: clients connect again, to another one. */
  end(error: GatewayError): void {
    for (const context of [...this.#open.keys()]) context.pipeline.fail(context, error);
  }

  #checkSome = (): void => {
    let left = AT_ONCE;
    for (const context of this.#toCheck) {
      this.#isChecking = left-- === 0;
      if (this.#isChecking) {
        setImmediate(this.#checkSome);
        return;
      }
      this.#toCheck.delete(context);
      this.#check(context, this.#letIn);
    }
    this.#isChecking = false;
  };

  #check(context: Context, letIn: LetIn): void {
    if (!this.#open.has(context)) return;
    const now = letIn(context);
    if (now instanceof GatewayError) {
      context.pipeline.fail(context, now);
      return;
    }
    this.#open.set(context, endOf(now));
    // Else each would keep the snapshot of its beginning in memory, for days.
    context.pipeline = now.pipeline;
  }
}

function keyOf(number: Buffer): string {
  return number.toString("latin1");
}

function endOf({ credential, tokenExpiresAtMs, subscription, startedAtMs }: Context): number {
  const ofSubscription =
    subscription !== null && stateAt(subscription, startedAtMs) === "approved" ? subscription.expiresAtMs : null;
  const never = Number.POSITIVE_INFINITY;
  return Math.min(credential?.expiresAtMs ?? never, tokenExpiresAtMs, ofSubscription ?? never);
}
