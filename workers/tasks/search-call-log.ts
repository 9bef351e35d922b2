import { searchCallLog } from "../../src/platform/call-log/search.ts";

/** Piscina task: a log may be gigabytes. */
export default searchCallLog;
