import { join } from "node:path";
import { CALL_RECORD_FIELDS, type CallLogSink, type CallRecordValue } from "../../contracts/call-record.ts";
import type { Logger } from "../../contracts/logger.ts";
import type { CallLogSnapshot } from "../../contracts/snapshot.ts";
import type { WorkerPool } from "../worker-pool.ts";
import { callLogFileName } from "./files.ts";
import { FIELD_COUNT, packBatch } from "./format.ts";
import { CLAIM, type WriteBatchTask, writeBatch } from "./write.ts";

export interface CallLogFileSinkOptions {
  /** Made when it does not exist. */
  directory: string;
  /** The worker's slot: part of the file names. */
  worker: number;
  settings: CallLogSnapshot;
  pool: WorkerPool;
  logger: Logger;
  /** Rows held at most while the disk does not keep up. */
  maxQueuedRows?: number;
  /** Bytes of bodies held at most, likewise. */
  maxQueuedBodyBytes?: number;
}

export interface CallLogStats {
  written: number;
  lost: number;
  queued: number;
  writeErrors: number;
}

export interface CallLogFileSink extends CallLogSink {
  configure(settings: CallLogSnapshot): void;
  /** Resolves when every row is in a file, or is counted as lost because the disk refused it repeatedly. */
  flush(): Promise<void>;
  /** Writes what is held on this very thread: for a process that is about to die. */
  flushSync(): void;
  stats(): CallLogStats;
}

interface Batch {
  rows: number;
  bodyBytes: number;
  packed: Uint8Array<SharedArrayBuffer>;
}

const BATCH_ROWS = 256;
const BATCH_DELAY_MS = 200;
const RETRY_DELAY_MS = 1_000;
const FLUSH_RETRY_DELAY_MS = 100;
const FLUSH_ATTEMPTS = 3;
const WARN_INTERVAL_MS = 60_000;
const CRASH_WAIT_MS = 2_000;
const REQUEST_BODY = CALL_RECORD_FIELDS.indexOf("requestBody");
const RESPONSE_BODY = CALL_RECORD_FIELDS.indexOf("responseBody");

export function createCallLogSink(options: CallLogFileSinkOptions): CallLogFileSink {
  return new FileSink(options);
}

/**
 * Rows are copied into one flat array; a full array (or one that waited long enough) is packed with msgpackr and handed
 * to the pool, which redacts and writes. Packing here costs no more than the structured clone of the same values would,
 * and saves the thread from decoding and encoding them: 1.2 µs a row in all instead of 8.
 *
 * One batch is under way at a time, which keeps the order. A batch the disk refused stays at the head of the queue and
 * is tried again; meanwhile traffic goes on, and rows above the bounds of the queue are counted as lost.
 */
class FileSink implements CallLogFileSink {
  readonly #options: CallLogFileSinkOptions;
  readonly #maxQueuedRows: number;
  readonly #maxQueuedBodyBytes: number;
  readonly #values: CallRecordValue[] = new Array<CallRecordValue>(BATCH_ROWS * FIELD_COUNT).fill(null);
  #settings: CallLogSnapshot;

  #openRows = 0;
  #openBodyBytes = 0;
  #queue: Batch[] = [];
  #queuedRows = 0;
  #queuedBodyBytes = 0;
  #claim: Int32Array<SharedArrayBuffer> | null = null;
  #batchTimer: NodeJS.Timeout | null = null;
  #retryTimer: NodeJS.Timeout | null = null;
  #flushWaiters: (() => void)[] = [];
  #flushFailures = 0;

  #file: { path: string; size: number; startMs: number } | null = null;
  #sequence = 0;
  #written = 0;
  #lost = 0;
  #writeErrors = 0;
  #warnedAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: CallLogFileSinkOptions) {
    this.#options = options;
    this.#settings = options.settings;
    this.#maxQueuedRows = options.maxQueuedRows ?? 100_000;
    this.#maxQueuedBodyBytes = options.maxQueuedBodyBytes ?? 64 * 1024 * 1024;
  }

  configure(settings: CallLogSnapshot): void {
    this.#settings = settings;
  }

  append(row: CallRecordValue[]): void {
    if (this.#queuedRows >= this.#maxQueuedRows || this.#queuedBodyBytes >= this.#maxQueuedBodyBytes) {
      this.#lost++;
      return;
    }
    const values = this.#values;
    const start = this.#openRows * FIELD_COUNT;
    for (let index = 0; index < FIELD_COUNT; index++) values[start + index] = row[index] ?? null;
    this.#openRows++;
    this.#queuedRows++;
    const bodyBytes = lengthOf(row[REQUEST_BODY]) + lengthOf(row[RESPONSE_BODY]);
    if (bodyBytes > 0) {
      this.#openBodyBytes += bodyBytes;
      this.#queuedBodyBytes += bodyBytes;
    }
    if (this.#openRows === BATCH_ROWS) this.#seal();
    else this.#batchTimer ??= setTimeout(this.#onBatchDelay, BATCH_DELAY_MS);
  }

  flush(): Promise<void> {
    this.#seal();
    if (this.#queue.length === 0) return Promise.resolve();
    this.#flushFailures = 0;
    const flushed = new Promise<void>((resolve) => this.#flushWaiters.push(resolve));
    if (this.#retryTimer !== null) this.#retrySoon(FLUSH_RETRY_DELAY_MS);
    this.#pump();
    return flushed;
  }

  flushSync(): void {
    this.#seal();
    if (this.#claim !== null && !this.#takeBack(this.#claim)) this.#finishHead();
    this.#claim = null;
    this.#file = null;
    while (this.#queue.length > 0) {
      try {
        this.#wrote(writeBatch(this.#task(this.#queue[0]!)));
      } catch {
        this.#writeErrors++;
        this.#loseAll();
      }
    }
  }

  stats(): CallLogStats {
    return { written: this.#written, lost: this.#lost, queued: this.#queuedRows, writeErrors: this.#writeErrors };
  }

  readonly #onBatchDelay = (): void => {
    this.#batchTimer = null;
    this.#seal();
  };

  #seal(): void {
    if (this.#batchTimer !== null) clearTimeout(this.#batchTimer);
    this.#batchTimer = null;
    if (this.#openRows === 0) return;
    const filled = this.#openRows * FIELD_COUNT;
    const values = filled === this.#values.length ? this.#values : this.#values.slice(0, filled);
    this.#queue.push({ rows: this.#openRows, bodyBytes: this.#openBodyBytes, packed: packBatch(values) });
    // The array is used again; bodies must not stay in memory until they are overwritten.
    if (this.#openBodyBytes > 0) this.#values.fill(null);
    this.#openRows = 0;
    this.#openBodyBytes = 0;
    this.#pump();
  }

  #pump(): void {
    const batch = this.#queue[0];
    if (batch === undefined || this.#claim !== null || this.#retryTimer !== null) return;
    const claim = new Int32Array(new SharedArrayBuffer(4));
    this.#claim = claim;
    const task: WriteBatchTask = { ...this.#task(batch), claim: claim.buffer };
    this.#options.pool.run<WriteBatchTask, number | null>("write-call-log", task).then(
      (size) => {
        // A batch that was taken back has been dealt with by flushSync.
        if (this.#claim !== claim || size === null) return;
        this.#claim = null;
        this.#wrote(size);
        this.#pump();
      },
      (error: unknown) => {
        if (this.#claim !== claim) return;
        this.#claim = null;
        this.#failed(error);
      },
    );
  }

  #task(batch: Batch): Omit<WriteBatchTask, "claim"> {
    const { redactFields, redactPatterns, keepBytes } = this.#settings;
    return {
      path: this.#currentFile(Date.now()),
      worker: this.#options.worker,
      rows: batch.packed,
      redaction: batch.bodyBytes === 0 ? null : { fields: redactFields, patterns: redactPatterns },
      keepBytes,
    };
  }

  #currentFile(nowMs: number): string {
    const { rotateBytes, rotateMs } = this.#settings;
    const file = this.#file;
    if (file !== null && file.size < rotateBytes && nowMs - file.startMs < rotateMs) return file.path;
    this.#sequence++;
    const path = join(this.#options.directory, callLogFileName(nowMs, this.#options.worker, this.#sequence));
    this.#file = { path, size: 0, startMs: nowMs };
    return path;
  }

  #wrote(size: number): void {
    if (this.#file !== null) this.#file.size = size;
    this.#finishHead();
    if (this.#queue.length === 0) this.#resolveFlushes();
  }

  #finishHead(): void {
    const batch = this.#queue.shift();
    if (batch === undefined) return;
    this.#written += batch.rows;
    this.#queuedRows -= batch.rows;
    this.#queuedBodyBytes -= batch.bodyBytes;
  }

  #failed(error: unknown): void {
    this.#writeErrors++;
    // The file may be the reason (removed, damaged, too large for the file system): the next attempt begins another.
    this.#file = null;
    this.#warn(error);
    if (this.#flushWaiters.length === 0) {
      this.#retrySoon(RETRY_DELAY_MS);
      return;
    }
    this.#flushFailures++;
    if (this.#flushFailures < FLUSH_ATTEMPTS) this.#retrySoon(FLUSH_RETRY_DELAY_MS);
    else {
      this.#loseAll();
      this.#resolveFlushes();
    }
  }

  #retrySoon(delayMs: number): void {
    if (this.#retryTimer !== null) clearTimeout(this.#retryTimer);
    this.#retryTimer = setTimeout(() => {
      this.#retryTimer = null;
      this.#pump();
    }, delayMs);
  }

  #loseAll(): void {
    for (const batch of this.#queue) {
      this.#lost += batch.rows;
      this.#queuedRows -= batch.rows;
      this.#queuedBodyBytes -= batch.bodyBytes;
    }
    this.#queue = [];
  }

  #resolveFlushes(): void {
    const waiters = this.#flushWaiters;
    this.#flushWaiters = [];
    for (const resolve of waiters) resolve();
  }

  /** False when a thread has written the batch. */
  #takeBack(claim: Int32Array<SharedArrayBuffer>): boolean {
    if (Atomics.compareExchange(claim, 0, CLAIM.open, CLAIM.takenBack) === CLAIM.open) return true;
    Atomics.wait(claim, 0, CLAIM.writing, CRASH_WAIT_MS);
    return Atomics.load(claim, 0) === CLAIM.failed;
  }

  #warn(error: unknown): void {
    const nowMs = Date.now();
    if (nowMs - this.#warnedAtMs < WARN_INTERVAL_MS) return;
    this.#warnedAtMs = nowMs;
    const { directory } = this.#options;
    const fields = { error, directory, ...this.stats() };
    this.#options.logger.warn(
      fields,
      "call log can't be written; calls are served all the same, records wait in memory",
    );
  }
}

function lengthOf(value: CallRecordValue | undefined): number {
  return typeof value === "string" ? value.length : 0;
}
