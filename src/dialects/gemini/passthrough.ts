import type { CallAddress, SseEvent } from "../../contracts/dialect.ts";
import type { ProviderFailure } from "../../contracts/errors.ts";
import type { Usage } from "../../contracts/ir.ts";
import type { Passthrough, UsageWatcher } from "../../contracts/passthrough.ts";
import { isObject, type JsonObject } from "../checks.ts";
import { tryParseJson } from "../json.ts";
import { DELTA_WRAPPING_BYTES, OutputTally } from "../output-tally.ts";
import { candidateIndex, candidatesOf, isBlocked, parseUsage } from "./answer.ts";
import { parseErrorBody } from "./errors.ts";
import { modelPath } from "./models.ts";

/** Every event is an answer of its own, with what is counted so far; a stream is over when each candidate gave its reason. */
class GeminiUsageWatcher implements UsageWatcher {
  announces = false;
  usage: Usage | null = null;
  model: string | null = null;
  failure: ProviderFailure | null = null;
  readonly #open = new Set<number>();
  readonly #ended = new Set<number>();
  readonly #tally = new OutputTally(DELTA_WRAPPING_BYTES);
  #blocked = false;

  get untoldTokens(): number {
    return this.#tally.tokens;
  }

  get finished(): boolean {
    return this.#open.size === 0 && (this.#ended.size > 0 || this.#blocked);
  }

  push({ data }: SseEvent): boolean {
    const piece = tryParseJson(data);
    const failure = parseErrorBody(piece, 500);
    if (failure !== null) this.failure = failure;
    else if (isObject(piece)) this.#look(piece, data);
    return true;
  }

  #look(piece: JsonObject, data: string): void {
    const usage = parseUsage(piece.usageMetadata);
    if (usage === null) this.#tally.note(data);
    else {
      this.usage = usage;
      this.#tally.told();
    }
    const candidates = candidatesOf(piece);
    // What is counted of the prompt may come before anything is said.
    this.announces = candidates.length === 0 && !isBlocked(piece);
    if (this.model === null && typeof piece.modelVersion === "string") this.model = piece.modelVersion;
    if (isBlocked(piece)) this.#blocked = true;
    for (const candidate of candidates) {
      const index = candidateIndex(candidate);
      if (typeof candidate.finishReason === "string") {
        this.#ended.add(index);
        this.#open.delete(index);
      } else if (!this.#ended.has(index)) this.#open.add(index);
    }
  }
}

const MODEL_FIELD = Buffer.from('"model"');
const MODEL_NAMED = /"model"\s*:/;

export const geminiPassthrough: Passthrough = {
  createUsageWatcher: () => new GeminiUsageWatcher(),
  answerFields: ["usageMetadata", "modelVersion", "error"],
  readUsage(body) {
    if (!isObject(body)) return { usage: null, model: null };
    return {
      usage: parseUsage(body.usageMetadata),
      model: typeof body.modelVersion === "string" ? body.modelVersion : null,
    };
  },
  addressed: {
    path: (model: string, { method }: CallAddress) => `${modelPath(model)}:${method}`,
    // Whatever the caller wants: what a stream comes to can be read event by event.
    query: ({ stream }: CallAddress) => (stream ? "alt=sse" : ""),
    body: renameModel,
  },
};

/**
 * Some bodies name the model once more, which must be the one of the path: as it is, in a batch, or of tokens to count. All
 * others stay as they are, byte for byte. A look at the text comes first: most have no such field, though roles are called so.
 */
function renameModel(bytes: Buffer, model: string): Buffer {
  if (!bytes.includes(MODEL_FIELD) || !MODEL_NAMED.test(bytes.toString("latin1"))) return bytes;
  const body = tryParseJson(bytes.toString());
  if (!isObject(body)) return bytes;
  const name = modelPath(model).slice(1);
  let isRenamed = false;
  const rename = (value: unknown): void => {
    if (!isObject(value) || value.model === undefined) return;
    value.model = name;
    isRenamed = true;
  };
  rename(body);
  for (const key of ["requests", "generateContentRequest", "generate_content_request"]) {
    const inner = body[key];
    if (Array.isArray(inner)) for (const one of inner) rename(one);
    else rename(inner);
  }
  return isRenamed ? Buffer.from(JSON.stringify(body)) : bytes;
}
