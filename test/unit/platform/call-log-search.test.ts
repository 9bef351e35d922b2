import { utimesSync } from "node:fs";
import { beforeAll, expect, it } from "vitest";
import type { CallQuery } from "../../../src/contracts/call-query.ts";
import type { CallRecord } from "../../../src/contracts/call-record.ts";
import { listCallLogFiles } from "../../../src/platform/call-log/files.ts";
import { finishedAtMs } from "../../../src/platform/call-log/reader.ts";
import { searchCallLog } from "../../../src/platform/call-log/search.ts";
import { ensureBuilt } from "../../helpers/build.ts";
import { openSink, record, row, temporaryDirectory } from "./call-log-fixtures.ts";

beforeAll(ensureBuilt, 60_000);

const ALL: CallQuery = {
  ...{ visible: null, id: null, application: null, team: null, service: null, model: null, errorCode: null },
  ...{ status: null, fromMs: null, toMs: null, before: null, limit: 1, withBodies: false },
};

async function write(directory: string, worker: number, records: readonly CallRecord[]): Promise<void> {
  const { sink } = openSink(directory, { worker });
  for (const call of records) sink.append(row(call));
  await sink.flush();
}

/** As pages of `limit` calls follow each other. */
function idsByPages(directory: string, limit: number): string[] {
  const ids: string[] = [];
  let before: CallQuery["before"] = null;
  for (;;) {
    const page = searchCallLog({ directory, query: { ...ALL, before, limit } });
    ids.push(...page.map(({ id }) => id));
    const last = page.at(-1);
    if (last === undefined) return ids;
    before = { endedAtMs: finishedAtMs(last), id: last.id };
  }
}

it.each([1, 2, 3, 10])(
  "calls that ended in one moment, or are logged in another order, are listed once by pages of %i",
  async (limit) => {
    const directory = temporaryDirectory();
    const at = (number: number, totalMs: number) => record(number, { startedAtMs: 1_800_000_000_000, totalMs });
    // Starts are told in whole milliseconds: what ended later may seem to have ended before.
    await write(directory, 1, [at(1, 0.5), at(2, 0.1), at(4, 0.5), at(3, 0.5)]);
    await write(directory, 1, [at(6, 0.3), at(7, 2)]);
    await write(directory, 2, [at(5, 0.5), at(8, 0.5)]);
    for (const { path } of listCallLogFiles(directory)) utimesSync(path, 1_800_000_001, 1_800_000_001);
    const ids = [7, 8, 5, 4, 3, 1, 6, 2].map((number) => record(number).id);
    expect(idsByPages(directory, limit)).toEqual(ids);
  },
);

it("a long list of calls holds none of their bodies", async () => {
  const directory = temporaryDirectory();
  await write(directory, 1, [record(1, { requestBody: "asked", responseBody: "answered" })]);
  expect(searchCallLog({ directory, query: ALL })).toEqual([record(1)]);
  const [whole] = searchCallLog({ directory, query: { ...ALL, withBodies: true } });
  expect([whole?.requestBody, whole?.responseBody]).toEqual(["asked", "answered"]);
});
