import { join } from "node:path";
import { type CallJournal, openJournal } from "../../../native-bindings/journal.ts";
import { CALL_RECORD_FIELDS, type CallLogSink, type CallRecordValue } from "../../contracts/call-record.ts";
import type { Logger } from "../../contracts/logger.ts";
import type { CallLogSnapshot } from "../../contracts/snapshot.ts";
import type { WorkerPool } from "../worker-pool.ts";
import { Adoptions, type Source } from "./adoption.ts";
import type { TakenBack } from "./claim.ts";
import { packRow } from "./format.ts";
import { LogWriter, type Order } from "./log-writer.ts";
import { SEGMENT_START } from "./position.ts";
import { Rotation } from "./rotation.ts";
import { type WriteResult, writeBatch } from "./write.ts";

export interface CallLogFileSinkOptions {
  /** Made when it does not exist. */
  directory: string;
  /** Of the journal. Default: `journal` in `directory`. */
  journalDirectory?: string;
  /** The worker's slot: part of the file names. */
  worker: number;
  /** Also see to journals that were left under numbers no living worker has. One worker should. Default: no. */
  adoptsAnyone?: boolean;
  /** How often to look for journals of ended processes. Default: 5 s. */
  adoptEveryMs?: number;
  settings: CallLogSnapshot;
  pool: WorkerPool;
  logger: Logger;
  /** Bytes of a journal segment. Default: 1 MiB, or 4 where long bodies are logged. */
  segmentBytes?: number;
  /** Segments at most, while the call log can't be written. Default: 256 MiB of them. */
  maxSegments?: number;
}

export interface CallLogStats {
  written: number;
  lost: number;
  queued: number;
  writeErrors: number;
}

export interface CallLogFileSink extends CallLogSink {
  /** For native code that appends by itself. */
  readonly journal: CallJournal;
  configure(settings: CallLogSnapshot): void;
  /** Looks whether the journal holds records to be moved. It is looked at by itself, at least every second. */
  notice(): void;
  /**
   * Resolves when every row is in a call log file, or when the disk refused it repeatedly: then it stays in the journal,
   * from which the next process moves it.
   */
  flush(): Promise<void>;
  /** Writes what is held on this very thread: for a process that is about to die. */
  flushSync(): void;
  /** After the last flush. What is not written yet is left to the next process. */
  close(): void;
  stats(): CallLogStats;
}

const NOTICE_ROWS = 8_192;
/** How often to look when few records come. */
const NOTICE_INTERVAL_MS = 150;
/** Each look holds the event loop for up to 1 ms, with code that is cold by then: among many calls it has to be rare. */
const BUSY_INTERVAL_MS = 1_000;
/** Records between two looks. */
const BUSY_ROWS = 100;
/** The task pauses between batches, so that calls find a core, unless it has more than this to move. */
const UNHURRIED_ROWS = 16_384;
const PAUSE_MS = 1;
const ADOPT_INTERVAL_MS = 5_000;
const RETRY_DELAY_MS = 1_000;
const FLUSH_RETRY_DELAY_MS = 100;
const FLUSH_ATTEMPTS = 3;
const WARN_INTERVAL_MS = 60_000;
const CRASH_WAIT_MS = 2_000;
/** Small: each is used again within seconds, while its pages may still be written to without a fault. */
const SEGMENT_BYTES = 1 << 20;
/** For records with long bodies. */
const LARGE_SEGMENT_BYTES = 4 << 20;
/** A body takes up to six times its bytes as JSON within a record, and there are two. */
const LONG_BODY_BYTES = SEGMENT_BYTES / 16;
/** While the call log can't be written. */
const MAX_JOURNAL_BYTES = 256 << 20;
const REQUEST_BODY = CALL_RECORD_FIELDS.indexOf("requestBody");
const RESPONSE_BODY = CALL_RECORD_FIELDS.indexOf("responseBody");

export function createCallLogSink(options: CallLogFileSinkOptions): CallLogFileSink {
  return new FileSink(options);
}

/** What is being written. `appended`: how many records the journal held before `to`. */
interface Move {
  source: Source;
  path: string;
  appended: number;
}

/**
 * A row is packed and appended to the memory-mapped journal at once: from then on the end of this process loses it no
 * more. A task in the pool reads what is new in the journal's files, redacts, and appends it to the call log, one task
 * at a time and batch by batch, which keeps the order. A batch that the disk refused is tried again; meanwhile traffic goes on, and the
 * journal grows up to its bounds.
 *
 *   append ──▶ journal ──(position)──▶ task ──▶ call log file ──(position)──▶ release the journal's segments
 *
 * Journals of processes that have ended are moved the same way.
 */
class FileSink implements CallLogFileSink {
  readonly journal: CallJournal;
  readonly #options: CallLogFileSinkOptions;
  readonly #journalDirectory: string;
  readonly #own: Source;
  readonly #adoptions: Adoptions;
  readonly #writer: LogWriter;
  #timer: NodeJS.Timeout;
  #settings: CallLogSnapshot;

  #freshRows = 0;
  /** How many records the journal had been given at the last look. */
  #noticed = 0;
  #move: Move | null = null;
  #retryTimer: NodeJS.Timeout | null = null;
  #flushWaiters: (() => void)[] = [];
  #flushFailures = 0;

  #ownWritten = 0;
  #ownLost = 0;
  #adoptedWritten = 0;
  #adoptedLost = 0;
  #writeErrors = 0;
  #refusedBefore = 0;
  #warnedAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: CallLogFileSinkOptions) {
    this.#options = options;
    this.#settings = options.settings;
    this.#journalDirectory = options.journalDirectory ?? join(options.directory, "journal");
    const segmentBytes = options.segmentBytes ?? segmentBytesFor(options.settings);
    this.journal = openJournal({
      directory: this.#journalDirectory,
      worker: options.worker,
      segmentBytes,
      maxSegments: options.maxSegments ?? MAX_JOURNAL_BYTES / segmentBytes,
    });
    this.#own = {
      run: null,
      rotation: new Rotation(options.directory, options.worker),
      position: { sequence: 1, offset: SEGMENT_START },
      isUncertain: false,
      notedPath: null,
    };
    this.#adoptions = new Adoptions({
      journalDirectory: this.#journalDirectory,
      callsDirectory: options.directory,
      worker: options.worker,
      rotation: this.#own.rotation,
      adoptsAnyone: options.adoptsAnyone ?? false,
      everyMs: options.adoptEveryMs ?? ADOPT_INTERVAL_MS,
    });
    this.#writer = new LogWriter(options.pool);
    this.#timer = setTimeout(() => this.notice(), NOTICE_INTERVAL_MS).unref();
    this.#pump();
  }

  configure(settings: CallLogSnapshot): void {
    this.#settings = settings;
  }

  append(row: CallRecordValue[]): void {
    let packed = packRow(row);
    if (packed.end - packed.start > this.journal.maxRecordBytes()) {
      row[REQUEST_BODY] = null;
      row[RESPONSE_BODY] = null;
      packed = packRow(row);
    }
    this.journal.append(packed, packed.start, packed.end);
    this.#freshRows++;
    if (this.#freshRows >= NOTICE_ROWS) this.notice();
  }

  notice(): void {
    this.#freshRows = 0;
    const { appended, lost, error } = this.journal.stats();
    const isBusy = appended - this.#noticed > BUSY_ROWS;
    this.#noticed = appended;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.notice(), isBusy ? BUSY_INTERVAL_MS : NOTICE_INTERVAL_MS).unref();
    if (lost > this.#refusedBefore) {
      this.#refusedBefore = lost;
      this.#warn("call journal can't be written; calls are served all the same, records are lost", error);
    }
    this.#adoptions.lookWhenDue();
    this.#writer.look();
    this.#pump();
  }

  flush(): Promise<void> {
    this.#flushFailures = 0;
    if (this.#retryTimer !== null) this.#retrySoon(FLUSH_RETRY_DELAY_MS);
    this.#pump();
    if (this.#isIdle()) {
      this.#writer.dismiss();
      return Promise.resolve();
    }
    return new Promise<void>((resolve) => {
      this.#flushWaiters.push(resolve);
      this.#writer.lookSoon(() => this.#flushWaiters.length > 0);
    });
  }

  flushSync(): void {
    this.#writer.dismiss();
    if (this.#move !== null) {
      const move = this.#move;
      const outcome = this.#writer.takeBack(CRASH_WAIT_MS);
      // The next process finds out what that thread has written.
      if (outcome === "writing") return;
      this.#move = null;
      if (outcome !== "open") this.#wrote(move, outcome);
    }
    this.#own.rotation.leaveFile();
    this.#own.isUncertain = true;
    while (!this.#isAtEnd()) {
      const { move, order } = this.#prepare(this.#own);
      try {
        this.#wrote(move, writeBatch(order));
      } catch {
        this.#writeErrors++;
        return;
      }
    }
  }

  close(): void {
    clearTimeout(this.#timer);
    if (this.#retryTimer !== null) clearTimeout(this.#retryTimer);
    this.#writer.close();
    this.#adoptions.close();
    this.#resolveFlushes();
    this.journal.close();
  }

  stats(): CallLogStats {
    const { appended, lost } = this.journal.stats();
    return {
      written: this.#ownWritten + this.#adoptedWritten,
      lost: lost + this.#ownLost + this.#adoptedLost,
      queued: appended - this.#ownWritten - this.#ownLost,
      writeErrors: this.#writeErrors,
    };
  }

  #isAtEnd(): boolean {
    const { position } = this.#own;
    return position?.sequence === this.journal.sequence() && position.offset === this.journal.offset();
  }

  #isIdle(): boolean {
    return this.#move === null && this.#adoptions.first === null && this.#isAtEnd();
  }

  /** What was left by others comes first: it is older. */
  #pump(): void {
    if (this.#move !== null || this.#retryTimer !== null) return;
    const source = this.#adoptions.first ?? (this.#isAtEnd() ? null : this.#own);
    if (source === null) {
      this.#resolveFlushes();
      return;
    }
    const { move, order } = this.#prepare(source);
    this.#move = move;
    this.#writer.write(order, this.#settings, (outcome, error) => this.#settle(move, outcome, error));
  }

  #prepare(source: Source): { move: Move; order: Order } {
    const { redactFields, redactPatterns, keepBytes } = this.#settings;
    const path = source.rotation.pathAt(Date.now(), this.#settings);
    const isOwn = source.run === null;
    const { appended } = this.journal.stats();
    const queued = appended - this.#ownWritten - this.#ownLost;
    const isUnhurried = this.#flushWaiters.length === 0 && queued <= UNHURRIED_ROWS;
    const order: Order = {
      journal: {
        directory: this.#journalDirectory,
        prefix: source.run?.prefix ?? this.journal.prefix(),
        from: source.position,
        isUncertain: source.isUncertain,
        to: isOwn ? { sequence: this.journal.sequence(), offset: this.journal.offset() } : null,
      },
      path,
      isNoted: source.notedPath === path,
      worker: source.rotation.worker,
      redaction: { fields: redactFields, patterns: redactPatterns },
      keepBytes,
      pauseMs: isUnhurried ? PAUSE_MS : 0,
    };
    return { move: { source, path, appended }, order };
  }

  #settle(move: Move, outcome: TakenBack, error?: unknown): void {
    this.#move = null;
    if (outcome === "open" || outcome === "writing") {
      this.#failed(move.source, error);
    } else {
      this.#wrote(move, outcome);
      // What was appended meanwhile waits for the next look: tasks of a few rows each would cost more than the rows.
      if (outcome.finished && move.source.run === null && this.#flushWaiters.length === 0) return;
    }
    this.#pump();
  }

  #wrote(move: Move, result: WriteResult): void {
    const { source } = move;
    source.rotation.grewTo(result.size);
    source.position = result.position;
    source.isUncertain = false;
    if (result.size > 0) source.notedPath = move.path;
    if (source.run !== null) {
      this.#adoptedWritten += result.rows;
      this.#adoptedLost += result.damaged;
      if (result.finished) this.#finish(source);
      return;
    }
    this.#ownWritten += result.rows;
    // All there was has been read: what is missing was damaged, or its file was deleted.
    if (result.finished) this.#ownLost = move.appended - this.#ownWritten;
    this.journal.release(result.position.sequence, result.position.offset);
  }

  #finish(source: Source): void {
    try {
      this.#adoptions.finish(source);
    } catch (error) {
      this.#warn("the files of an ended process's call journal can't be deleted", error);
    }
  }

  #failed(source: Source, error: unknown): void {
    this.#writeErrors++;
    // The file may be the reason (removed, damaged, too large for the file system): the next attempt begins another.
    source.rotation.leaveFile();
    source.isUncertain = true;
    this.#warn("call log can't be written; calls are served all the same, records wait in the journal", error);
    if (source.run !== null) {
      this.#adoptions.postpone(source, RETRY_DELAY_MS);
      return;
    }
    if (this.#flushWaiters.length === 0) {
      this.#retrySoon(RETRY_DELAY_MS);
      return;
    }
    this.#flushFailures++;
    this.#retrySoon(FLUSH_RETRY_DELAY_MS);
    if (this.#flushFailures >= FLUSH_ATTEMPTS) this.#resolveFlushes();
  }

  #retrySoon(delayMs: number): void {
    if (this.#retryTimer !== null) clearTimeout(this.#retryTimer);
    this.#retryTimer = setTimeout(() => {
      this.#retryTimer = null;
      this.#pump();
    }, delayMs);
  }

  #resolveFlushes(): void {
    // The pool may be closed after it: no thread is to stand by.
    if (this.#flushWaiters.length > 0) this.#writer.dismiss();
    const waiters = this.#flushWaiters;
    this.#flushWaiters = [];
    for (const resolve of waiters) resolve();
  }

  #warn(message: string, error: unknown): void {
    const nowMs = Date.now();
    if (nowMs - this.#warnedAtMs < WARN_INTERVAL_MS) return;
    this.#warnedAtMs = nowMs;
    this.#options.logger.warn({ error, directory: this.#options.directory, ...this.stats() }, message);
  }
}

function segmentBytesFor({ bodies, maxBodyBytes }: CallLogSnapshot): number {
  return bodies !== "off" && maxBodyBytes > LONG_BODY_BYTES ? LARGE_SEGMENT_BYTES : SEGMENT_BYTES;
}
