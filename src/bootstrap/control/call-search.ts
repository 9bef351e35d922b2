import { type CallSearch, CallSearchBusyError } from "../../contracts/call-query.ts";
import type { CallRecord } from "../../contracts/call-record.ts";
import type { SearchTask } from "../../platform/call-log/search.ts";
import { Turns } from "../../platform/turns.ts";
import { createWorkerPool } from "../../platform/worker-pool.ts";

/** A gigabyte is read in some seconds. */
const DEADLINE_MS = 15_000;
const HEAP_LIMIT_MIB = 512;
/** With the one under way. Who comes later would wait for minutes. */
const MAX_WAITING = 8;

/**
 * Looks for calls in a thread of its own, one search after the other. `tasksDirectory`: holds the compiled task files; needed only
 * where this module itself was not compiled.
 */
export function createCallSearch(directory: string, tasksDirectory?: URL): CallSearch {
  const pool = createWorkerPool({
    maxThreads: 1,
    heapLimitMiB: HEAP_LIMIT_MIB,
    ...(tasksDirectory === undefined ? {} : { tasksDirectory }),
  });
  // None given to the pool before its turn: see lint-openapi.ts.
  const turns = new Turns(MAX_WAITING);
  return async (query) => {
    if (turns.isFull) throw new CallSearchBusyError(`${MAX_WAITING} searches of the call log are waiting`);
    const task: SearchTask = { directory, query };
    return turns.take(() =>
      pool.run<SearchTask, CallRecord[]>("search-call-log", task, [], AbortSignal.timeout(DEADLINE_MS)),
    );
  };
}
