import type { GatewayError } from "../../../contracts/errors.ts";

/**
 * What is to become of an answer. `pass`: the caller gets it. `taken`: the caller has been answered; what still comes of it is for
 * the watcher alone. `again`: it is good for nothing, and the upstream is asked once more.
 */
export type AnswerVerdict = "pass" | "taken" | "again";

/** Who looks at what an ordinary service answers to one call, besides its caller. */
export interface AnswerWatcher {
  /** Edits what the upstream gets; with each attempt. */
  prepareRequest(headers: string[]): void;
  /** The head of the answer that is not retried any more. */
  onAnswer(status: number, headers: string[]): AnswerVerdict;
  /** Edits what the caller gets. */
  editAnswer(headers: string[]): void;
  onBody(chunk: Buffer): void;
  onEnd(): void;
  /** No attempt is left, and nothing was answered. True: it has answered itself. */
  onFailure(error: GatewayError): boolean;
  /** The call is over without a whole answer. */
  onLost(error: Error): void;
}
