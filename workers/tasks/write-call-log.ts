import { writeClaimed } from "../../src/platform/call-log/claim.ts";
import { giveWayToCalls } from "../../src/platform/call-log/give-way.ts";
import { continueTask, type WriteResult, type WriteTask, writeBatches } from "../../src/platform/call-log/write.ts";

/** Longer than a busy process takes until it has more: an idle one needs no thread. */
const STAND_BY_MS = 3_000;

giveWayToCalls();

/** Resolves to null when the process has taken the task back to write it itself. */
export default function writeCallLog(task: WriteTask): WriteResult | null {
  let current = task;
  let last: WriteResult | null = null;
  // The journal of an ended process gets no more.
  const standByMs = task.journal.to === null ? 0 : STAND_BY_MS;
  return writeClaimed(task.claim, standByMs, (order) => {
    if (order !== null && last !== null) current = continueTask(current, last, order);
    last = writeBatches(current);
    return last;
  });
}
