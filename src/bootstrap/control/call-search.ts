import type { CallSearch } from "../../contracts/call-query.ts";
import type { CallRecord } from "../../contracts/call-record.ts";
import type { SearchTask } from "../../platform/call-log/search.ts";
import { createWorkerPool } from "../../platform/worker-pool.ts";

/** A gigabyte is read in some seconds. */
const DEADLINE_MS = 15_000;
const HEAP_LIMIT_MIB = 512;

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
  let last: Promise<unknown> = Promise.resolve();
  return (query) => {
    const search = last.then(() =>
      pool.run<SearchTask, CallRecord[]>("search-call-log", { directory, query }, [], AbortSignal.timeout(DEADLINE_MS)),
    );
    last = search.catch(() => {});
    return search;
  };
}
