import { pino } from "pino";
import type { Logger } from "../contracts/logger.ts";

export interface ProgramLogger extends Logger {
  fatal(fields: object, message: string): void;
}

const LEVELS = ["fatal", "error", "warn", "info", "debug", "trace", "silent"];

/**
 * The program's own log: JSON lines on standard error, so that standard output stays readable for people. Writes are
 * synchronous: what was logged just before `process.exit()` is on its way, and pino's asynchronous destination throws
 * when a process exits before it has opened.
 *
 * Level: `TIDEGATE_LOG_LEVEL` (default `info`); an unknown name counts as `info`.
 */
export function createLogger(fields: object): ProgramLogger {
  const wanted = (process.env.TIDEGATE_LOG_LEVEL ?? "info").toLowerCase();
  const level = LEVELS.includes(wanted) ? wanted : "info";
  const options = {
    level,
    base: { pid: process.pid, ...fields },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { error: pino.stdSerializers.err },
  };
  return pino(options, pino.destination({ dest: 2, sync: true }));
}
