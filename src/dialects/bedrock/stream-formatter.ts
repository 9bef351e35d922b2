import type { StreamFormatter } from "../../contracts/dialect.ts";
import type { ChatEvent, Usage } from "../../contracts/ir.ts";
import type { JsonObject } from "../checks.ts";
import { tryParseJson } from "../json.ts";
import { citationToWire } from "./citations.ts";
import { formatStreamFailure } from "./format-error.ts";
import { bedrockFraming } from "./framing.ts";
import { stopReasonToWire, usageToWire } from "./usage.ts";

const NOTHING = Buffer.alloc(0);

interface ToolCall {
  id: string;
  name: string;
  arguments: string;
}

/**
 * IR events as a ConverseStream. One block is open at a time: a call that begins while another is still incomplete is held
 * back until that one is closed.
 */
export class BedrockStreamFormatter implements StreamFormatter {
  #open: "text" | "thinking" | "tool" | null = null;
  #nextBlock = 0;
  #openCall: { index: number; call: ToolCall } | null = null;
  readonly #heldCalls = new Map<number, ToolCall>();
  #usage: Usage | undefined;

  push(event: ChatEvent): Buffer {
    if ("choice" in event && event.choice !== 0) return NOTHING;
    switch (event.type) {
      case "start":
        this.#usage = event.usage;
        return frame("messageStart", { role: "assistant" });
      case "text":
      case "refusal":
        return event.text === "" ? NOTHING : this.#within("text", { text: event.text });
      case "thinking":
        return event.text === "" ? NOTHING : this.#within("thinking", { reasoningContent: { text: event.text } });
      case "thinking_signature":
        return this.#signature(event.signature, event.redacted);
      case "citation":
        return this.#within("text", ...event.citation.sources.map((source) => ({ citation: citationToWire(source) })));
      case "tool_call_start":
        return this.#startCall(event.index, { id: event.id, name: event.name, arguments: "" });
      case "tool_call_delta":
        return this.#callDelta(event.index, event.arguments);
      case "finish":
        return Buffer.concat([this.#closeAll(), this.#stop(event.reason, event.stopSequence)]);
      case "usage":
        this.#usage = event.usage;
        return NOTHING;
      case "error":
        return formatStreamFailure(event.failure);
      case "end":
        return frame("metadata", { usage: usageToWire(this.#usage), metrics: { latencyMs: 0 } });
    }
  }

  #stop(reason: Parameters<typeof stopReasonToWire>[0], stopSequence: string | undefined): Buffer {
    const fields = stopSequence === undefined ? {} : { additionalModelResponseFields: { stop_sequence: stopSequence } };
    return frame("messageStop", { stopReason: stopReasonToWire(reason), ...fields });
  }

  /** Deltas of a block of this kind, which need no start of their own. */
  #within(kind: "text" | "thinking", ...deltas: JsonObject[]): Buffer {
    const before = this.#open === kind ? NOTHING : this.#closeAll();
    this.#open = kind;
    return Buffer.concat([before, ...deltas.map((delta) => this.#delta(delta))]);
  }

  #signature(signature: string | undefined, redacted: string | undefined): Buffer {
    if (redacted !== undefined) {
      const before = this.#closeAll();
      const block = this.#within("thinking", { reasoningContent: { redactedContent: redacted } });
      return Buffer.concat([before, block, this.#closeBlock()]);
    }
    if (signature === undefined) return NOTHING;
    const delta = this.#within("thinking", { reasoningContent: { signature } });
    return Buffer.concat([delta, this.#closeBlock()]);
  }

  #startCall(index: number, call: ToolCall): Buffer {
    if (this.#openCall !== null && tryParseJson(this.#openCall.call.arguments) === undefined) {
      this.#heldCalls.set(index, call);
      return NOTHING;
    }
    return Buffer.concat([this.#closeAll(), this.#openToolUse(index, call)]);
  }

  #callDelta(index: number, text: string): Buffer {
    if (text === "") return NOTHING;
    if (this.#openCall?.index === index) {
      this.#openCall.call.arguments += text;
      return this.#delta({ toolUse: { input: text } });
    }
    const held = this.#heldCalls.get(index);
    if (held !== undefined) held.arguments += text;
    return NOTHING;
  }

  #openToolUse(index: number, call: ToolCall): Buffer {
    this.#open = "tool";
    this.#openCall = { index, call };
    const start = { toolUse: { toolUseId: call.id, name: call.name } };
    return frame("contentBlockStart", { start, contentBlockIndex: this.#nextBlock });
  }

  /** Closes the open block and writes the calls held back. */
  #closeAll(): Buffer {
    const frames = [this.#closeBlock()];
    for (const [index, call] of this.#heldCalls) {
      frames.push(this.#openToolUse(index, call));
      if (call.arguments !== "") frames.push(this.#delta({ toolUse: { input: call.arguments } }));
      frames.push(this.#closeBlock());
    }
    this.#heldCalls.clear();
    return frames.length === 1 ? (frames[0] as Buffer) : Buffer.concat(frames);
  }

  #closeBlock(): Buffer {
    if (this.#open === null) return NOTHING;
    this.#open = null;
    this.#openCall = null;
    return frame("contentBlockStop", { contentBlockIndex: this.#nextBlock++ });
  }

  #delta(delta: JsonObject): Buffer {
    return frame("contentBlockDelta", { delta, contentBlockIndex: this.#nextBlock });
  }
}

function frame(event: string, data: JsonObject): Buffer {
  return bedrockFraming.format(event, JSON.stringify(data));
}
