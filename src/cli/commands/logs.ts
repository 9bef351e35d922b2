import { Command, InvalidArgumentError } from "commander";
import { EXIT } from "../../bootstrap/exit-codes.ts";
import { homeAt, homeDirectory } from "../../bootstrap/home.ts";
import { ANY_CALL, type CallQuery } from "../../contracts/call-query.ts";
import type { CallRecord } from "../../contracts/call-record.ts";
import {
  type CallRecordFilter,
  endOfCallLog,
  followCallLog,
  type ReadStats,
  readLastCalls,
} from "../../platform/call-log/reader.ts";
import { callFilter, parseStatusRange } from "../../platform/call-log/search.ts";
import { CallTable } from "../call-table.ts";
import { type Finish, pointInTime, wholeNumber } from "../command.ts";

interface Options {
  follow?: boolean;
  json?: boolean;
  limit: number;
  application?: string;
  service?: string;
  model?: string;
  status?: StatusRange;
  since?: number;
}

type StatusRange = NonNullable<CallQuery["status"]>;

const MAX_LIMIT = 1_000_000;

export function logsCommand(finish: Finish): Command {
  return new Command("logs")
    .description("show the calls of the data directory, whether the gateway runs or not")
    .option("-f, --follow", "go on with calls as they end")
    .option("--json", "one JSON object per line instead of a table")
    .option("-n, --limit <n>", "how many of the last calls to show", wholeNumber(0, MAX_LIMIT), 50)
    .option("--application <id>", "calls of this application")
    .option("--service <id>", "calls of this service")
    .option("--model <name>", "calls that asked for, or were served by, this model")
    .option("--status <status>", "e.g. 429, 5xx or 400-499", statusRange)
    .option("--since <time>", "a duration back from now (90s, 10m, 2h, 1d), or a time", pointInTime)
    .action(async (options: Options) => {
      await showCalls(options);
      finish(EXIT.ok);
    });
}

async function showCalls(options: Options): Promise<void> {
  const { callsDirectory } = homeAt(homeDirectory(process.env));
  const filter = filterOf(options);
  const stats: ReadStats = { records: 0, tornFiles: 0 };
  const upTo = endOfCallLog(callsDirectory);
  const records =
    options.limit === 0
      ? []
      : readLastCalls(callsDirectory, options.limit, { filter, sinceMs: options.since ?? 0, upTo, stats });
  const table = options.json ? null : new CallTable(records, process.stdout.columns);
  const show = (record: CallRecord) => {
    process.stdout.write(`${table === null ? JSON.stringify(record) : table.row(record)}\n`);
  };

  if (table !== null) process.stdout.write(`${table.head()}\n`);
  for (const record of records) show(record);
  if (stats.tornFiles > 0) {
    process.stderr.write(`${stats.tornFiles} file(s) end in a record that is not whole; what is whole is shown\n`);
  }
  if (!options.follow) {
    if (records.length === 0) process.stderr.write(`no calls found in ${callsDirectory}\n`);
    return;
  }
  const interrupt = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => interrupt.abort());
  for await (const record of followCallLog(callsDirectory, upTo, { filter, signal: interrupt.signal })) show(record);
}

function filterOf({ application, service, model, status, since }: Options): CallRecordFilter {
  const given = { application, service, model, status, fromMs: since };
  const said = Object.entries(given).filter(([, value]) => value !== undefined);
  return callFilter({ ...ANY_CALL, ...Object.fromEntries(said) });
}

function statusRange(text: string): StatusRange {
  const range = parseStatusRange(text);
  if (range === null) throw new InvalidArgumentError("Expected a status such as 429, 5xx or 400-499.");
  return range;
}
