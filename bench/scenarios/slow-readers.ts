import { get, writeRequest } from "../calls.ts";
import { judge } from "../check.ts";
import { outputOf, startChild } from "../children.ts";
import { compileProgram, readResultLine } from "../load/programs.ts";
import { CONNECTIONS, runWrk } from "../load/wrk.ts";
import { residentBytes } from "../process-cpu.ts";
import { MemoryWatch } from "../resident-memory.ts";
import { type Figures, medianFigures, type Part, type ScenarioResult } from "../result.ts";
import { restConfiguration } from "../servers/configurations.ts";
import { startPlainNginx } from "../servers/peers.ts";
import { type Server, withServers, workerOf } from "../servers/server.ts";
import { startTidegate } from "../servers/tidegate.ts";
import { filePath, startUpstream } from "../servers/upstream.ts";
import type { Scenario, ScenarioContext } from "./scenario.ts";

const READERS = 500;
const BYTES_PER_SECOND = 1024;
const ANSWER_BYTES = 100 * 2 ** 20;
/** The same kind of answer, to warm up with. */
const SHORT_BYTES = 2 ** 20;

/**
 * How much of a long answer waits in the worker for readers that don't keep up. Every round has processes of its own.
 */
export const slowReaders: Scenario = {
  name: "slow-readers",
  title: "500 readers at 1 KB/s of an answer of 100 MB, one worker each",
  run,
};

async function run(context: ScenarioContext): Promise<ScenarioResult> {
  const { directory } = context;
  const program = await compileProgram("slow-readers", directory);
  const rounds: Record<string, Figures[]> = { "nginx-plain": [], tidegate: [] };
  for (let round = 1; round <= context.rounds; round++) {
    await withServers(async (start) => {
      const upstream = await start(startUpstream(directory, [ANSWER_BYTES, SHORT_BYTES]));
      const nginx = { directives: "proxy_max_temp_file_size 0;" };
      const servers = [
        await start(startPlainNginx(upstream.port, directory, nginx)),
        await start(startTidegate(context, { configuration: restConfiguration(upstream.port) })),
      ];
      for (const server of servers) {
        context.say(`round ${round} of ${context.rounds}: ${server.name}`);
        rounds[server.name]?.push(await measure(server, program, context));
      }
    });
  }
  const peers = Object.entries(rounds).map(([name, all]) => [name, { medians: medianFigures(all), rounds: all }]);
  const part: Part = {
    title: "growth of the worker per reader, from before the first one to the highest point",
    unit: "reader",
    baseline: "nginx-plain",
    columns: ["kibPerReader", "residentMib"],
    peers: Object.fromEntries(peers),
  };
  const bound = { what: "memory per slow reader", unit: "KiB", must: 256, goal: 64 } as const;
  return { parts: [part], checks: [judge(bound, part.peers.tidegate?.medians.kibPerReader ?? Number.NaN)] };
}

async function measure(server: Server, program: string, context: ScenarioContext): Promise<Figures> {
  const { directory, warmUpSeconds } = context;
  const load = { port: server.port, call: get(filePath(SHORT_BYTES)), connections: CONNECTIONS };
  await runWrk(server.name, load, Math.max(1, warmUpSeconds / 2), directory);

  const before = residentBytes(workerOf(server));
  const request = writeRequest(get(filePath(ANSWER_BYTES)), server.name, directory);
  // 15 s by default: long enough for whatever is buffered to be full.
  const seconds = Math.max(2, Math.round(3 * context.seconds));
  const watch = new MemoryWatch(workerOf(server));
  const args = [server.port, request, READERS, BYTES_PER_SECOND, seconds].map(String);
  const readers = startChild(program, args, { stdio: ["ignore", "pipe", "inherit"] });
  const output = await outputOf(readers, (seconds + 30) * 1000);
  const { peak } = watch.stop();
  const { begun = 0, errors = 0, bytes = 0 } = readResultLine("slow-readers", output);
  if (errors > 0 || begun < READERS) {
    throw new Error(`${server.name}: ${errors} of ${READERS} answers broke off, ${begun} had begun`);
  }
  return {
    kibPerReader: (peak - before) / 1024 / READERS,
    residentMib: peak / 2 ** 20,
    bytesPerReaderAndSecond: bytes / READERS / seconds,
  };
}
