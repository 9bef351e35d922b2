import { GatewayError } from "../../../contracts/errors.ts";
import type { Context } from "../context.ts";
import { stateAt } from "../subscriptions.ts";

/** How the caller of a call under way would be let in now; the error it would get, if it would not. */
export type LetIn = (context: Context) => Context | GatewayError;

/** Streams by which MCP servers speak, open for as long as somebody listens: of one worker. */
export class OpenEventStreams {
  /** With the Unix time at which what its caller came in by ends; Infinity: never. */
  readonly #open = new Map<Context, number>();

  add(context: Context): void {
    this.#open.set(context, endOf(context));
  }

  delete(context: Context): void {
    this.#open.delete(context);
  }

  /** Something has changed: those that would not be let in any more end. */
  recheck(letIn: LetIn): void {
    for (const context of [...this.#open.keys()]) this.#check(context, letIn);
  }

  /** Those whose time is over. */
  recheckOverdue(nowMs: number, letIn: LetIn): void {
    for (const [context, endMs] of this.#open) if (endMs <= nowMs) this.#check(context, letIn);
  }

  /** This worker ends: clients connect again, to another one. */
  end(error: GatewayError): void {
    for (const context of [...this.#open.keys()]) context.pipeline.fail(context, error);
  }

  #check(context: Context, letIn: LetIn): void {
    const now = letIn(context);
    if (now instanceof GatewayError) context.pipeline.fail(context, now);
    else this.#open.set(context, endOf(now));
  }
}

function endOf({ credential, tokenExpiresAtMs, subscription, startedAtMs }: Context): number {
  const ofSubscription =
    subscription !== null && stateAt(subscription, startedAtMs) === "approved" ? subscription.expiresAtMs : null;
  const never = Number.POSITIVE_INFINITY;
  return Math.min(credential?.expiresAtMs ?? never, tokenExpiresAtMs, ofSubscription ?? never);
}
