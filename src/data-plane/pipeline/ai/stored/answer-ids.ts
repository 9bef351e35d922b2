import type { StreamFormatter } from "../../../../contracts/dialect.ts";
import type { GatewayError } from "../../../../contracts/errors.ts";
import type { MadeFiles } from "../../../../contracts/passthrough.ts";
import type { ProviderEndpoints } from "../../../../contracts/provider-endpoints.ts";
import { isObject } from "../../../../dialects/checks.ts";
import { type InboundName, passthroughs } from "../../../../dialects/index.ts";
import { tryParseJson } from "../../../../dialects/json.ts";
import type { StreamAnswer, StreamProgress } from "../stream-answer.ts";
import type { AnswerSource, ObjectIds } from "./object-ids.ts";

/** As the provider names what it keeps, and as the caller does. */
export type NamePair = readonly [id: string, given: string];

/** Ids that are looked for in an answer, to be those of the caller from there on. */
export interface WantedIds {
  /** Of the answer itself, where its API keeps answers. */
  isKept: boolean;
  /** Of what it goes on from, which is known to be this caller's. */
  previous: boolean;
  /** Of files that the call has made; null: there are none. */
  made: MadeFiles | null;
}

export const NO_IDS: WantedIds = { isKept: false, previous: false, made: null };

/** Of an answer in the API of both the caller and the provider; null: nothing is. `request`: as the provider gets it. */
export function wantedIds(
  dialect: InboundName,
  endpoints: ProviderEndpoints | undefined,
  request: Buffer,
): WantedIds | null {
  const isKept = dialect === "openai-responses" && endpoints?.responses !== undefined;
  const made = endpoints?.files === undefined ? undefined : passthroughs[dialect]?.madeFiles;
  const mayMake = made !== undefined && (made.askedBy === undefined || request.includes(made.askedBy));
  return isKept || mayMake ? { isKept, previous: false, made: mayMake ? made : null } : null;
}

const ANSWER_MARK = '"resp_';
const ANSWER_ID = /^resp_[\w-]+$/;
const FILE_ID = /^[\w-]+$/;

/** Ids in an answer as one caller is to see them. */
export class AnswerIds {
  readonly #ids: ObjectIds;
  readonly #application: string;
  readonly #from: AnswerSource;
  readonly #names: NamePair[];
  readonly #wanted: WantedIds;
  #isKnown: boolean;

  /** `from`: who answers. `names`: those that are known before anything is read. */
  constructor(ids: ObjectIds, application: string, from: AnswerSource, names: readonly NamePair[], wanted: WantedIds) {
    this.#ids = ids;
    this.#application = application;
    this.#from = from;
    this.#names = [...names];
    this.#wanted = wanted;
    this.#isKnown = !wanted.isKept;
  }

  /** A whole answer, or whole events of one, of which the first has the id. */
  outward(bytes: Buffer): Buffer {
    const { made } = this.#wanted;
    const mayTell = made?.marks.some((mark) => bytes.includes(mark)) === true;
    if (mayTell || (!this.#isKnown && bytes.includes(ANSWER_MARK))) {
      for (const payload of payloadsOf(bytes.toString())) {
        if (!this.#isKnown) this.#learn(payload);
        if (made === null || !made.marks.some((mark) => payload.includes(mark))) continue;
        for (const id of made.find(tryParseJson(payload))) if (FILE_ID.test(id)) this.#name(id, 0);
      }
    }
    const names = this.#names.filter(([id]) => bytes.includes(id));
    if (names.length === 0) return bytes;
    const edited = names.reduce(
      (text, [id, name]) => text.replaceAll(`"${id}"`, `"${name}"`),
      bytes.toString("latin1"),
    );
    return Buffer.from(edited, "latin1");
  }

  /** From the answer's own fields: others hold what its caller has said. */
  #learn(payload: string): void {
    if (!payload.includes(ANSWER_MARK)) return;
    const told = tryParseJson(payload);
    if (!isObject(told)) return;
    const answer = isObject(told.response) ? told.response : told;
    const { id, previous_response_id: previous } = answer;
    if (typeof id !== "string" || !ANSWER_ID.test(id)) return;
    this.#isKnown = true;
    const { before } = this.#from;
    this.#name(id, before);
    if (this.#wanted.previous && typeof previous === "string" && ANSWER_ID.test(previous)) {
      this.#name(previous, before - 1);
    }
  }

  #name(id: string, before: number): void {
    if (this.#names.some(([known]) => known === id)) return;
    this.#names.push([id, this.#ids.encode(this.#application, { ...this.#from, id, before })]);
  }
}

/** JSON texts: of a whole answer, or the data of each event. */
function payloadsOf(text: string): readonly string[] {
  if (text.trimStart().startsWith("{")) return [text];
  return text.split(/\r?\n\r?\n/).map((event) =>
    event
      .split(/\r?\n/)
      .filter((line) => line.startsWith("data:"))
      .map((line) => line.slice("data:".length))
      .join("\n"),
  );
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

  get untoldTokens() {
    return this.#answer.untoldTokens;
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
