import type { StreamFormatter } from "../../../../contracts/dialect.ts";
import type { GatewayError } from "../../../../contracts/errors.ts";
import type { ProviderEndpoints } from "../../../../contracts/provider-endpoints.ts";
import { type InboundName, passthroughs } from "../../../../dialects/index.ts";
import type { StreamAnswer, StreamProgress } from "../stream-answer.ts";
import type { ObjectIds, StoredObject } from "./object-ids.ts";

/** As the provider names what it keeps, and as the caller does. */
export type NamePair = readonly [id: string, given: string];

/** Ids that are looked for in an answer, to be those of the caller from there on. */
export interface WantedIds {
  /** Of the answer itself, where its API keeps answers. */
  isKept: boolean;
  /** Of what it goes on from, which a call that makes an answer has named itself. */
  previous: boolean;
  /** Types of objects whose `file_id` is a file that the call has made. */
  madeFiles: readonly string[];
}

export const NO_IDS: WantedIds = { isKept: false, previous: false, madeFiles: [] };

/** Of an answer in the API of both the caller and the provider; null: nothing is. `request`: as the provider gets it. */
export function wantedIds(
  dialect: InboundName,
  endpoints: ProviderEndpoints | undefined,
  request: Buffer,
): WantedIds | null {
  const isKept = dialect === "openai-responses" && endpoints?.responses !== undefined;
  const made = endpoints?.files === undefined ? undefined : passthroughs[dialect]?.madeFiles;
  const mayMake = made !== undefined && (made.askedBy === undefined || request.includes(made.askedBy));
  return isKept || mayMake ? { isKept, previous: false, madeFiles: mayMake ? made.types : [] } : null;
}

const OWN_ID = /"id"\s*:\s*"(resp_[\w-]+)"/;
const PREVIOUS_ID = /"previous_response_id"\s*:\s*"(resp_[\w-]+)"/;

const FILE_ID = /"file_id"\s*:\s*"([\w-]+)"/;

/** Ids in an answer as one caller is to see them. */
export class AnswerIds {
  readonly #ids: ObjectIds;
  readonly #application: string;
  readonly #from: Omit<StoredObject, "id">;
  readonly #names: NamePair[];
  readonly #wanted: WantedIds;
  readonly #made: readonly { mark: string; object: RegExp }[];
  #isKnown: boolean;

  /** `from`: who answers. `names`: those that are known before anything is read. */
  constructor(
    ids: ObjectIds,
    application: string,
    from: Omit<StoredObject, "id">,
    names: readonly NamePair[],
    wanted: WantedIds,
  ) {
    this.#ids = ids;
    this.#application = application;
    this.#from = from;
    this.#names = [...names];
    this.#wanted = wanted;
    this.#isKnown = !wanted.isKept;
    // Without braces in it: such objects hold a few words.
    this.#made = wanted.madeFiles.map((type) => {
      return { mark: `"${type}"`, object: new RegExp(`\\{[^{}]*"type"\\s*:\\s*"${type}"[^{}]*\\}`, "g") };
    });
  }

  /** A whole answer, or whole events of one, of which the first has the id. */
  outward(bytes: Buffer): Buffer {
    if (!this.#isKnown) this.#learn(bytes.toString("latin1"));
    for (const { mark, object } of this.#made) {
      if (bytes.includes(mark)) this.#learnFiles(bytes.toString("latin1"), object);
    }
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
    const previous = this.#wanted.previous ? PREVIOUS_ID.exec(text)?.[1] : undefined;
    if (previous !== undefined) this.#name(previous);
  }

  #learnFiles(text: string, object: RegExp): void {
    for (const [found] of text.matchAll(object)) {
      const id = FILE_ID.exec(found)?.[1];
      if (id !== undefined) this.#name(id);
    }
  }

  #name(id: string): void {
    if (this.#names.some(([known]) => known === id)) return;
    this.#names.push([id, this.#ids.encode(this.#application, { ...this.#from, id })]);
  }
}

/** A stream that goes through as it is, but for the caller's ids. */
export class RenamedStream implements StreamAnswer {
  readonly #answer: StreamAnswer;
  readonly #ids: AnswerIds;

  constructor(answer: StreamAnswer, ids: AnswerIds) {
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

  complete(createFormatter: () => StreamFormatter): string | Buffer | null {
    const rest = this.#answer.complete?.(createFormatter) ?? null;
    return rest === null ? null : this.#ids.outward(Buffer.from(rest as Buffer));
  }

  bringUp(formatter: StreamFormatter): Buffer | null {
    const lacking = this.#answer.bringUp?.(formatter) ?? null;
    return lacking === null ? null : this.#ids.outward(lacking);
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
