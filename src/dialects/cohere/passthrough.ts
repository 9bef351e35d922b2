import type { SseEvent } from "../../contracts/dialect.ts";
import type { ProviderFailure } from "../../contracts/errors.ts";
import type { Usage } from "../../contracts/ir.ts";
import type { Passthrough, UsageWatcher } from "../../contracts/passthrough.ts";
import { isObject } from "../checks.ts";
import { tryParseJson } from "../json.ts";
import { streamFailure } from "./errors.ts";
import { usageFromWire } from "./usage.ts";

/** Only the last event says anything of interest; it may come without a name beside its data. */
class CohereUsageWatcher implements UsageWatcher {
  usage: Usage | null = null;
  readonly model = null;
  finished = false;
  failure: ProviderFailure | null = null;

  push({ event, data }: SseEvent): boolean {
    if (event !== "message-end" && (event !== "" || !data.includes('"message-end"'))) return true;
    const end = tryParseJson(data);
    if (!isObject(end) || end.type !== "message-end") return true;
    const delta = isObject(end.delta) ? end.delta : {};
    this.finished = true;
    this.usage = usageFromWire(delta.usage) ?? this.usage;
    if (typeof delta.error === "string" && delta.error !== "") this.failure = streamFailure(delta.error);
    return true;
  }
}

export const coherePassthrough: Passthrough = {
  createUsageWatcher: () => new CohereUsageWatcher(),
  // Answers don't name the model.
  readUsage: (body) => ({ usage: isObject(body) ? usageFromWire(body.usage) : null, model: null }),
};
