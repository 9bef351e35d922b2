import type { GatewayError } from "../../../../contracts/errors.ts";
import type { StreamAnswer, StreamProgress } from "../stream-answer.ts";
import type { ObjectIds, StoredObject } from "./object-ids.ts";

/** As the provider names what it keeps, and as the caller does. */
export type NamePair = readonly [id: string, given: string];

const OWN_ID = /"id"\s*:\s*"(resp_[\w-]+)"/;
const PREVIOUS_ID = /"previous_response_id"\s*:\s*"(resp_[\w-]+)"/;

/** Ids of answers as one caller is to see them. */
export class ResponseIds {
  readonly #ids: ObjectIds;
  readonly #application: string;
  readonly #from: Omit<StoredObject, "id">;
  readonly #names: NamePair[];
  readonly #isKept: boolean;
  #isKnown = false;

  /**
   * `from`: who answers. `names`: those that are known before anything is read. `isKept`: what the answer goes on from is to be named as
   * well, which a call that makes one has named itself.
   */
  constructor(
    ids: ObjectIds,
    application: string,
    from: Omit<StoredObject, "id">,
    names: readonly NamePair[],
    isKept = false,
  ) {
    this.#ids = ids;
    this.#application = application;
    this.#from = from;
    this.#names = [...names];
    this.#isKept = isKept;
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
    const id = OWN_ID.exec(text)?.[1];
    if (id === undefined) return;
    this.#isKnown = true;
    this.#name(id);
    const previous = this.#isKept ? PREVIOUS_ID.exec(text)?.[1] : undefined;
    if (previous !== undefined) this.#name(previous);
  }

  #name(id: string): void {
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
