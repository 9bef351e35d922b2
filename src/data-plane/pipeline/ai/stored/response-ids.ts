import { GatewayError } from "../../../../contracts/errors.ts";
import type { Context } from "../../context.ts";
import type { AiTarget } from "../ai-target.ts";
import { parsed } from "../passthrough-request.ts";
import type { StreamAnswer, StreamProgress } from "../stream-answer.ts";
import { scanTopLevel } from "../top-level-fields.ts";
import { keyTagOf, type ObjectIds } from "./object-ids.ts";
import { StoredObjects } from "./stored-objects.ts";

const MARK = "resp_tg1_";
const PREVIOUS = "previous_response_id";

/** The answer that a request goes on from, and who keeps it. */
export interface PreviousResponse {
  provider: string;
  /** As the caller names it, and as the provider does. */
  given: string;
  id: string;
}

/** Puts the provider's own id into the body. null: the request goes on from nothing that the gateway has named. */
export function takePrevious(context: Context, ids: ObjectIds): PreviousResponse | null {
  const { body, application } = context;
  if (body === null || !body.includes(MARK)) return null;
  const span = scanTopLevel(body.toString("latin1"), [PREVIOUS])?.[0];
  if (span == null) return null;
  const given = parsed(body.toString("utf8", span.start, span.end));
  if (typeof given !== "string" || !given.startsWith(MARK)) return null;
  const { provider, id } = new StoredObjects(ids, application?.id ?? "").find(given, PREVIOUS);
  context.body = Buffer.concat([
    body.subarray(0, span.start),
    Buffer.from(JSON.stringify(id)),
    body.subarray(span.end),
  ]);
  return { provider, given, id };
}

/** Of the targets in turn, those of the provider that keeps the answer. Throws `unsupported_field` where there is none. */
export function keepersOf(
  { provider }: PreviousResponse,
  targets: readonly AiTarget[],
  order: readonly number[],
): readonly number[] {
  const able = order.filter((index) => targets[index]?.provider.id === provider);
  if (able.length > 0) return able;
  throw new GatewayError(
    "unsupported_field",
    `\`${PREVIOUS}\` is an answer that provider \`${provider}\` keeps, and the model is none of its: choose one that is, or leave the field out`,
    { param: PREVIOUS },
  );
}

/** Ids of answers as one caller is to see them. */
export class ResponseIds {
  readonly #ids: ObjectIds;
  readonly #application: string;
  readonly #from: { provider: string; keyTag: string };
  /** Names of the provider's, and what they are for the caller. */
  readonly #names: [string, string][] = [];
  #isKnown = false;

  constructor(
    ids: ObjectIds,
    { application }: Context,
    provider: string,
    key: string,
    previous: PreviousResponse | null,
  ) {
    this.#ids = ids;
    this.#application = application?.id ?? "";
    this.#from = { provider, keyTag: keyTagOf(key) };
    if (previous !== null) this.#names.push([previous.id, previous.given]);
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
