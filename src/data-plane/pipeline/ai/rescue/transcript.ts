import type { ChatEvent } from "../../../../contracts/ir.ts";

/** A stretch of an answer of one kind. */
export interface Stretch {
  kind: "text" | "thinking" | "refusal" | "tool_call";
  /** Of a tool call: its arguments. */
  text: string;
  /** Of a tool call. */
  name: string;
  /** Of thinking: it is signed, and so complete. */
  isSigned: boolean;
}

/** Longer answers are not kept: what they are worth in memory is more than a rescue. */
const MAX_CHARACTERS = 1024 * 1024;
const MAX_EVENTS = 64 * 1024;

/**
 * What the caller has of a streamed answer. It says whether another target can go on from there: of answers with several
 * choices, log probabilities or citations, which are tied to positions or to the model that gave them, none can.
 */
export class Transcript {
  readonly stretches: Stretch[] = [];
  /** As they were sent, for a formatter that has to be brought up to them; null: none is wanted. */
  readonly events: ChatEvent[] | null;
  #characters = 0;
  #isResumable = true;
  readonly #hasCalls: boolean;

  /** `hasCalls`: another target can go on with calls of tools, too. */
  constructor(keepEvents: boolean, hasCalls = true) {
    this.events = keepEvents ? [] : null;
    this.#hasCalls = hasCalls;
  }

  /** Another target can go on with it. */
  get isResumable(): boolean {
    return this.#isResumable;
  }

  /** The text, where there is nothing besides but thinking before it: what a model can be asked to go on from; else null. */
  get prefix(): string | null {
    const spoken = this.stretches.filter(({ kind }) => kind !== "thinking");
    const [first] = spoken;
    return spoken.length === 1 && first?.kind === "text" && this.stretches.at(-1) === first ? first.text : null;
  }

  /** What was sent, for an estimate of what it cost. */
  get characters(): number {
    return this.#characters;
  }

  giveUp(): void {
    this.#isResumable = false;
  }

  note(event: ChatEvent): void {
    if (!this.#isResumable) return;
    this.events?.push(event);
    if ("choice" in event && event.choice !== 0) this.#isResumable = false;
    switch (event.type) {
      case "text":
        if (event.logprobs !== undefined) this.#isResumable = false;
        this.#append("text", event.text);
        break;
      case "thinking":
      case "refusal":
        this.#append(event.type, event.text);
        break;
      case "thinking_signature":
        this.#sign();
        break;
      case "citation":
        this.#isResumable = false;
        break;
      case "tool_call_start":
        if (!this.#hasCalls) this.#isResumable = false;
        this.stretches.push({ kind: "tool_call", text: "", name: event.name, isSigned: false });
        break;
      case "tool_call_delta":
        this.#append("tool_call", event.arguments);
        break;
    }
    const isTooLong = this.#characters > MAX_CHARACTERS || (this.events?.length ?? 0) > MAX_EVENTS;
    if (isTooLong) this.#isResumable = false;
  }

  #append(kind: Stretch["kind"], text: string): void {
    this.#characters += text.length;
    const last = this.stretches.at(-1);
    if (last?.kind === kind && !last.isSigned) last.text += text;
    else if (text !== "") this.stretches.push({ kind, text, name: "", isSigned: false });
  }

  /** Thinking without any text is a block of its own. */
  #sign(): void {
    const last = this.stretches.at(-1);
    if (last?.kind === "thinking") last.isSigned = true;
    else this.stretches.push({ kind: "thinking", text: "", name: "", isSigned: true });
  }
}
