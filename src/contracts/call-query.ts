import type { CallRecord } from "./call-record.ts";

/** Which calls of the log are asked for. Plain data: it crosses threads. null: whatever it is. */
export interface CallQuery {
  /** Calls of these teams' applications, and calls to these services. */
  visible: { teams: readonly string[]; services: readonly string[] } | null;
  id: string | null;
  application: string | null;
  team: string | null;
  service: string | null;
  /** Asked for, or served. */
  model: string | null;
  errorCode: string | null;
  /** Inclusive. */
  status: { from: number; to: number } | null;
  /** Unix times between which calls ended; the second is not among them. */
  fromMs: number | null;
  toMs: number | null;
  /** Those that ended before this one. */
  before: { endedAtMs: number; id: string } | null;
  limit: number;
  /** False: those of the calls that are found are null. */
  withBodies: boolean;
}

/** Which any call fits. */
export const ANY_CALL: Omit<CallQuery, "limit" | "withBodies"> = {
  visible: null,
  id: null,
  application: null,
  team: null,
  service: null,
  model: null,
  errorCode: null,
  status: null,
  fromMs: null,
  toMs: null,
  before: null,
};

/** Too many searches wait for their turn. */
export class CallSearchBusyError extends Error {
  override readonly name = "CallSearchBusyError";
}

/**
 * Looks in the log of this machine; newest first. Rejects with an `AbortError` when it takes too long, and with a
 * `CallSearchBusyError`.
 */
export type CallSearch = (query: CallQuery) => Promise<readonly CallRecord[]>;
