// A process or thread that uses shared counters. Its first argument says what it does:
// { task, path, slots, limit, keys, calls, file }
import { openSync, writeSync } from "node:fs";
import { isMainThread, parentPort, workerData } from "node:worker_threads";
import { SharedLimits } from "../../../dist/native-bindings/limits.js";

const job = isMainThread ? JSON.parse(process.argv[2]) : workerData;
const { path, slots, limit, keys } = job;
const open = () => SharedLimits.open(path, { slots });

function tell(message) {
  if (isMainThread) process.send(message);
  else parentPort.postMessage(message);
}

/** Once told to go: opens the segment and makes all calls. */
function makeCalls() {
  const limits = open();
  let allowed = 0;
  for (let i = 0; i < job.calls; i++) {
    if (limits.reserve(limit, keys[i % keys.length], 1, job.nowMs) === "allowed") allowed++;
  }
  tell({ allowed, worker: limits.worker });
}

/** Until it is killed: each allowed call is a byte in a file of its own. */
function callAndAcknowledge() {
  const limits = open();
  const file = openSync(job.file, "a");
  tell({ worker: limits.worker });
  forever(100, (i) => {
    if (limits.reserve(limit, keys[i % keys.length], 1, job.nowMs) === "allowed") writeSync(file, "x");
  });
}

/** Until it is killed: takes something and gives it back. */
function reserveAndSettle() {
  const limits = open();
  tell({ worker: limits.worker });
  forever(1000, (i) => {
    const key = keys[i % keys.length];
    limits.reserve(limit, key, 7, job.nowMs);
    limits.settle(limit, key, 7, 0, job.nowMs, job.nowMs, limits.ledger);
  });
}

/** Takes something and never gives it back. */
function reserveAndWait() {
  const limits = open();
  for (let i = 0; i < job.calls; i++) limits.reserve(limit, keys[i % keys.length], 10, job.nowMs);
  tell({ worker: limits.worker });
}

function forever(times, run) {
  for (let i = 0; i < times; i++) run(i);
  setImmediate(forever, times, run);
}

const TASKS = { makeCalls, callAndAcknowledge, reserveAndSettle, reserveAndWait };
const run = () => TASKS[job.task]();
if (isMainThread) {
  process.once("message", run);
  process.once("disconnect", () => process.exit());
} else parentPort.once("message", run);
tell("loaded");
