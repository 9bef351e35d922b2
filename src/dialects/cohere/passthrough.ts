import type { SseEvent } from "../../contracts/dialect.ts";
import type { ProviderFailure } from "../../contracts/errors.ts";
import type { Usage } from "../../contracts/ir.ts";
import type { Passthrough, UsageWatcher } from "../../contracts/passthrough.ts";
import { isObject } from "../checks.ts";
import { tryParseJson } from "../json.ts";
import { DELTA_WRAPPING_BYTES, OutputTally } from "../output-tally.ts";
import { streamFailure } from "./errors.ts";
import { usageFromWire } from "./usage.ts";

/** They come before the model has said anything. */
const ANNOUNCEMENTS = new Set(["message-start", "content-start"]);

/** Only the last event says anything of interest; it may come without a name beside its data. */
class CohereUsageWatcher implements UsageWatcher {
  announces = false;
  usage: Usage | null = null;
  readonly model = null;
  finished = false;
  failure: ProviderFailure | null = null;
  readonly #tally = new OutputTally(DELTA_WRAPPING_BYTES);

  get untoldTokens(): number {
    return this.#tally.tokens;
  }

  push({ event, data }: SseEvent): boolean {
    this.announces = ANNOUNCEMENTS.has(event);
    if (event.endsWith("-delta")) this.#tally.note(data);
    if (event !== "message-end" && (event !== "" || !data.includes('"message-end"'))) return true;
    const end = tryParseJson(data);
    if (!isObject(end) || end.type !== "message-end") return true;
    const delta = isObject(end.delta) ? end.delta : {};
    this.finished = true;
    this.usage = usageFromWire(delta.usage) ?? this.usage;
    if (this.usage !== null) this.#tally.told();
    if (typeof delta.error === "string" && delta.error !== "") this.failure = streamFailure(delta.error);
    return true;
  }
}

export const coherePassthrough: Passthrough = {
  createUsageWatcher: () => new CohereUsageWatcher(),
  // Answers don't name the model.
  readUsage: (body) => ({ usage: isObject(body) ? usageFromWire(body.usage) : null, model: null }),
};
