// Of the call log, what tests' own processes put together: see ../bundle-parts.mjs.
export { CALL_RECORD_FIELDS } from "../../../src/contracts/call-record.ts";
export { createCallLogSink } from "../../../src/platform/call-log/sink.ts";
export { createWorkerPool } from "../../../src/platform/worker-pool.ts";
