import type { SseEvent } from "../../contracts/dialect.ts";
import type { ProviderFailure } from "../../contracts/errors.ts";
import type { Usage } from "../../contracts/ir.ts";
import type { Passthrough, UsageWatcher } from "../../contracts/passthrough.ts";
import { isObject } from "../checks.ts";
import { tryParseJson } from "../json.ts";
import { brokenStream } from "../provider-failure.ts";
import { parseStreamError } from "./errors.ts";
import { StreamUsage, usageFromWire } from "./usage.ts";

/** The events worth parsing; deltas, by far the most, are told by their name alone. */
const WATCHED_EVENTS = new Set(["message_start", "message_delta", "message_stop", "error"]);

/** Streams of this dialect always report usage: every event goes on to the caller. */
class AnthropicUsageWatcher implements UsageWatcher {
  readonly #usage = new StreamUsage();
  #model: string | null = null;
  #finished = false;
  #failure: ProviderFailure | null = null;

  push(event: SseEvent): boolean {
    if (!WATCHED_EVENTS.has(event.event)) return true;
    const data = tryParseJson(event.data);
    if (!isObject(data)) return true;
    if (data.type === "message_start" && isObject(data.message)) {
      if (typeof data.message.model === "string") this.#model = data.message.model;
      this.#usage.merge(data.message.usage);
    } else if (data.type === "message_delta") {
      this.#usage.merge(data.usage);
    } else if (data.type === "message_stop") {
      this.#finished = true;
    } else if (data.type === "error") {
      this.#failure = parseStreamError(data) ?? brokenStream("The provider ended its stream with an error.");
    }
    return true;
  }

  get usage(): Usage | null {
    return this.#usage.usage;
  }

  get model(): string | null {
    return this.#model;
  }

  get finished(): boolean {
    return this.#finished;
  }

  get failure(): ProviderFailure | null {
    return this.#failure;
  }
}

export const anthropicPassthrough: Passthrough = {
  createUsageWatcher: () => new AnthropicUsageWatcher(),
  readUsage(body) {
    if (!isObject(body)) return { usage: null, model: null };
    return {
      usage: isObject(body.usage) ? usageFromWire(body.usage) : null,
      model: typeof body.model === "string" ? body.model : null,
    };
  },
};
