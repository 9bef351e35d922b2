import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { CALL_RECORD_FIELDS, type CallRecord, type CallRecordValue } from "../../../src/contracts/call-record.ts";
import type { Logger } from "../../../src/contracts/logger.ts";
import type { CallLogSnapshot } from "../../../src/contracts/snapshot.ts";
import { type CallLogFileSinkOptions, createCallLogSink } from "../../../src/platform/call-log/sink.ts";
import { createWorkerPool } from "../../../src/platform/worker-pool.ts";

export const SETTINGS: CallLogSnapshot = {
  bodies: "all",
  maxBodyBytes: 1_000,
  redactFields: ["password", "api_key"],
  redactPatterns: ["sk-[a-z0-9]+"],
  rotateBytes: 1 << 20,
  rotateMs: 3_600_000,
  keepBytes: 1 << 30,
};

export function record(number: number, changes: Partial<CallRecord> = {}): CallRecord {
  return {
    id: `call-${String(number).padStart(8, "0")}`,
    startedAtMs: 1_800_000_000_000 + number,
    queueMs: 0.5,
    firstByteMs: null,
    totalMs: 1,
    clientAddress: "127.0.0.1",
    method: "POST",
    path: "/v1/chat/completions",
    host: "localhost",
    status: 200,
    errorCode: null,
    application: "web",
    team: "default",
    service: "ai",
    route: "chat",
    provider: "simulated",
    modelAsked: "simulated/echo",
    modelServed: "echo",
    upstream: null,
    attempts: 1,
    streamed: false,
    requestBytes: 10,
    responseBytes: 20,
    inputTokens: 1,
    outputTokens: 2,
    cachedInputTokens: null,
    reasoningTokens: null,
    costUsd: 0.00001,
    outcome: "ok",
    worker: 1,
    requestBody: null,
    responseBody: null,
    release: null,
    cache: null,
    otherAttempts: null,
    routedBy: null,
    mirrorOf: null,
    tags: null,
    mcpMethod: null,
    mcpTool: null,
    mcpPrompt: null,
    mcpResource: null,
    ...changes,
  };
}

export function row(call: CallRecord): CallRecordValue[] {
  return CALL_RECORD_FIELDS.map((field) => call[field]);
}

export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "tidegate-calls-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

export interface RecordedLine {
  fields: object;
  message: string;
}

/** Keeps what is logged. */
export function recordingLogger(): Logger & { lines: RecordedLine[] } {
  const lines: RecordedLine[] = [];
  const log = (fields: object, message: string) => {
    lines.push({ fields, message });
  };
  const logger: Logger & { lines: RecordedLine[] } = {
    lines,
    debug: log,
    info: log,
    warn: log,
    error: log,
    child: () => logger,
  };
  return logger;
}

/** A sink that writes through the pool of threads that gateways use. The code must have been built. */
export function openSink(directory: string, changes: Partial<CallLogFileSinkOptions> = {}) {
  const pool = createWorkerPool({
    maxThreads: 1,
    tasksDirectory: new URL("../../../dist/bundle/workers/tasks/", import.meta.url),
  });
  onTestFinished(() => pool.close());
  const logger = recordingLogger();
  const sink = createCallLogSink({ directory, worker: 1, settings: SETTINGS, pool, logger, ...changes });
  onTestFinished(() => sink.close());
  return { sink, pool, logger };
}
