import { mkdirSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { orderMore } from "../../../src/platform/call-log/claim.ts";
import { listCallLogFiles } from "../../../src/platform/call-log/files.ts";
import { packRow } from "../../../src/platform/call-log/format.ts";
import { SEGMENT_START } from "../../../src/platform/call-log/position.ts";
import { readCallLog } from "../../../src/platform/call-log/reader.ts";
import { type WriteTask, writeBatch, writeBatches } from "../../../src/platform/call-log/write.ts";
import type { WorkerPool } from "../../../src/platform/worker-pool.ts";
import { ensureBuilt } from "../../helpers/build.ts";
import { openSink, record, row, SETTINGS, temporaryDirectory } from "./call-log-fixtures.ts";

/** These tests also run beside everything else at the lowest priority. */
const PATIENCE_MS = 60_000;

beforeAll(ensureBuilt, 60_000);

function numbers(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, index) => from + index);
}

describe("call log sink", () => {
  it("gives back every record as it was, once and in order", async () => {
    const directory = temporaryDirectory();
    const { sink } = openSink(directory);
    const records = numbers(0, 1_500).map((number) => record(number, { status: 200 + (number % 300) }));
    for (const call of records) sink.append(row(call));
    await sink.flush();
    expect([...readCallLog(directory)]).toEqual(records);
    expect(sink.stats()).toEqual({ written: 1_500, lost: 0, queued: 0, writeErrors: 0 });
  });

  it("writes a lone record without being told to", async () => {
    const directory = temporaryDirectory();
    const { sink } = openSink(directory);
    sink.append(row(record(1)));
    await vi.waitFor(() => expect([...readCallLog(directory)]).toEqual([record(1)]), { timeout: PATIENCE_MS });
  });

  it("begins another file at the size limit, and deletes the oldest above the total", async () => {
    const directory = temporaryDirectory();
    const keepBytes = 60_000;
    const { sink } = openSink(directory, { settings: { ...SETTINGS, rotateBytes: 10_000, keepBytes } });
    for (const number of numbers(0, 4_000)) {
      sink.append(row(record(number)));
      if (number % 50 === 49) await sink.flush();
    }
    await sink.flush();
    const kept = [...readCallLog(directory)];
    expect(listCallLogFiles(directory).length).toBeGreaterThan(2);
    expect(kept.length).toBeLessThan(2_000);
    expect(kept).toEqual(numbers(4_000 - kept.length, 4_000).map((number) => record(number)));
  });

  it("begins another file when the current one is old", async () => {
    const directory = temporaryDirectory();
    const { sink } = openSink(directory, { settings: { ...SETTINGS, rotateMs: 0 } });
    for (const number of numbers(0, 3)) {
      sink.append(row(record(number)));
      await sink.flush();
    }
    expect(listCallLogFiles(directory)).toHaveLength(3);
    expect([...readCallLog(directory)]).toHaveLength(3);
  });

  it("redacts bodies before they reach the disk", async () => {
    const directory = temporaryDirectory();
    const { sink } = openSink(directory);
    const requestBody = '{"user":"ann","password":"hunter2","note":"key sk-abc123"}';
    sink.append(row(record(1, { requestBody, responseBody: 'data: {"api_key":"s3cret"}\n\n' })));
    await sink.flush();
    const [read] = [...readCallLog(directory)];
    expect(read?.requestBody).toBe('{"user":"ann","password":"[redacted]","note":"key [redacted]"}');
    expect(read?.responseBody).toBe('data: {"api_key":"[redacted]"}\n\n');
  });

  it("keeps records while the disk refuses them, and recovers by itself", async () => {
    const parent = temporaryDirectory();
    const directory = join(parent, "calls");
    // A file where the directory should be: every write fails, also for root.
    writeFileSync(directory, "");
    const { sink, logger } = openSink(directory, { journalDirectory: join(parent, "journal") });
    for (const number of numbers(0, 600)) sink.append(row(record(number)));
    await vi.waitFor(() => expect(sink.stats().writeErrors).toBeGreaterThan(1), { timeout: PATIENCE_MS });
    expect(sink.stats()).toMatchObject({ written: 0, lost: 0, queued: 600 });
    expect(logger.lines).toHaveLength(1);
    expect(logger.lines[0]?.message).toContain("call log can't be written");

    rmSync(directory);
    mkdirSync(directory);
    await vi.waitFor(() => expect(sink.stats()).toMatchObject({ written: 600, queued: 0 }), { timeout: PATIENCE_MS });
    expect([...readCallLog(directory)]).toEqual(numbers(0, 600).map((number) => record(number)));
  });

  it("counts what is above the bounds of the journal as lost, and goes on when there is room", async () => {
    const parent = temporaryDirectory();
    const directory = join(parent, "calls");
    writeFileSync(directory, "");
    const journalDirectory = join(parent, "journal");
    const { sink, logger } = openSink(directory, { journalDirectory, segmentBytes: 8_192, maxSegments: 2 });
    for (const number of numbers(0, 500)) sink.append(row(record(number)));
    const { queued, lost } = sink.stats();
    expect(queued).toBeGreaterThan(30);
    expect(lost).toBe(500 - queued);
    sink.notice();
    expect(logger.lines.some(({ message }) => message.includes("call journal can't be written"))).toBe(true);

    rmSync(directory);
    await vi.waitFor(() => expect(sink.stats()).toMatchObject({ written: queued, queued: 0 }), {
      timeout: PATIENCE_MS,
    });
    sink.append(row(record(500)));
    await sink.flush();
    const kept = [...numbers(0, queued), 500].map((number) => record(number));
    expect([...readCallLog(directory)]).toEqual(kept);
    expect(sink.stats()).toMatchObject({ written: queued + 1, lost, queued: 0 });
  });

  it("keeps a record without its bodies when it is longer than a segment", async () => {
    const directory = temporaryDirectory();
    const { sink } = openSink(directory, { segmentBytes: 4_096 });
    sink.append(row(record(1, { requestBody: "x".repeat(3_000), responseBody: "y".repeat(3_000) })));
    sink.append(row(record(2, { requestBody: "x" })));
    await sink.flush();
    expect([...readCallLog(directory)]).toEqual([record(1), record(2, { requestBody: "x" })]);
  });

  it("ends a flush although the disk refuses everything, and leaves the records to the next process", async () => {
    const parent = temporaryDirectory();
    const directory = join(parent, "calls");
    const journalDirectory = join(parent, "journal");
    writeFileSync(directory, "");
    const { sink } = openSink(directory, { journalDirectory });
    sink.append(row(record(1)));
    await sink.flush();
    expect(sink.stats()).toMatchObject({ written: 0, lost: 0, queued: 1 });
    sink.close();

    rmSync(directory);
    const { sink: next } = openSink(directory, { journalDirectory });
    await next.flush();
    expect([...readCallLog(directory)]).toEqual([record(1)]);
    expect(next.stats()).toMatchObject({ written: 1, lost: 0, queued: 0 });
  });

  it("leaves nothing of a batch behind when the disk is full", () => {
    const parent = temporaryDirectory();
    const directory = join(parent, "calls");
    mkdirSync(directory);
    const path = join(directory, "1800000000000-w1-1.tgcl");
    symlinkSync("/dev/full", path);
    const journalDirectory = join(parent, "journal");
    const { sink } = openSink(directory, { journalDirectory });
    sink.append(row(record(1)));
    const journal = {
      directory: journalDirectory,
      prefix: sink.journal.prefix(),
      from: { sequence: 1, offset: SEGMENT_START },
      to: { sequence: 1, offset: sink.journal.offset() },
      isUncertain: false,
    };
    const redaction = { fields: [], patterns: [] };
    const task = { journal, path, isNoted: false, worker: 1, redaction, keepBytes: 1 };
    expect(() => writeBatch(task)).toThrow("ENOSPC");
    expect(readdirSync(directory)).toEqual([]);
    expect(writeBatch(task)).toMatchObject({ rows: 1, finished: true });
    expect([...readCallLog(directory)]).toEqual([record(1)]);
  });

  it("moves in one task what takes many batches, each whole, and goes on where it ended", () => {
    const directory = temporaryDirectory();
    const journalDirectory = join(directory, "journal");
    const neverRuns: WorkerPool = { run: () => new Promise(() => {}), close: async () => {} };
    const { sink } = openSink(directory, { journalDirectory, pool: neverRuns, segmentBytes: 256 << 10 });
    for (const number of numbers(0, 3_000)) sink.append(row(record(number)));
    const journal = {
      directory: journalDirectory,
      prefix: sink.journal.prefix(),
      from: { sequence: 1, offset: SEGMENT_START },
      to: { sequence: sink.journal.sequence(), offset: sink.journal.offset() },
      isUncertain: false,
    };
    expect(journal.to.sequence).toBeGreaterThan(2);
    const path = join(directory, "1800000000000-w1-1.tgcl");
    const redaction = { fields: [], patterns: [] };
    const task = { journal, path, isNoted: false, worker: 1, redaction, keepBytes: 1 << 30, pauseMs: 0 };
    const first = writeBatch(task);
    expect(first.rows).toBeLessThan(1_000);
    const rest = writeBatches({ ...task, journal: { ...journal, from: first.position }, isNoted: true });
    expect(rest).toMatchObject({ rows: 3_000 - first.rows, damaged: 0, finished: true, position: journal.to });
    expect(rest.size).toBe(statSync(path).size);
    expect([...readCallLog(directory)]).toEqual(numbers(0, 3_000).map((number) => record(number)));
  });

  it("bug: a thread that stood by after a flush held up the end of the pool", async () => {
    const { sink: first, pool } = openSink(temporaryDirectory());
    const claims: SharedArrayBuffer[] = [];
    const watched: WorkerPool = {
      ...pool,
      run: (name, input, ...more) => {
        claims.push((input as WriteTask).claim);
        return pool.run(name, input, ...more);
      },
    };
    const { sink } = openSink(temporaryDirectory(), { pool: watched });
    sink.append(row(record(1)));
    await sink.flush();
    const takesMore = claims.map((claim) =>
      orderMore(claim, { to: { sequence: 1, offset: SEGMENT_START }, pauseMs: 0 }),
    );
    expect(takesMore).toEqual([false]);
    await first.flush();
  });

  it("moves records that native code appended to the journal by itself", async () => {
    const directory = temporaryDirectory();
    const { sink } = openSink(directory);
    const packed = packRow(row(record(1)));
    sink.journal.append(packed, packed.start, packed.end);
    const stats = { written: 1, lost: 0, queued: 0, writeErrors: 0 };
    await vi.waitFor(() => expect(sink.stats()).toEqual(stats), { timeout: PATIENCE_MS });
    expect([...readCallLog(directory)]).toEqual([record(1)]);
  });

  it("takes no more room on the disk than what is not moved yet", async () => {
    const directory = temporaryDirectory();
    const { sink } = openSink(directory, { segmentBytes: 16_384 });
    for (const number of numbers(0, 2_000)) {
      sink.append(row(record(number)));
      if (number % 20 === 0) await sink.flush();
    }
    await sink.flush();
    expect(sink.stats()).toEqual({ written: 2_000, lost: 0, queued: 0, writeErrors: 0 });
    expect(readdirSync(join(directory, "journal")).length).toBeLessThanOrEqual(4);
    sink.close();
    expect(readdirSync(join(directory, "journal"))).toEqual([]);
  });

  it("writes everything once when the process is about to die, whatever a thread is doing", async () => {
    const directory = temporaryDirectory();
    const { sink } = openSink(directory);
    // The first batches are with the thread at this moment: taken, or not yet.
    for (const number of numbers(0, 1_000)) sink.append(row(record(number)));
    sink.flushSync();
    const ids = [...readCallLog(directory)].map(({ id }) => id).sort();
    expect(ids).toEqual(numbers(0, 1_000).map((number) => record(number).id));
    await sink.flush();
    expect([...readCallLog(directory)]).toHaveLength(1_000);
  });

  it("writes by itself what no thread will ever take", () => {
    const directory = temporaryDirectory();
    const neverRuns: WorkerPool = { run: () => new Promise(() => {}), close: async () => {} };
    const { sink } = openSink(directory, { pool: neverRuns });
    for (const number of numbers(0, 300)) sink.append(row(record(number)));
    sink.flushSync();
    expect([...readCallLog(directory)]).toHaveLength(300);
    expect(sink.stats()).toMatchObject({ written: 300, lost: 0, queued: 0 });
  });
});
