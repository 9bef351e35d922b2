/**
 * Appends records to a call log until it is killed or told to end.
 *
 *   journalling-process.mjs <directory> <number of the round> <records per turn> <milliseconds between turns>
 *
 * Writes the id of each record to its standard output once `append` has returned. Over IPC, if there is any: sends its
 * numbers several times a second; on a message it stops, flushes, sends them once more and ends.
 */
import { writeSync } from "node:fs";
import { join } from "node:path";
import parts from "../../../dist/test/call-log.cjs";

const { CALL_RECORD_FIELDS, createCallLogSink, createWorkerPool } = parts;
const [directory = "", round = "0", perTurn = "1", pauseMs = "0"] = process.argv.slice(2);
const MB = 1 << 20;

const logger = { debug() {}, info() {}, warn() {}, error() {}, child: () => logger };
const pool = createWorkerPool({ maxThreads: 1 });
const sink = createCallLogSink({
  directory: join(directory, "calls"),
  worker: 1,
  settings: {
    bodies: "all",
    maxBodyBytes: 1_000,
    redactFields: ["password"],
    redactPatterns: [],
    rotateBytes: MB,
    rotateMs: 3_600_000,
    keepBytes: 1_000 * MB,
  },
  pool,
  logger,
  segmentBytes: 64 << 10,
});

const values = {
  startedAtMs: 1_800_000_000_000,
  totalMs: 1,
  clientAddress: "127.0.0.1",
  method: "POST",
  path: "/v1/chat/completions",
  host: "localhost",
  status: 200,
  attempts: 1,
  streamed: false,
  requestBytes: 10,
  responseBytes: 20,
  outcome: "ok",
  worker: 1,
};
const row = CALL_RECORD_FIELDS.map((field) => values[field] ?? null);
const requestBody = CALL_RECORD_FIELDS.indexOf("requestBody");

let attempted = 0;
let timer;

function turn() {
  let acknowledged = "";
  for (let record = 0; record < Number(perTurn); record++) {
    const id = `${round}-${attempted}`;
    attempted++;
    const own = [...row];
    own[0] = id;
    own[1] += attempted;
    if (attempted % 7 === 0) own[requestBody] = '{"password":"hunter2"}'.repeat(1 + (attempted % 40));
    const lostBefore = sink.journal.stats().lost;
    sink.append(own);
    if (sink.journal.stats().lost === lostBefore) acknowledged += `${id}\n`;
  }
  acknowledge(Buffer.from(acknowledged));
  sink.notice();
}

/** The pipe does not block: its reader may be slower. */
function acknowledge(bytes) {
  for (let written = 0; written < bytes.length; ) {
    try {
      written += writeSync(1, bytes, written);
    } catch (error) {
      if (error.code !== "EAGAIN") throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
  }
}

const numbers = () => ({ attempted, ...sink.stats() });

function go() {
  turn();
  timer = Number(pauseMs) === 0 ? setImmediate(go) : setTimeout(go, Number(pauseMs));
}
go();

if (process.send !== undefined) {
  const reports = setInterval(() => process.send(numbers()), 50);
  process.once("message", async () => {
    clearTimeout(timer);
    clearImmediate(timer);
    await sink.flush();
    clearInterval(reports);
    sink.close();
    process.send({ ...numbers(), ended: true }, () => process.disconnect());
    await pool.close();
  });
}
