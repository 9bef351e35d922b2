import type { ChatEvent } from "../../contracts/ir.ts";
import { isObject, type JsonObject } from "../checks.ts";
import { countOf, stringOr } from "../json.ts";
import { readSignature } from "./tool-calls.ts";

interface AssembledCall {
  index: number;
  wireId: string;
}

/**
 * Tells which tool call of one choice a delta belongs to. OpenAI numbers calls by `index` and names them once. Of the
 * compatible servers, some leave the index out, some give every call index 0, some repeat the id, some make up a new one
 * for every delta, some send none at all. What they agree on: a call begins with its name.
 */
export class ToolCallAssembler {
  readonly #choice: number;
  readonly #idPrefix: string;
  readonly #byWireIndex = new Map<number, AssembledCall>();
  readonly #byWireId = new Map<string, AssembledCall>();
  #last: AssembledCall | null = null;
  count = 0;

  /** `idPrefix` begins the ids of calls that come without one. */
  constructor(choice: number, idPrefix: string) {
    this.#choice = choice;
    this.#idPrefix = idPrefix;
  }

  push(delta: JsonObject, events: ChatEvent[]): void {
    const fn = isObject(delta.function) ? delta.function : {};
    const wireIndex = countOf(delta.index);
    const wireId = stringOr(delta.id, "");
    const name = stringOr(fn.name, "");
    const call = this.#find(wireIndex, wireId, name) ?? this.#begin(wireIndex, wireId, name, delta, events);
    this.#last = call;
    const text =
      typeof fn.arguments === "string" ? fn.arguments : isObject(fn.arguments) ? JSON.stringify(fn.arguments) : "";
    if (text !== "") {
      events.push({ type: "tool_call_delta", choice: this.#choice, index: call.index, arguments: text });
    }
  }

  #find(wireIndex: number | undefined, wireId: string, name: string): AssembledCall | undefined {
    const byId = wireId === "" ? undefined : this.#byWireId.get(wireId);
    if (byId !== undefined) return byId;
    const byIndex = wireIndex === undefined ? undefined : this.#byWireIndex.get(wireIndex);
    if (name === "") return wireIndex === undefined ? (this.#last ?? undefined) : byIndex;
    // A name under a known index begins another call only if it comes with another id.
    return wireId === "" || byIndex?.wireId === "" ? byIndex : undefined;
  }

  #begin(
    wireIndex: number | undefined,
    wireId: string,
    name: string,
    delta: JsonObject,
    events: ChatEvent[],
  ): AssembledCall {
    const index = this.count;
    this.count += 1;
    const call: AssembledCall = { index, wireId };
    if (wireIndex !== undefined) this.#byWireIndex.set(wireIndex, call);
    if (wireId !== "") this.#byWireId.set(wireId, call);
    const id = wireId === "" ? `${this.#idPrefix}_${index}` : wireId;
    const signature = readSignature(delta);
    const start = { type: "tool_call_start", choice: this.#choice, index, id, name } as const;
    events.push(signature === undefined ? start : { ...start, signature });
    return call;
  }
}
