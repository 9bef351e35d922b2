import type { GatewayError } from "../../../contracts/errors.ts";
import type { RestTarget } from "./rest-service.ts";

/** What of an answer's body goes on to the caller. Both throw GatewayError where that can't be told. */
export interface AnswerFilter {
  push(chunk: Buffer): Buffer;
  /** What is left. */
  end(): Buffer;
}

/** What the kind of a call says of how it is forwarded, beyond what its service says. */
export interface Forwarding {
  /** Place of the one target that may answer; -1: any may. */
  readonly pinnedTarget: number;
  /** Whether to make the call twice does no more than to make it once, whatever its HTTP method says. */
  readonly isRepeatable: boolean;
  /** The path to ask the target for. */
  pathAt(target: RestTarget): string;
  /** Before each attempt: which target is asked. */
  onTarget(index: number): void;
  /** Known with the head of the answer. null: the body goes on as it comes. */
  readonly filter: AnswerFilter | null;
  /** What ends an answer that has begun, so that the caller knows; null: the connection is cut. */
  lastWords(error: GatewayError): string | null;
}
