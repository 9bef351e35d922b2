import { writeClaimed } from "../../src/platform/call-log/claim.ts";
import { type WriteResult, type WriteTask, writeBatches } from "../../src/platform/call-log/write.ts";

/** Resolves to null when the process has taken the task back to write it itself. */
export default function writeCallLog(task: WriteTask): WriteResult | null {
  return writeClaimed(task.claim, () => writeBatches(task));
}
