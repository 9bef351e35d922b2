import type { GatewayError } from "../../../../contracts/errors.ts";
import type { Context } from "../../context.ts";
import type { StreamAnswer, StreamProgress } from "../stream-answer.ts";
import { keyTagOf, type ObjectIds } from "./object-ids.ts";
import type { Pin } from "./pin.ts";

/** Ids of answers as one caller is to see them. */
export class ResponseIds {
  readonly #ids: ObjectIds;
  readonly #application: string;
  readonly #from: { provider: string; keyTag: string };
  /** Names of the provider's, and what they are for the caller. */
  readonly #names: (readonly [id: string, given: string])[] = [];
  #isKnown = false;

  constructor(ids: ObjectIds, { application }: Context, provider: string, key: string, pin: Pin | null) {
    this.#ids = ids;
    this.#application = application?.id ?? "";
    this.#from = { provider, keyTag: keyTagOf(key) };
    if (pin !== null) this.#names.push(...pin.names);
  }

  /** A whole answer, or whole events of one, of which the first has the id. */
  outward(bytes: Buffer): Buffer {
    if (!this.#isKnown) this.#learn(bytes.toString("latin1"));
    const names = this.#names.filter(([id]) => bytes.includes(id));
    if (names.length === 0) return bytes;
    const edited = names.reduce(
      (text, [id, name]) => text.replaceAll(`"${id}"`, `"${name}"`),
      bytes.toString("latin1"),
    );
    return Buffer.from(edited, "latin1");
  }

  #learn(text: string): void {
    const id = /"id"\s*:\s*"(resp_[\w-]+)"/.exec(text)?.[1];
    if (id === undefined) return;
    this.#isKnown = true;
    this.#names.push([id, this.#ids.encode(this.#application, { ...this.#from, id })]);
  }
}

/** A stream of the Responses API with the caller's ids. */
export class RenamedStream implements StreamAnswer {
  readonly #answer: StreamAnswer;
  readonly #ids: ResponseIds;

  constructor(answer: StreamAnswer, ids: ResponseIds) {
    this.#answer = answer;
    this.#ids = ids;
  }

  push(chunk: Buffer): StreamProgress {
    return this.#renamed(this.#answer.push(chunk));
  }

  end(): StreamProgress {
    return this.#renamed(this.#answer.end());
  }

  fail(error: GatewayError): string | null {
    return this.#answer.fail(error);
  }

  get usage() {
    return this.#answer.usage;
  }

  get model() {
    return this.#answer.model;
  }

  get events() {
    return this.#answer.events;
  }

  get tokens() {
    return this.#answer.tokens;
  }

  get ended() {
    return this.#answer.ended;
  }

  #renamed(progress: StreamProgress): StreamProgress {
    if (progress.output.length === 0) return progress;
    return { ...progress, output: this.#ids.outward(Buffer.from(progress.output as Buffer)) };
  }
}
