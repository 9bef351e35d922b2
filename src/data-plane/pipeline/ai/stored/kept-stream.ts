import { GatewayError } from "../../../../contracts/errors.ts";
import { inboundDialects } from "../../../../dialects/index.ts";
import { SseSplitter } from "../sse-splitter.ts";
import { MAX_EVENT_BYTES } from "../stream-answer.ts";
import type { AnswerIds } from "./answer-ids.ts";
import type { EventEdit } from "./stored-call.ts";

/** With one of these a stream of the Responses API ends. */
const LAST_EVENT = /"type"\s*:\s*"(?:response\.(?:completed|failed|incomplete|cancelled)|error)"/;

/** The stream of an answer that is kept, which may begin in its middle: whole events, with the caller's ids. */
export class KeptStream implements EventEdit {
  isWhole = false;
  readonly #requestId: string;
  readonly #ids: AnswerIds;
  readonly #splitter = new SseSplitter(MAX_EVENT_BYTES);
  readonly #firstNumber: number;
  #events = 0;

  /** `query`: the request's; `starting_after` is the number of the last event that the caller has. */
  constructor(requestId: string, query: string, ids: AnswerIds) {
    this.#requestId = requestId;
    this.#ids = ids;
    const after = Number(new URLSearchParams(query).get("starting_after") ?? -1);
    this.#firstNumber = Number.isInteger(after) ? after + 1 : 0;
  }

  push(chunk: Buffer): Buffer {
    const events: Buffer[] = [];
    const isWithin = this.#splitter.push(chunk, (raw) => events.push(this.#take(raw)));
    if (isWithin) return Buffer.concat(events);
    throw new GatewayError("upstream_protocol_error", "an event of the provider's stream is too long");
  }

  /** One that begins after the last event has none. */
  end(): Buffer {
    const { rest } = this.#splitter;
    const last = rest.length === 0 ? rest : this.#take(rest);
    if (this.isWhole || this.#events === 0) return last;
    throw new GatewayError("upstream_reset", "the provider's stream ended before the answer was complete");
  }

  fail(error: GatewayError): string | Buffer {
    const { formatStreamError } = inboundDialects["openai-responses"];
    return formatStreamError(error, this.#requestId, this.#firstNumber + this.#events);
  }

  #take(raw: Buffer): Buffer {
    this.#events++;
    this.isWhole ||= LAST_EVENT.test(raw.toString("latin1"));
    return this.#ids.outward(raw);
  }
}
