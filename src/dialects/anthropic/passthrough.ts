import type { SseEvent } from "../../contracts/dialect.ts";
import type { ProviderFailure } from "../../contracts/errors.ts";
import type { Usage } from "../../contracts/ir.ts";
import type { ForeignTraces, MadeFiles, Passthrough, UsageWatcher } from "../../contracts/passthrough.ts";
import { isObject } from "../checks.ts";
import { arrayOr, tryParseJson } from "../json.ts";
import { DELTA_WRAPPING_BYTES, OutputTally } from "../output-tally.ts";
import { brokenStream } from "../provider-failure.ts";
import { isNamedSignature } from "../signatures.ts";
import { parseStreamError } from "./errors.ts";
import { StreamUsage, usageFromWire } from "./usage.ts";

/** The events worth parsing; deltas, by far the most, are told by their name alone. */
const WATCHED_EVENTS = new Set(["message_start", "message_delta", "message_stop", "error"]);

/** They come before the model has said anything, and errors of overload after them. */
const ANNOUNCEMENTS = new Set(["message_start", "ping", "content_block_start"]);

/** Streams of this dialect always report usage: every event goes on to the caller. */
class AnthropicUsageWatcher implements UsageWatcher {
  announces = false;
  readonly #usage = new StreamUsage();
  readonly #tally = new OutputTally(DELTA_WRAPPING_BYTES);
  #model: string | null = null;
  #finished = false;
  #failure: ProviderFailure | null = null;

  push(event: SseEvent): boolean {
    this.announces = ANNOUNCEMENTS.has(event.event);
    if (event.event === "content_block_delta") this.#tally.note(event.data);
    if (!WATCHED_EVENTS.has(event.event)) return true;
    const data = tryParseJson(event.data);
    if (!isObject(data)) return true;
    if (data.type === "message_start" && isObject(data.message)) {
      if (typeof data.message.model === "string") this.#model = data.message.model;
      this.#merge(data.message.usage);
    } else if (data.type === "message_delta") {
      this.#merge(data.usage);
    } else if (data.type === "message_stop") {
      this.#finished = true;
    } else if (data.type === "error") {
      this.#failure = parseStreamError(data) ?? brokenStream("The provider ended its stream with an error.");
    }
    return true;
  }

  #merge(usage: unknown): void {
    this.#usage.merge(usage);
    if (isObject(usage)) this.#tally.told();
  }

  get usage(): Usage | null {
    return this.#usage.usage;
  }

  get untoldTokens(): number {
    return this.#tally.tokens;
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

/** Thinking that a provider of the Responses API has signed. */
const foreign: ForeignTraces = {
  marks: ['"openai-responses:'],
  remove(body) {
    if (!Array.isArray(body.messages)) return body;
    return { ...body, messages: body.messages.flatMap(withoutForeignThinking) };
  },
};

function withoutForeignThinking(message: unknown): unknown[] {
  if (!isObject(message) || !Array.isArray(message.content)) return [message];
  const content = message.content.filter((block) => !isForeignThinking(block));
  if (content.length === message.content.length) return [message];
  // A turn of nothing is refused; the turns around it are taken as one.
  return content.length === 0 ? [] : [{ ...message, content }];
}

function isForeignThinking(block: unknown): boolean {
  if (!isObject(block) || block.type !== "thinking") return false;
  return typeof block.signature === "string" && isNamedSignature(block.signature);
}

/** Blocks with what a tool of the provider's has done. A call of a tool holds what the model was told to write. */
const TOOL_RESULTS = new Set<unknown>(["code_execution_tool_result", "bash_code_execution_tool_result"]);
const OUTPUTS = ["code_execution_output", "bash_code_execution_output"];

const madeFiles: MadeFiles = {
  marks: OUTPUTS.map((type) => `"${type}"`),
  askedBy: '"code_execution_',
  find(payload) {
    if (!isObject(payload)) return [];
    const blocks = payload.type === "content_block_start" ? [payload.content_block] : arrayOr(payload.content);
    return blocks.flatMap((block) => {
      if (!isObject(block) || !TOOL_RESULTS.has(block.type) || !isObject(block.content)) return [];
      return arrayOr(block.content.content).flatMap((output) =>
        isObject(output) && OUTPUTS.includes(String(output.type)) && typeof output.file_id === "string"
          ? [output.file_id]
          : [],
      );
    });
  },
};

export const anthropicPassthrough: Passthrough = {
  foreign,
  madeFiles,
  createUsageWatcher: () => new AnthropicUsageWatcher(),
  readUsage(body) {
    if (!isObject(body)) return { usage: null, model: null };
    return {
      usage: isObject(body.usage) ? usageFromWire(body.usage) : null,
      model: typeof body.model === "string" ? body.model : null,
    };
  },
};
