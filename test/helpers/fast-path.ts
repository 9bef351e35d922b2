import { createHash } from "node:crypto";
import { expect } from "vitest";
import { NativeEngine } from "../../native-bindings/engine.ts";
import type { CallRecord } from "../../src/contracts/call-record.ts";
import { startGateway, TEST_KEY, type TestGateway } from "./gateway.ts";
import type { RecordedRequest } from "./providers/http-provider.ts";
import { RawConnection, type RawResponse } from "./raw-client.ts";
import type { SeenRequest } from "./upstream.ts";
import { waitFor } from "./wait-for.ts";

/** How a call went: all in the stages; natively from end to end; or begun natively, and gone on in the stages. */
export type Way = "stages" | "native" | "handed over";

export interface FastGateway extends TestGateway {
  /** Calls that the governor has sent to an upstream, and those of them that it gave to the stages. */
  taken(): { forwarded: number; handedOver: number };
  /** Which way the one call in `run` went. */
  way(run: () => Promise<unknown>): Promise<Way>;
  metrics(): Promise<Map<string, number>>;
  /** Applies a configuration, after which nothing is known of any call: not even where it is the same as before. */
  relearn(yaml: string): Promise<void>;
}

/** A gateway on the native engine whose governor can be looked into. */
export async function startFastGateway(
  yaml: string,
  env: Record<string, string> = {},
  options: Parameters<typeof startGateway>[2] = {},
): Promise<FastGateway> {
  const { setGovernor } = NativeEngine.prototype;
  let engine: NativeEngine | null = null;
  NativeEngine.prototype.setGovernor = function (events) {
    engine = this;
    setGovernor.call(this, events);
  };
  const gateway = await startGateway(yaml, env, options).finally(() => {
    NativeEngine.prototype.setGovernor = setGovernor;
  });
  const taken = () => {
    if (engine === null) throw new Error("the gateway made no engine");
    const [forwarded, handedOver] = engine.addon.governorTaken(engine.handle);
    return { forwarded, handedOver };
  };
  let drainSeconds = 30;
  return {
    ...gateway,
    taken,
    relearn: (text) => gateway.reload(`${text}\ndrain_timeout: ${++drainSeconds}s\n`),
    async way(run) {
      const before = taken();
      await run();
      const after = taken();
      if (after.forwarded === before.forwarded) return "stages";
      expect(after.forwarded).toBe(before.forwarded + 1);
      return after.handedOver === before.handedOver ? "native" : "handed over";
    },
    metrics: async () => flatMetrics(await gateway.gateway.collectMetrics()),
  };
}

/** As `baseYaml`, on the native engine whatever the suite is run with. */
export function nativeYaml(rest: string, options: { subscriptions?: string; limits?: string } = {}): string {
  const { subscriptions = "[ai]", limits = "[]" } = options;
  return `
version: 1
listeners: [{ address: "127.0.0.1:0", engine: native }]
applications:
  - { id: web, team: default, keys: ["${TEST_KEY}"], subscriptions: ${subscriptions}, limits: ${limits} }
${rest}
`;
}

interface MetricJson {
  name: string;
  values: { value: number; labels: Record<string, string | number>; metricName?: string }[];
}

/** What counts calls. Durations, pools and the process itself are never the same twice. */
const COUNTED =
  /^tidegate_(calls_total|request_bytes_total|response_bytes_total|tokens_total|cost_usd_total|upstream_attempts_total|call_duration_seconds_count|open_exchanges)$/;

function flatMetrics(metrics: unknown[]): Map<string, number> {
  const flat = new Map<string, number>();
  for (const { name, values } of metrics as MetricJson[]) {
    for (const { value, labels, metricName = name } of values) {
      if (COUNTED.test(metricName) && value !== 0) flat.set(`${metricName} ${JSON.stringify(labels)}`, value);
    }
  }
  return flat;
}

/** What has been added. */
export function growth(before: Map<string, number>, after: Map<string, number>): Record<string, number> {
  const added: Record<string, number> = {};
  for (const [key, value] of after) {
    const grown = value - (before.get(key) ?? 0);
    // Sums of prices are no whole numbers.
    if (grown !== 0) added[key] = Number(grown.toPrecision(9));
  }
  return added;
}

/** All that a call shows on its outside, without what differs from call to call. */
export interface Observation {
  answer: unknown;
  upstream: unknown[];
  record: unknown;
  metrics: Record<string, number>;
}

export interface ObservedCall {
  /** The whole request. */
  bytes: string | Buffer;
  isHead?: boolean;
  /** What to do with the connection instead of reading one answer; gives what is compared. */
  converse?: (connection: RawConnection) => Promise<unknown>;
  /** Before each call. */
  prepare?: () => void;
  /** Requests that upstreams have seen, all of them. */
  seen: () => readonly SeenRequest[];
}

/** What comes of an answer that breaks off: some of it may be lost with the connection. */
export async function cutAnswer(connection: RawConnection): Promise<unknown> {
  await connection.whenClosed();
  return "cut";
}

export async function observe(gateway: FastGateway, call: ObservedCall): Promise<Observation & { way: Way }> {
  call.prepare?.();
  const records = gateway.records.length;
  const seen = call.seen().length;
  const before = await gateway.metrics();
  let answer: unknown;
  const way = await gateway.way(async () => {
    const connection = await RawConnection.open(gateway.port);
    try {
      connection.write(call.bytes);
      answer =
        call.converse === undefined
          ? comparable(await connection.response({ head: call.isHead ?? false }))
          : await call.converse(connection);
    } finally {
      connection.close();
    }
    await waitFor(() => gateway.records.length > records, "a record of the call");
    await waitFor(() => gateway.gateway.openExchanges === 0, "the call to be over");
  });
  const metrics = growth(before, await gateway.metrics());
  expect(gateway.records).toHaveLength(records + 1);
  const record = gateway.records[records] as CallRecord;
  return {
    way,
    answer,
    upstream: call
      .seen()
      .slice(seen)
      .map((request) => comparableRequest(request, record.id)),
    record: comparableRecord(record),
    metrics,
  };
}

/** Makes the same call four times: the first is decided by the stages, and the others must not be told from it. */
export async function expectParity(gateway: FastGateway, call: ObservedCall, way: Way): Promise<Observation> {
  const first = await observe(gateway, call);
  expect(first.way).toBe("stages");
  for (let i = 0; i < 3; i++) {
    const next = await observe(gateway, call);
    expect(next).toEqual({ ...first, way });
  }
  return first;
}

const DIFFERS = /^(date|x-request-id|request-id|x-ratelimit-remaining-.*|x-ratelimit-reset-.*)$/i;

export function comparable({ status, headers, body, complete }: RawResponse): unknown {
  return {
    status,
    headers: headers.map(([name, value]) => `${name}: ${DIFFERS.test(name) ? "…" : value}`).sort(),
    body: comparableBody(body),
    complete,
  };
}

function comparableRequest({ method, url, rawHeaders, body }: SeenRequest, id: string): unknown {
  const headers: string[] = [];
  for (let i = 0; i < rawHeaders.length; i += 2) {
    headers.push(`${rawHeaders[i]}: ${rawHeaders[i + 1] === id ? "the call's id" : rawHeaders[i + 1]}`);
  }
  return { method, url, headers: headers.sort(), body: comparableBody(body) };
}

/** As a simulated provider saw it. */
export function seenByProvider({ method, path, query, headers, text }: RecordedRequest): SeenRequest {
  const rawHeaders = Object.entries(headers).flatMap(([name, value]) => [name, String(value)]);
  return {
    method,
    url: query.size === 0 ? path : `${path}?${query}`,
    rawHeaders,
    headers,
    body: Buffer.from(text),
    connection: 0,
  };
}

/** Ids within error answers are the call's. */
function comparableBody(body: Buffer): string {
  const text = body
    .toString("latin1")
    .replace(/("request_id":\s*)"[^"]*"/g, '$1"…"')
    .replace(/("id":\s*)"[0-9a-z_-]*[0-9a-hjkmnp-tv-z]{26}"/g, '$1"…"')
    .replace(/"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"/g, '"…"')
    .replace(/("created":\s*)\d+/g, "$1…");
  return text.length <= 2000 ? text : `${text.length} bytes ${createHash("sha256").update(text).digest("hex")}`;
}

function comparableRecord(record: CallRecord): unknown {
  const { id, startedAtMs, queueMs, firstByteMs, totalMs, worker, ...same } = record;
  expect(id).toMatch(/^[0-9a-hjkmnp-tv-z]{26}$/);
  expect(Math.abs(Date.now() - startedAtMs)).toBeLessThan(120_000);
  expect(worker).toBe(1);
  for (const ms of [queueMs, firstByteMs]) if (ms !== null) expect(ms).toBeLessThanOrEqual(totalMs);
  return { ...same, queued: queueMs !== null, begun: firstByteMs !== null };
}
