import { existsSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Transferable as PiscinaTransferable } from "node:worker_threads";
import { Piscina } from "piscina";
import { builtFile } from "./places.ts";

/** The files under `workers/tasks/` that may run in the pool. */
export const TASK_NAMES = [
  "write-call-log",
  "translate",
  "lint-openapi",
  "compare-openapi",
  "search-call-log",
] as const;
export type TaskName = (typeof TASK_NAMES)[number];

export interface WorkerPool {
  /**
   * Runs one task in a thread. Rejects with what the task threw, when the pool is closed, or with an `AbortError` when
   * `signal` is aborted: then the thread is ended, whatever it does.
   */
  run<Input, Output>(
    task: TaskName,
    input: Input,
    transfer?: readonly PiscinaTransferable[],
    signal?: AbortSignal,
  ): Promise<Output>;
  /** Waits for the tasks under way, then ends the threads. */
  close(): Promise<void>;
}

export interface WorkerPoolOptions {
  maxThreads: number;
  /** Holds the compiled task files; needed only where this module itself was not compiled. */
  tasksDirectory?: URL;
  /** Most memory that a thread may use for objects; Node's own limit where it is not given. */
  heapLimitMiB?: number;
}

const IDLE_TIMEOUT_MS = 30_000;

/**
 * The one Piscina pool of a worker process. It starts no thread before the first task: a worker is ready sooner, and
 * a small installation never pays for threads it does not use.
 */
export function createWorkerPool(options: WorkerPoolOptions): WorkerPool {
  const directory = options.tasksDirectory ?? pathToFileURL(builtFile("workers/tasks/"));
  const files = new Map<TaskName, string>();
  let pool: Piscina | null = null;
  let closed = false;

  const open = (): Piscina =>
    new Piscina({
      minThreads: 0,
      maxThreads: Math.max(1, options.maxThreads),
      idleTimeout: IDLE_TIMEOUT_MS,
      // A task may be a call log batch: it has to be finished, not to be killed, however slow the disk is.
      closeTimeout: 30_000,
      ...(options.heapLimitMiB === undefined
        ? {}
        : { resourceLimits: { maxOldGenerationSizeMb: options.heapLimitMiB } }),
    });

  /** Looked for on disk once, not for each task. */
  const fileOf = (task: TaskName): string => {
    const file = files.get(task) ?? taskFile(directory, task);
    files.set(task, file);
    return file;
  };

  return {
    async run<Input, Output>(
      task: TaskName,
      input: Input,
      transfer: readonly PiscinaTransferable[] = [],
      signal?: AbortSignal,
    ): Promise<Output> {
      if (closed) throw new Error("the worker pool is closed");
      pool ??= open();
      const output: Output = await pool.run(input, {
        filename: fileOf(task),
        transferList: [...transfer],
        ...(signal === undefined ? {} : { signal }),
      });
      return output;
    },
    async close(): Promise<void> {
      closed = true;
      await pool?.close();
    },
  };
}

function taskFile(directory: URL, task: TaskName): string {
  // Of the bundle, or of the modules.
  const [bundled = "", module = ""] = ["cjs", "js"].map((end) => fileURLToPath(new URL(`${task}.${end}`, directory)));
  if (existsSync(bundled)) return bundled;
  if (!existsSync(module)) throw new Error(`${bundled} is missing: run \`npm run build\``);
  return module;
}
