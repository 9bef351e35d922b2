import { writeClaimed } from "../../src/platform/call-log/claim.ts";
import { type WriteResult, type WriteTask, writeBatch } from "../../src/platform/call-log/write.ts";

/** Resolves to null when the process has taken the batch back to write it itself. */
export default function writeCallLog(task: WriteTask): WriteResult | null {
  return writeClaimed(task.claim, () => writeBatch(task));
}
