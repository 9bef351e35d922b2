import type { CallAddress, SseEvent } from "../../contracts/dialect.ts";
import type { ProviderFailure } from "../../contracts/errors.ts";
import type { Usage } from "../../contracts/ir.ts";
import type { Passthrough, UsageWatcher } from "../../contracts/passthrough.ts";
import { isObject } from "../checks.ts";
import { tryParseJson } from "../json.ts";
import { DELTA_WRAPPING_BYTES, OutputTally } from "../output-tally.ts";
import { invokedModel } from "./answer.ts";
import { parseStreamError } from "./errors.ts";
import { ERROR_EVENT, isException } from "./framing.ts";
import { modelPath } from "./models.ts";
import { usageFromWire } from "./usage.ts";

/** They come before the model has said anything. */
const ANNOUNCEMENTS = new Set(["messageStart", "contentBlockStart"]);

/** Deltas, by far the most events, are told by their names alone. */
class BedrockUsageWatcher implements UsageWatcher {
  announces = false;
  usage: Usage | null = null;
  model: string | null = null;
  finished = false;
  failure: ProviderFailure | null = null;
  readonly #tally = new OutputTally(DELTA_WRAPPING_BYTES);

  get untoldTokens(): number {
    return this.#tally.tokens;
  }

  push({ event, data }: SseEvent): boolean {
    this.announces = ANNOUNCEMENTS.has(event);
    if (event === "contentBlockDelta") this.#tally.note(data);
    else if (event === "messageStop") this.finished = true;
    else if (event === "metadata") {
      const read = bedrockPassthrough.readUsage(tryParseJson(data));
      this.usage = read.usage;
      if (read.usage !== null) this.#tally.told();
      this.model = read.model;
    } else if (isException(event) || event === ERROR_EVENT) this.failure = parseStreamError(event, tryParseJson(data));
    return true;
  }
}

export const bedrockPassthrough: Passthrough = {
  createUsageWatcher: () => new BedrockUsageWatcher(),
  answerFields: ["usage", "trace"],
  readUsage(body) {
    if (!isObject(body)) return { usage: null, model: null };
    return { usage: usageFromWire(body.usage), model: invokedModel(body) };
  },
  addressed: {
    path: (model: string, { method }: CallAddress) => `${modelPath(model)}/${method}`,
    query: () => "",
    body: (bytes: Buffer) => bytes,
  },
};
