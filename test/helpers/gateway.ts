import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isMap, isSeq, parseDocument } from "yaml";
import { CALL_RECORD_FIELDS, type CallRecord, type CallRecordValue } from "../../src/contracts/call-record.ts";
import type { Gateway } from "../../src/contracts/gateway.ts";
import type { Logger } from "../../src/contracts/logger.ts";
import type { Snapshot } from "../../src/contracts/snapshot.ts";
import { createGateway } from "../../src/data-plane/gateway.ts";
import { createWorkerPool } from "../../src/platform/worker-pool.ts";
import { loadConfiguration } from "../../src/snapshot/load.ts";
import { formatProblems } from "../../src/snapshot/problems/problem.ts";
import { waitFor } from "./wait-for.ts";

export const TEST_KEY = "tg_test_key_of_application_web";

/** The engine behind listeners for which a test asks for none and for no TLS: the suite can be run with each. */
export const TEST_ENGINE = engineOf(process.env.TIDEGATE_TEST_ENGINE ?? "native");

function engineOf(name: string): "uws" | "native" {
  if (name !== "uws" && name !== "native") throw new Error(`TIDEGATE_TEST_ENGINE is uws or native, not ${name}`);
  return name;
}

/** The configuration with TEST_ENGINE in its listeners. */
function withTestEngine(yaml: string): string {
  if (TEST_ENGINE === "native") return yaml;
  const document = parseDocument(yaml);
  const listeners = document.get("listeners");
  if (!isSeq(listeners)) return yaml;
  for (const listener of listeners.items) {
    if (isMap(listener) && !listener.has("engine") && !listener.has("tls")) listener.set("engine", TEST_ENGINE);
  }
  return String(document);
}

/** Room on disk for counters is taken and given back with every gateway: for as many as the default has, that takes 10 ms. */
const FEW_SLOTS = 4_096;

function withFewSlots(snapshot: Snapshot): Snapshot {
  return { ...snapshot, limitSlots: Math.min(snapshot.limitSlots, FEW_SLOTS) };
}

/** Lines of the program's log, for tests that want to see them. */
export function collectingLogger(lines: { level: string; message: string; fields: object }[]): Logger {
  const logger: Logger = {
    debug: (fields, message) => void lines.push({ level: "debug", fields, message }),
    info: (fields, message) => void lines.push({ level: "info", fields, message }),
    warn: (fields, message) => void lines.push({ level: "warn", fields, message }),
    error: (fields, message) => void lines.push({ level: "error", fields, message }),
    child: () => logger,
  };
  return logger;
}

export interface TestGateway {
  url: string;
  urls: string[];
  port: number;
  gateway: Gateway;
  records: CallRecord[];
  log: { level: string; message: string; fields: object }[];
  /** What it said of its listeners. */
  problems: (string | null)[];
  /** Applies another configuration. */
  reload(yaml: string): Promise<void>;
  /** Applies the current snapshot with changes: for what a file can't say. */
  change(edit: (snapshot: Snapshot) => void): void;
  /** As it was applied last. */
  snapshot(): Snapshot;
  /** The record of the call with this `x-request-id`, once it is there. */
  record(id: string | null | undefined): Promise<CallRecord>;
  close(): Promise<void>;
}

/** The data plane in this process, from a `tidegate.yaml`, on real sockets. Use port 0 in the listeners. */
export async function startGateway(
  yaml: string,
  env: Record<string, string> = {},
  /** Files that several gateways share, as workers of one machine do. `redisUrl`: they share limits by it. */
  options: {
    limitsFile?: string;
    invalidationsFile?: string;
    redisUrl?: string;
    masterKey?: Buffer;
    mustHaveAll?: boolean;
  } = {},
): Promise<TestGateway> {
  const home = mkdtempSync(join(tmpdir(), "tidegate-test-"));
  const records: CallRecord[] = [];
  const log: TestGateway["log"] = [];
  const problems: TestGateway["problems"] = [];
  const pool = createWorkerPool({
    maxThreads: 1,
    tasksDirectory: new URL("../../dist/bundle/workers/tasks/", import.meta.url),
  });
  let version = 0;
  const compile = async (text: string) => {
    const configPath = join(home, "tidegate.yaml");
    writeFileSync(configPath, withTestEngine(text));
    const result = await loadConfiguration({ configPath, home, env, version: ++version });
    if (!result.ok) throw new Error(formatProblems(result.problems));
    return withFewSlots(result.snapshot);
  };
  const gateway = createGateway({
    worker: 1,
    logger: collectingLogger(log),
    pool,
    journal: null,
    limitsFile: options.limitsFile ?? join(home, "limits.shm"),
    ...(options.redisUrl === undefined ? {} : { cluster: { redisUrl: options.redisUrl, name: "test" } }),
    ...(options.masterKey === undefined ? {} : { masterKeys: () => [options.masterKey as Buffer] }),
    onListenerProblem: (problem) => void problems.push(problem),
    invalidationsFile: options.invalidationsFile ?? join(home, "invalidations.shm"),
    callLog: { append: (row) => void records.push(toRecord(row)) },
  });
  let snapshot = await compile(yaml);
  gateway.applySnapshot(snapshot);
  const urls = await gateway.listen(options.mustHaveAll);
  const url = urls[0] as string;
  return {
    url,
    urls,
    port: Number(new URL(url).port),
    gateway,
    records,
    log,
    problems,
    reload: async (text) => {
      snapshot = await compile(text);
      gateway.applySnapshot(snapshot);
    },
    change(edit) {
      snapshot = { ...structuredClone(snapshot), version: ++version };
      edit(snapshot);
      gateway.applySnapshot(snapshot);
    },
    snapshot: () => snapshot,
    record: (id) => waitFor(() => records.find((record) => record.id === id), `a record of call ${id}`),
    async close() {
      await gateway.close();
      await pool.close();
      rmSync(home, { recursive: true });
    },
  };
}

function toRecord(row: CallRecordValue[]): CallRecord {
  return Object.fromEntries(CALL_RECORD_FIELDS.map((name, index) => [name, row[index]])) as unknown as CallRecord;
}

/** The part of a configuration that most tests share: a listener on port 0 and application `web` with TEST_KEY. */
export function baseYaml(rest: string, subscriptions = "[ai]"): string {
  return `
version: 1
listeners: [{ address: "127.0.0.1:0" }]
applications:
  - { id: web, team: default, keys: ["${TEST_KEY}"], subscriptions: ${subscriptions} }
${rest}
`;
}
