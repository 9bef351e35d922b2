import type { SseEvent } from "../../src/contracts/dialect.ts";
import type { ChatEvent, DialectName } from "../../src/contracts/ir.ts";
import { outboundDialects } from "../../src/dialects/index.ts";
import { createSseReader } from "../../src/dialects/sse/reader.ts";

export interface ReadStream {
  text: string;
  thinking: string;
  calls: { id: string; name: string; arguments: string }[];
  /** It ended as its dialect demands. */
  isWhole: boolean;
  /** It holds, or ended with, an error. */
  error: string | null;
}

/** What a client of the dialect makes of a whole stream of bytes; strict about numbers of blocks where the dialect has them. */
export function readStream(dialect: DialectName, bytes: Buffer): ReadStream {
  const { framing, createStreamParser } = outboundDialects[dialect];
  const parser = createStreamParser({ model: "m", defaultMaxOutputTokens: 1 });
  const events: ChatEvent[] = [];
  const numbers = new OpenBlocks();
  const take = (event: SseEvent) => {
    numbers.look(event);
    events.push(...parser.push(event));
  };
  const reader = framing?.createReader(1 << 20, take) ?? createSseReader({ maxEventBytes: 1 << 20 }, take);
  reader.push(bytes);
  reader.end();
  events.push(...parser.finish());
  const read: ReadStream = { text: "", thinking: "", calls: [], isWhole: false, error: null };
  for (const event of events) {
    if (event.type === "text") read.text += event.text;
    else if (event.type === "thinking") read.thinking += event.text;
    else if (event.type === "tool_call_start") read.calls.push({ id: event.id, name: event.name, arguments: "" });
    else if (event.type === "tool_call_delta") {
      const call = read.calls[event.index];
      if (call !== undefined) call.arguments += event.arguments;
    } else if (event.type === "end") read.isWhole = true;
    else if (event.type === "error") read.error = event.failure.message;
  }
  return read;
}

/** Fails where a block is fed that is not open, or opened where another one is: clients go by the numbers. */
class OpenBlocks {
  #open: number | null = null;
  #next = 0;

  look({ data }: SseEvent): void {
    if (!data.startsWith("{")) return;
    const event = JSON.parse(data) as { type?: string; index?: number };
    if (event.type === "content_block_start") {
      if (this.#open !== null || event.index !== this.#next) throw new Error(`block ${event.index} is opened`);
      this.#open = this.#next++;
    } else if (event.type === "content_block_delta" || event.type === "content_block_stop") {
      if (this.#open !== event.index) throw new Error(`block ${event.index} is fed and not open`);
      if (event.type === "content_block_stop") this.#open = null;
    } else if (event.type === "message_start" && this.#next > 0) throw new Error("the message begins again");
  }
}
