import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { openJournal } from "../../../native-bindings/journal.ts";
import type { CallRecord } from "../../../src/contracts/call-record.ts";
import { listCallLogFiles } from "../../../src/platform/call-log/files.ts";
import { packRow } from "../../../src/platform/call-log/format.ts";
import { SEGMENT_START } from "../../../src/platform/call-log/position.ts";
import { readCallLog } from "../../../src/platform/call-log/reader.ts";
import { type WriteTask, writeBatch } from "../../../src/platform/call-log/write.ts";
import type { WorkerPool } from "../../../src/platform/worker-pool.ts";
import writeCallLog from "../../../workers/tasks/write-call-log.ts";
import { ensureBuilt } from "../../helpers/build.ts";
import { openSink, record, row, SETTINGS, temporaryDirectory } from "./call-log-fixtures.ts";

/** These tests also run beside everything else at the lowest priority. */
const PATIENCE_MS = 60_000;

beforeAll(ensureBuilt, 60_000);

const SEGMENT_BYTES = 4_096;

function calls(from: number, to: number): CallRecord[] {
  return Array.from({ length: to - from }, (_, index) => record(from + index));
}

/** What a process leaves that ends without any warning: the journal, and the batches it had written until then. */
function endedProcess(directory: string, { worker = 1, records = calls(0, 40), batches = 0 } = {}): string {
  const journalDirectory = join(directory, "journal");
  const journal = openJournal({ directory: journalDirectory, worker, segmentBytes: SEGMENT_BYTES, maxSegments: 64 });
  for (const call of records) {
    const packed = packRow(row(call));
    journal.append(packed, packed.start, packed.end);
  }
  const prefix = journal.prefix();
  const to = { sequence: journal.sequence(), offset: journal.offset() };
  let from = { sequence: 1, offset: SEGMENT_START };
  for (let batch = 0; batch < batches; batch++) {
    const { position } = writeBatch({
      journal: { directory: journalDirectory, prefix, from, to, isUncertain: false },
      path: join(directory, `1700000000000-w${worker}-1.tgcl`),
      isNoted: batch > 0,
      worker,
      redaction: { fields: SETTINGS.redactFields, patterns: SETTINGS.redactPatterns },
      keepBytes: SETTINGS.keepBytes,
    });
    from = position;
  }
  journal.close();
  return prefix;
}

function journalFiles(directory: string): string[] {
  return readdirSync(join(directory, "journal"));
}

/** Runs tasks on this thread: no thread is started for each of many directories. */
const atOnce: WorkerPool = {
  run: async <Input, Output>(_task: string, input: Input) => writeCallLog(input as WriteTask) as Output,
  close: async () => {},
};

async function adopted(directory: string): Promise<CallRecord[]> {
  const { sink } = openSink(directory, { pool: atOnce });
  await sink.flush();
  sink.close();
  return [...readCallLog(directory)];
}

describe("call journals of processes that have ended", () => {
  it("are moved into the call log by the next process with their number, and deleted", async () => {
    const directory = temporaryDirectory();
    const prefix = endedProcess(directory);
    expect(journalFiles(directory).some((name) => name.startsWith(prefix))).toBe(true);
    expect(await adopted(directory)).toEqual(calls(0, 40));
    expect(journalFiles(directory)).toEqual([]);
  });

  it("are gone on with after the last batch that was written, wherever the end came", async () => {
    for (const batches of [1, 2, 3, 4]) {
      const directory = temporaryDirectory();
      endedProcess(directory, { batches });
      expect(await adopted(directory)).toEqual(calls(0, 40));
    }
  });

  it("are gone on with when the end came within the write of a batch, wherever in it", async () => {
    const original = temporaryDirectory();
    endedProcess(original, { records: calls(0, 13), batches: 1 });
    const before = listCallLogFiles(original)[0]!;
    const start = readFileSync(before.path).length;
    rmSync(original, { recursive: true });

    mkdirSync(original);
    endedProcess(original, { records: calls(0, 16), batches: 2 });
    const { length: end } = readFileSync(listCallLogFiles(original)[0]!.path);
    expect(end).toBeGreaterThan(start);
    for (let length = start; length < end; length += 5) {
      const directory = temporaryDirectory();
      cpSync(original, directory, { recursive: true });
      truncateSync(listCallLogFiles(directory)[0]!.path, length);
      expect(await adopted(directory)).toEqual(calls(0, 16));
    }
  });

  it("are gone on with when the end came within the deletion of their files", async () => {
    const directory = temporaryDirectory();
    const prefix = endedProcess(directory, { batches: 20 });
    for (const name of journalFiles(directory).sort()) {
      if (name === `${prefix}.run`) continue;
      rmSync(join(directory, "journal", name));
      const copy = temporaryDirectory();
      cpSync(directory, copy, { recursive: true });
      expect(await adopted(copy)).toEqual(calls(0, 40));
      expect(journalFiles(copy)).toEqual([]);
    }
  });

  it("of several ends in a row come in the order in which they were", async () => {
    const directory = temporaryDirectory();
    for (let run = 0; run < 4; run++)
      endedProcess(directory, { records: calls(run * 10, run * 10 + 10), batches: run === 0 ? 1 : 0 });
    const { sink } = openSink(directory);
    for (const call of calls(40, 50)) sink.append(row(call));
    await sink.flush();
    expect([...readCallLog(directory)]).toEqual(calls(0, 50));
    expect(sink.stats()).toEqual({ written: 40, lost: 0, queued: 0, writeErrors: 0 });
  });

  it("hold records of a version with fewer fields, and records that are none", async () => {
    const directory = temporaryDirectory();
    const journal = openJournal({
      directory: join(directory, "journal"),
      worker: 1,
      segmentBytes: SEGMENT_BYTES,
      maxSegments: 4,
    });
    const older = packRow(row(record(1)).slice(0, 30));
    journal.append(older, older.start, older.end);
    journal.append(Buffer.from([0xc1, 0xff]), 0, 2);
    const secret = packRow(row(record(2, { responseBody: '{"password":"hunter2"}' })));
    journal.append(secret, secret.start, secret.end);
    journal.close();
    const { sink } = openSink(directory);
    await sink.flush();
    expect([...readCallLog(directory)]).toEqual([record(1), record(2, { responseBody: '{"password":"[redacted]"}' })]);
    expect(sink.stats()).toEqual({ written: 2, lost: 1, queued: 0, writeErrors: 0 });
  });

  it("are read as far as they can be, and what is damaged or torn is counted", async () => {
    const directory = temporaryDirectory();
    const prefix = endedProcess(directory, { records: calls(0, 8) });
    const path = join(directory, "journal", `${prefix}-00000001.journal`);
    const bytes = readFileSync(path);
    bytes[SEGMENT_START + 20]! ^= 1;
    const recordBytes = 8 + Math.ceil(bytes.readUInt32LE(SEGMENT_START) / 8) * 8;
    writeFileSync(path, bytes.subarray(0, SEGMENT_START + 8 * recordBytes - 1));
    const { sink } = openSink(directory);
    await sink.flush();
    expect([...readCallLog(directory)]).toEqual(calls(1, 7));
    expect(sink.stats()).toEqual({ written: 6, lost: 2, queued: 0, writeErrors: 0 });
    expect(journalFiles(directory)).toHaveLength(2);
  });

  it("are left alone while their process lives, and taken when it has ended", async () => {
    const directory = temporaryDirectory();
    const { sink: old } = openSink(directory, {
      pool: { run: () => new Promise(() => {}), close: async () => {} },
    });
    for (const call of calls(0, 5)) old.append(row(call));
    const { sink } = openSink(directory, { adoptEveryMs: 50 });
    for (const call of calls(5, 10)) sink.append(row(call));
    await sink.flush();
    expect([...readCallLog(directory)]).toEqual(calls(5, 10));
    old.close();
    await vi.waitFor(() => expect([...readCallLog(directory)]).toHaveLength(10), { timeout: PATIENCE_MS });
    expect([...readCallLog(directory)].map(({ id }) => id).sort()).toEqual(calls(0, 10).map(({ id }) => id));
  });

  it("of numbers that no one has any more are seen to by the one that is told to, others are not", async () => {
    const directory = temporaryDirectory();
    endedProcess(directory, { worker: 7, records: calls(0, 5) });
    const { sink: eighth } = openSink(directory, { worker: 8, adoptEveryMs: 600_000 });
    for (const call of calls(10, 12)) eighth.append(row(call));
    await eighth.flush();
    endedProcess(directory, { worker: 8, records: calls(5, 10) });
    const { sink } = openSink(directory, { adoptsAnyone: true, adoptEveryMs: 50 });
    await vi.waitFor(() => expect([...readCallLog(directory)]).toHaveLength(7), { timeout: PATIENCE_MS });
    // The eighth lives, and sees to what was left under its number.
    await sink.flush();
    expect([...readCallLog(directory)]).toEqual([...calls(0, 5), ...calls(10, 12)]);
    expect(
      listCallLogFiles(directory)
        .map(({ worker }) => worker)
        .sort(),
    ).toEqual([7, 8]);
    eighth.close();
    await vi.waitFor(() => expect([...readCallLog(directory)]).toHaveLength(12), { timeout: PATIENCE_MS });
  });

  it("that can't be read hold nothing else up", async () => {
    const directory = temporaryDirectory();
    const prefix = endedProcess(directory, { records: calls(0, 5) });
    const segment = join(directory, "journal", `${prefix}-00000001.journal`);
    const bytes = readFileSync(segment);
    rmSync(segment);
    mkdirSync(segment);
    const { sink } = openSink(directory, { adoptEveryMs: 50 });
    for (const call of calls(5, 10)) sink.append(row(call));
    await vi.waitFor(() => expect([...readCallLog(directory)]).toEqual(calls(5, 10)), { timeout: PATIENCE_MS });
    rmSync(segment, { recursive: true });
    writeFileSync(segment, bytes);
    await vi.waitFor(() => expect([...readCallLog(directory)]).toHaveLength(10), { timeout: PATIENCE_MS });
    await vi.waitFor(() => expect(existsSync(segment)).toBe(false));
  });
});
