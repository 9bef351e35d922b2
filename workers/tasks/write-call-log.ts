import { CLAIM, type WriteBatchTask, writeBatch } from "../../src/platform/call-log/write.ts";

/** Resolves to the file's size in bytes, or to null when the process has taken the batch back to write it itself. */
export default function writeCallLog(task: WriteBatchTask): number | null {
  const claim = new Int32Array(task.claim);
  if (Atomics.compareExchange(claim, 0, CLAIM.open, CLAIM.writing) !== CLAIM.open) return null;
  let outcome: number = CLAIM.failed;
  try {
    const size = writeBatch(task);
    outcome = CLAIM.finished;
    return size;
  } finally {
    Atomics.store(claim, 0, outcome);
    Atomics.notify(claim, 0);
  }
}
