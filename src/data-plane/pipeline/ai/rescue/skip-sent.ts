import type { ChatEvent } from "../../../../contracts/ir.ts";
import type { Stretch } from "./transcript.ts";

/**
 * Of an answer that is given anew: skips what the caller has. Thinking is compared only where the answer broke off within it:
 * no model thinks the same twice, and the caller has thoughts enough; else it is left out until there is something new.
 */
export class SkipSent {
  readonly #sent: readonly Stretch[];
  /** The stretch that is compared, whether the answer has come to it, and how much of it was found. */
  #at = 0;
  #entered = false;
  #offset = 0;
  #comparesThinking: boolean;
  #hasPassed = false;

  constructor(sent: readonly Stretch[]) {
    const last = sent.at(-1);
    this.#comparesThinking = last?.kind === "thinking" && !last.isSigned;
    const compared = sent.filter(
      (stretch) => stretch.kind !== "thinking" || (this.#comparesThinking && stretch === last),
    );
    // A copy: what is new is added to what the caller has.
    this.#sent = compared.map((stretch) => ({ ...stretch }));
  }

  /** All that the caller has was skipped. */
  get isDone(): boolean {
    const last = this.#sent.length - 1;
    return this.#at > last || (this.#at === last && this.#isThrough);
  }

  /** What of an event is new: the event, a part of it, or null. "differs": this is another answer. */
  take(event: ChatEvent): ChatEvent | null | "differs" {
    const rest = this.#compared(event);
    if (rest !== null && event.type !== "usage") this.#hasPassed = true;
    return rest;
  }

  #compared(event: ChatEvent): ChatEvent | null | "differs" {
    switch (event.type) {
      case "text":
      case "refusal":
        return this.#words(event.type, event.text, (text) => ({ ...event, text }));
      case "thinking":
        if (this.#comparesThinking) return this.#words("thinking", event.text, (text) => ({ ...event, text }));
        return this.#hasPassed ? event : null;
      case "thinking_signature":
        return this.#hasPassed || (this.#comparesThinking && this.isDone) ? event : null;
      case "tool_call_start": {
        const place = this.#enter("tool_call", true);
        if (place === "behind") return event;
        // The caller knows the call by the id that it was sent.
        return place === "within" && this.#sent[this.#at]?.name === event.name ? null : "differs";
      }
      case "tool_call_delta":
        return this.#words("tool_call", event.arguments, (text) => ({ ...event, arguments: text }));
      default:
        return event;
    }
  }

  get #isThrough(): boolean {
    return this.#entered && this.#offset === this.#sent[this.#at]?.text.length;
  }

  #words(kind: Stretch["kind"], text: string, rest: (text: string) => ChatEvent): ChatEvent | null | "differs" {
    if (text === "") return null;
    const place = this.#enter(kind, false);
    if (place === "behind") return rest(text);
    if (place === "differs") return "differs";
    const stretch = this.#sent[this.#at] as Stretch;
    const expected = stretch.text.slice(this.#offset, this.#offset + text.length);
    if (!text.startsWith(expected)) return "differs";
    this.#offset += expected.length;
    if (expected.length === text.length) return null;
    // More of this stretch than was sent, though something else was sent behind it.
    return this.#at === this.#sent.length - 1 ? rest(text.slice(expected.length)) : "differs";
  }

  /** Where the answer is when something of a kind comes. */
  #enter(kind: Stretch["kind"], isAnother: boolean): "within" | "behind" | "differs" {
    if (this.#isThrough && (isAnother || this.#sent[this.#at]?.kind !== kind)) {
      this.#at++;
      this.#entered = false;
      this.#offset = 0;
    }
    const stretch = this.#sent[this.#at];
    if (stretch === undefined) return "behind";
    if (stretch.kind !== kind || (this.#entered && isAnother)) return "differs";
    this.#entered = true;
    return "within";
  }
}
