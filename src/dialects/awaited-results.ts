import type { Message } from "../contracts/ir.ts";
import type { JsonObject } from "./checks.ts";

/**
 * For dialects whose tool results hold text alone, and must follow their calls with nothing between them: holds back what
 * results bring besides, and what comes after that, until the last result of the turn is there.
 */
export class AwaitedResults {
  readonly #open = new Set<string>();
  #held: JsonObject[] = [];

  /** A turn of the assistant's; what was held stands before it. */
  called({ content }: Message): JsonObject[] {
    const held = this.release();
    this.#open.clear();
    for (const part of content) if (part.type === "tool_call") this.#open.add(part.id);
    return held;
  }

  answered(toolCallId: string): void {
    this.#open.delete(toolCallId);
  }

  /** A message that is no result: what can be written now. `ofResult`: it holds what a result has brought. */
  place(message: JsonObject, ofResult: boolean): JsonObject[] {
    this.#held.push(message);
    const mustWait = this.#open.size > 0 && (ofResult || this.#held.length > 1);
    return mustWait ? [] : this.release();
  }

  release(): JsonObject[] {
    const held = this.#held;
    this.#held = [];
    return held;
  }
}
