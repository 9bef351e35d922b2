import type { Usage } from "../../../contracts/ir.ts";

/** On the heap, besides its body. */
const ENTRY_BYTES = 1_024;

/** A whole good answer of a model, in the dialect of the caller for whom it was made. */
export class StoredModelAnswer {
  readonly status: number;
  /** A stream is one body, too: all of its events, as they were sent. */
  readonly isStream: boolean;
  readonly body: Buffer;
  readonly provider: string;
  readonly model: string;
  /** What it took when it was made. */
  readonly usage: Usage | null;
  /** What of its request was dropped; null: nothing. */
  readonly droppedFields: string | null;
  readonly storedAtMs: number;
  readonly lifetimeMs: number;
  readonly bytes: number;

  constructor(answer: Omit<StoredModelAnswer, "bytes" | "ageMs" | "freshForMs">) {
    this.status = answer.status;
    this.isStream = answer.isStream;
    this.body = answer.body;
    this.provider = answer.provider;
    this.model = answer.model;
    this.usage = answer.usage;
    this.droppedFields = answer.droppedFields;
    this.storedAtMs = answer.storedAtMs;
    this.lifetimeMs = answer.lifetimeMs;
    this.bytes = ENTRY_BYTES + answer.body.length;
  }

  ageMs(nowMs: number): number {
    return Math.max(0, nowMs - this.storedAtMs);
  }

  freshForMs(nowMs: number): number {
    return this.lifetimeMs - this.ageMs(nowMs);
  }
}
