import { appendFileSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import type { CallRecord } from "../../../src/contracts/call-record.ts";
import { listCallLogFiles } from "../../../src/platform/call-log/files.ts";
import {
  endOfCallLog,
  followCallLog,
  type ReadStats,
  readCallLog,
  readLastCalls,
} from "../../../src/platform/call-log/reader.ts";
import { ensureBuilt } from "../../helpers/build.ts";
import { openSink, record, row, temporaryDirectory } from "./call-log-fixtures.ts";

beforeAll(ensureBuilt, 60_000);

async function write(directory: string, worker: number, records: readonly CallRecord[]): Promise<void> {
  const { sink } = openSink(directory, { worker });
  for (const call of records) sink.append(row(call));
  await sink.flush();
}

function calls(...numbers: number[]): CallRecord[] {
  return numbers.map((number) => record(number));
}

describe("call log reader", () => {
  it("merges the files of all workers by the time at which calls ended", async () => {
    const directory = temporaryDirectory();
    await write(directory, 1, calls(1, 4, 5, 9));
    await write(directory, 2, calls(2, 3, 8));
    expect([...readCallLog(directory)]).toEqual(calls(1, 2, 3, 4, 5, 8, 9));
  });

  it("reads nothing where there is nothing", () => {
    expect([...readCallLog("/nonexistent/calls")]).toEqual([]);
    expect(readLastCalls("/nonexistent/calls", 10)).toEqual([]);
  });

  it("finds the last records that match, also in older files", async () => {
    const directory = temporaryDirectory();
    await write(directory, 1, calls(1, 3));
    await write(directory, 2, calls(2));
    await write(directory, 1, calls(4, 5, 6));
    expect(readLastCalls(directory, 4)).toEqual(calls(3, 4, 5, 6));
    const odd = (call: CallRecord) => call.startedAtMs % 2 === 1;
    expect(readLastCalls(directory, 2, { filter: odd })).toEqual(calls(3, 5));
  });

  it("reads what is whole in a file that was cut anywhere, and counts the tear", async () => {
    const whole = temporaryDirectory();
    const { sink } = openSink(whole);
    const frameEnds: number[] = [];
    for (const number of [1, 2]) {
      sink.append(row(record(number)));
      await sink.flush();
      frameEnds.push(statSync(listCallLogFiles(whole)[0]!.path).size);
    }
    const [file] = listCallLogFiles(whole);
    const bytes = readFileSync(file!.path);
    const [first = 0, second = 0] = frameEnds;

    const directory = temporaryDirectory();
    const path = join(directory, "1800000000000-w1-1.tgcl");
    for (let length = 1; length <= second; length++) {
      writeFileSync(path, bytes.subarray(0, length));
      const stats: ReadStats = { records: 0, tornFiles: 0 };
      const expected = length < first ? [] : length < second ? calls(1) : calls(1, 2);
      expect([...readCallLog(directory, { stats })]).toEqual(expected);
      // A cut after the file's own header leaves a whole, empty file.
      if (stats.tornFiles === 0) expect(length === second || length === first || length < first).toBe(true);
    }
  });

  it("stops at a damaged record and goes on with the next file", async () => {
    const directory = temporaryDirectory();
    await write(directory, 1, calls(1));
    const [file] = listCallLogFiles(directory);
    await write(directory, 1, calls(2));
    const bytes = readFileSync(file!.path);
    bytes[bytes.length - 3]! ^= 0xff;
    writeFileSync(file!.path, bytes);
    const stats: ReadStats = { records: 0, tornFiles: 0 };
    expect([...readCallLog(directory, { stats })]).toEqual(calls(2));
    expect(stats.tornFiles).toBe(1);
  });

  it("ignores files that are not call logs", async () => {
    const directory = temporaryDirectory();
    await write(directory, 1, calls(1));
    writeFileSync(join(directory, "notes.txt"), "hello");
    writeFileSync(join(directory, "1800000000000-w1-7.tgcl"), "not a call log at all");
    const stats: ReadStats = { records: 0, tornFiles: 0 };
    expect([...readCallLog(directory, { stats })]).toEqual(calls(1));
    expect(stats.tornFiles).toBe(1);
  });

  it("follows: each record written after the position once, across new files and half-written ones", async () => {
    const directory = temporaryDirectory();
    await write(directory, 1, calls(1, 2));
    const position = endOfCallLog(directory);
    await write(directory, 1, calls(3));
    expect(readLastCalls(directory, 10, { upTo: position })).toEqual(calls(1, 2));

    const end = new AbortController();
    const following = followCallLog(directory, position, { signal: end.signal });
    expect((await following.next()).value).toEqual(record(3));

    await write(directory, 2, calls(4));
    const [grown] = listCallLogFiles(directory).filter(({ worker }) => worker === 2);
    const whole = readFileSync(grown!.path);
    expect((await following.next()).value).toEqual(record(4));

    // The same file in two steps, as a slow write is seen from outside.
    const other = join(directory, "1900000000000-w3-1.tgcl");
    writeFileSync(other, whole.subarray(0, whole.length - 10));
    const next = following.next();
    appendFileSync(other, whole.subarray(whole.length - 10));
    expect((await next).value).toEqual(record(4));

    const last = following.next();
    end.abort();
    expect((await last).done).toBe(true);
  });

  it("does not repeat a record when a torn tail was taken back", async () => {
    const directory = temporaryDirectory();
    const { sink } = openSink(directory);
    sink.append(row(record(1)));
    await sink.flush();
    const [file] = listCallLogFiles(directory);
    const { size } = statSync(file!.path);
    const position = endOfCallLog(directory);
    appendFileSync(file!.path, Buffer.from([200, 0, 0, 0, 1, 2]));
    const end = new AbortController();
    const following = followCallLog(directory, position, { signal: end.signal });
    const next = following.next();
    truncateSync(file!.path, size);
    sink.append(row(record(2)));
    await sink.flush();
    expect((await next).value).toEqual(record(2));
    end.abort();
    await following.return(undefined);
  });
});
