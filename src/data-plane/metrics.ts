import { Counter, Gauge, Registry } from "prom-client";
import type { NativeEngine } from "../../native-bindings/engine.ts";
import type { Usage } from "../contracts/ir.ts";
import type { TargetNumbersTable } from "../upstream/target-numbers.ts";
import type { HedgeOutcome } from "./pipeline/ai/hedging/hedge.ts";
import type { RouteTarget } from "./pipeline/compiled.ts";
import type { Context } from "./pipeline/context.ts";
import { Series } from "./series.ts";

type NativeCounts = ReturnType<NativeEngine["addon"]["governorCounts"]>;

const DURATION_BUCKETS_S = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

/** One service, route and status: counted in plain numbers, turned into Prometheus' form when somebody asks. */
interface CallSeries {
  service: ServiceSeries;
  route: string;
  status: number;
  calls: number;
}

/** One service: a histogram for each route and status would be most of the page. */
interface ServiceSeries {
  service: string;
  seconds: number;
  buckets: number[];
  requestBytes: number;
  responseBytes: number;
}

interface ModelSeries {
  provider: string;
  model: string;
  inputTokens: number;
  outputTokens: number;
  cachedInputTokens: number;
  reasoningTokens: number;
  costUsd: number;
}

export type MirrorOutcome = "answered" | "failed" | "left_out";

interface MirrorSeries {
  service: string;
  outcome: string;
  count: number;
}

interface StoredTokensSeries {
  provider: string;
  model: string;
  inputTokens: number;
  outputTokens: number;
}

interface LookupSeries {
  service: string;
  outcome: string;
  count: number;
}

export type RescueOutcome = "continued" | "restarted" | "completed" | "failed";

/** Of a model route. */
interface RouteSeries {
  model: string;
  outcome: string;
  count: number;
}

interface AttemptSeries {
  upstream: string;
  target: string;
  good: number;
  failed: number;
}

/** What one worker shows at `/metrics`; the control process adds the workers up. */
export class DataPlaneMetrics {
  readonly #registry = new Registry();
  readonly #calls = new Map<string, CallSeries>();
  readonly #services = new Map<string, ServiceSeries>();
  readonly #callsByTarget = new WeakMap<RouteTarget, Map<number, CallSeries>>();
  readonly #models = new Series<ModelSeries>((provider, model) => ({
    provider,
    model,
    inputTokens: 0,
    outputTokens: 0,
    cachedInputTokens: 0,
    reasoningTokens: 0,
    costUsd: 0,
  }));
  readonly #attempts = new Series<AttemptSeries>((upstream, target) => ({ upstream, target, good: 0, failed: 0 }));
  readonly #mirrored = new Series<MirrorSeries>((service, outcome) => ({ service, outcome, count: 0 }));
  readonly #stored = new Series<StoredTokensSeries>((provider, model) => ({
    provider,
    model,
    inputTokens: 0,
    outputTokens: 0,
  }));
  readonly #lookups = new Series<LookupSeries>((service, outcome) => ({ service, outcome, count: 0 }));
  readonly #hedged = new Series<RouteSeries>((model, outcome) => ({ model, outcome, count: 0 }));
  readonly #rescued = new Series<RouteSeries>((model, outcome) => ({ model, outcome, count: 0 }));
  readonly #refused = new Map<string, number>();
  #openExchanges: () => number = () => 0;
  #store: () => { bytes: number; size: number; evictions: number } = () => ({ bytes: 0, size: 0, evictions: 0 });
  #pools: () => { origin: string; connected: number; running: number }[] = () => [];
  readonly #published = createPublished(this.#registry);

  watch(
    openExchanges: () => number,
    pools: () => { origin: string; connected: number; running: number }[],
    store: () => { bytes: number; size: number; evictions: number },
  ): void {
    this.#store = store;
    this.#openExchanges = openExchanges;
    this.#pools = pools;
  }

  called(context: Context, totalMs: number): void {
    const series = this.#seriesOf(context);
    const { service } = series;
    const seconds = totalMs / 1000;
    series.calls++;
    service.seconds += seconds;
    service.requestBytes += context.requestBytes;
    service.responseBytes += context.responseBytes;
    let bucket = 0;
    while (bucket < DURATION_BUCKETS_S.length && seconds > (DURATION_BUCKETS_S[bucket] as number)) bucket++;
    service.buckets[bucket] = (service.buckets[bucket] as number) + 1;
    if (context.cache !== null) this.#lookups.get(service.service, context.cache).count++;
    if (context.usage !== null && context.provider !== null) {
      if (context.cache === "hit") this.#saved(context);
      else this.used(context);
    }
  }

  /** Kept by route object, so that a call costs no string; the series themselves outlive the snapshot's routes. */
  #seriesOf({ target, status }: Context): CallSeries {
    if (target === null || target.kind === "health") return this.#callSeries("", "", status);
    let byStatus = this.#callsByTarget.get(target);
    if (byStatus === undefined) {
      byStatus = new Map();
      this.#callsByTarget.set(target, byStatus);
    }
    let series = byStatus.get(status);
    if (series === undefined) {
      series = this.#callSeries(target.service.id, target.kind === "rest" ? target.route.id : target.routeId, status);
      byStatus.set(status, series);
    }
    return series;
  }

  #callSeries(service: string, route: string, status: number): CallSeries {
    const key = `${service} ${route} ${status}`;
    let series = this.#calls.get(key);
    if (series === undefined) {
      series = { service: this.#serviceSeries(service), route, status, calls: 0 };
      this.#calls.set(key, series);
    }
    return series;
  }

  #serviceSeries(service: string): ServiceSeries {
    let series = this.#services.get(service);
    if (series === undefined) {
      const buckets = new Array<number>(DURATION_BUCKETS_S.length + 1).fill(0);
      series = { service, seconds: 0, buckets, requestBytes: 0, responseBytes: 0 };
      this.#services.set(service, series);
    }
    return series;
  }

  /** What was used at a provider, by a call or by a copy of one. */
  used(context: Context): void {
    const { usage } = context;
    if (usage === null) return;
    const series = this.#models.get(context.provider ?? "", context.modelServed ?? "");
    addTo(series, usage, context.costUsd, 1);
    if (context.attemptNotes === null) return;
    // The call's sums hold what other attempts have used: it goes to those who were paid for it.
    for (const { provider, model, usage: others, costUsd } of context.attemptNotes) {
      if (others === null) continue;
      addTo(series, others, costUsd, -1);
      addTo(this.#models.get(provider, model), others, costUsd, 1);
    }
  }

  #saved({ usage, provider, modelServed }: Context): void {
    if (usage === null) return;
    const series = this.#stored.get(provider ?? "", modelServed ?? "");
    series.inputTokens += usage.inputTokens;
    series.outputTokens += usage.outputTokens;
  }

  /** `upstream`: service or provider id; `target`: host or model. */
  attempted(upstream: string, target: string, good: boolean): void {
    const series = this.#attempts.get(upstream, target);
    if (good) series.good++;
    else series.failed++;
  }

  /** What became of asking a second target beside a slow one. */
  hedged(model: string, outcome: HedgeOutcome): void {
    this.#hedged.get(model, outcome).count++;
  }

  /** How another target went on with a stream that broke off, or that none could. */
  rescued(model: string, outcome: RescueOutcome): void {
    this.#rescued.get(model, outcome).count++;
  }

  /** What became of a copy. */
  mirrored(service: string, outcome: MirrorOutcome): void {
    this.#mirrored.get(service, outcome).count++;
  }

  /** What the native hot path has counted since the last time; targets' good answers are in their numbers. */
  addNative([calls, services, models]: NativeCounts, targets: TargetNumbersTable): void {
    for (const [service, route, status, count] of calls) this.#callSeries(service, route, status).calls += count;
    for (const [service, seconds, requestBytes, responseBytes, ...buckets] of services) {
      const series = this.#serviceSeries(service);
      series.seconds += seconds;
      series.requestBytes += requestBytes;
      series.responseBytes += responseBytes;
      buckets.forEach((count, index) => {
        series.buckets[index] = (series.buckets[index] ?? 0) + count;
      });
    }
    for (const [provider, model, input, output, cached, reasoning, costUsd] of models) {
      const series = this.#models.get(provider, model);
      series.inputTokens += input;
      series.outputTokens += output;
      series.cachedInputTokens += cached;
      series.reasoningTokens += reasoning;
      series.costUsd += costUsd;
    }
    for (const { upstream, target, good } of targets.takeSuccesses()) {
      this.#attempts.get(upstream, target).good += good;
    }
  }

  /** A request that no stage has seen. */
  refused(code: string): void {
    this.#refused.set(code, (this.#refused.get(code) ?? 0) + 1);
  }

  async collect(): Promise<unknown[]> {
    const published = this.#published;
    for (const metric of Object.values(published)) metric.reset();
    this.#publishCalls(published);
    for (const series of this.#models) {
      const labels = { provider: series.provider, model: series.model };
      published.tokens.inc({ ...labels, type: "input" }, series.inputTokens);
      published.tokens.inc({ ...labels, type: "output" }, series.outputTokens);
      published.tokens.inc({ ...labels, type: "cached_input" }, series.cachedInputTokens);
      published.tokens.inc({ ...labels, type: "reasoning" }, series.reasoningTokens);
      published.cost.inc(labels, series.costUsd);
    }
    for (const { upstream, target, good, failed } of this.#attempts) {
      published.attempts.inc({ upstream, target, outcome: "ok" }, good);
      published.attempts.inc({ upstream, target, outcome: "failed" }, failed);
    }
    for (const { service, outcome, count } of this.#mirrored) published.mirrored.inc({ service, outcome }, count);
    for (const { model, outcome, count } of this.#hedged) published.hedged.inc({ model, outcome }, count);
    for (const { model, outcome, count } of this.#rescued) published.rescued.inc({ model, outcome }, count);
    for (const { provider, model, inputTokens, outputTokens } of this.#stored) {
      published.storedTokens.inc({ provider, model, type: "input" }, inputTokens);
      published.storedTokens.inc({ provider, model, type: "output" }, outputTokens);
    }
    for (const { service, outcome, count } of this.#lookups) published.lookups.inc({ service, outcome }, count);
    const { bytes, size, evictions } = this.#store();
    published.storedBytes.set(bytes);
    published.storedEntries.set(size);
    published.evicted.inc(evictions);
    for (const [code, count] of this.#refused) published.refused.inc({ code }, count);
    published.open.set(this.#openExchanges());
    for (const { origin, connected, running } of this.#pools()) {
      published.connections.inc({ origin, state: "running" }, running);
      published.connections.inc({ origin, state: "idle" }, Math.max(0, connected - running));
    }
    return [...(await this.#registry.getMetricsAsJSON()), durationMetric(this.#services.values())];
  }

  #publishCalls(published: Published): void {
    for (const { service, route, status, calls } of this.#calls.values()) {
      published.calls.inc({ service: service.service, route, status: String(status) }, calls);
    }
    for (const { service, requestBytes, responseBytes } of this.#services.values()) {
      published.requestBytes.inc({ service }, requestBytes);
      published.responseBytes.inc({ service }, responseBytes);
    }
  }
}

function addTo(series: ModelSeries, usage: Usage, costUsd: number | null, sign: 1 | -1): void {
  series.inputTokens += sign * usage.inputTokens;
  series.outputTokens += sign * usage.outputTokens;
  series.cachedInputTokens += sign * (usage.cachedInputTokens ?? 0);
  series.reasoningTokens += sign * (usage.reasoningTokens ?? 0);
  series.costUsd += sign * (costUsd ?? 0);
}

type Published = ReturnType<typeof createPublished>;

/** The histogram in prom-client's form: its own class can't be given counts that were made elsewhere. */
function durationMetric(services: Iterable<ServiceSeries>): object {
  const name = "tidegate_call_duration_seconds";
  const values: { metricName: string; value: number; labels: Record<string, string | number> }[] = [];
  for (const { service, seconds, buckets } of services) {
    let calls = 0;
    buckets.forEach((count, index) => {
      calls += count;
      values.push({
        metricName: `${name}_bucket`,
        value: calls,
        labels: { le: DURATION_BUCKETS_S[index] ?? "+Inf", service },
      });
    });
    values.push({ metricName: `${name}_sum`, value: seconds, labels: { service } });
    values.push({ metricName: `${name}_count`, value: calls, labels: { service } });
  }
  return { name, help: "From accept to the end of the answer", type: "histogram", aggregator: "sum", values };
}

function createPublished(registry: Registry) {
  const registers = [registry];
  return {
    calls: new Counter({
      name: "tidegate_calls_total",
      help: "Calls that ended, by service, route and status",
      labelNames: ["service", "route", "status"],
      registers,
    }),
    requestBytes: new Counter({
      name: "tidegate_request_bytes_total",
      help: "Bytes of request bodies",
      labelNames: ["service"],
      registers,
    }),
    responseBytes: new Counter({
      name: "tidegate_response_bytes_total",
      help: "Bytes of response bodies",
      labelNames: ["service"],
      registers,
    }),
    tokens: new Counter({
      name: "tidegate_tokens_total",
      help: "Tokens, by provider, model and type (cached_input is part of input, reasoning of output)",
      labelNames: ["provider", "model", "type"],
      registers,
    }),
    cost: new Counter({
      name: "tidegate_cost_usd_total",
      help: "Cost in US dollars",
      labelNames: ["provider", "model"],
      registers,
    }),
    attempts: new Counter({
      name: "tidegate_upstream_attempts_total",
      help: "Attempts, by service or provider, and target",
      labelNames: ["upstream", "target", "outcome"],
      registers,
    }),
    mirrored: new Counter({
      name: "tidegate_mirrored_requests_total",
      help: "Copies of requests, by service and what became of them",
      labelNames: ["service", "outcome"],
      registers,
    }),
    hedged: new Counter({
      name: "tidegate_hedged_calls_total",
      help: "Calls whose first target was slow, by model route: the second one won or lost, or was not asked for its cost",
      labelNames: ["model", "outcome"],
      registers,
    }),
    rescued: new Counter({
      name: "tidegate_rescued_streams_total",
      help: "Streams that broke off, by model route and how they were rescued; failed: they were not",
      labelNames: ["model", "outcome"],
      registers,
    }),
    lookups: new Counter({
      name: "tidegate_cache_lookups_total",
      help: "Calls for which a cache policy holds, by service and what came of it",
      labelNames: ["service", "outcome"],
      registers,
    }),
    storedTokens: new Counter({
      name: "tidegate_cache_tokens_total",
      help: "Tokens of stored answers that were given again: no provider was asked for them",
      labelNames: ["provider", "model", "type"],
      registers,
    }),
    storedBytes: new Gauge({ name: "tidegate_cache_bytes", help: "Taken up by stored answers", registers }),
    storedEntries: new Gauge({
      name: "tidegate_cache_entries",
      help: "Requests of which answers are stored",
      registers,
    }),
    evicted: new Counter({
      name: "tidegate_cache_evictions_total",
      help: "Requests whose answers gave way to others",
      registers,
    }),
    refused: new Counter({
      name: "tidegate_requests_refused_total",
      help: "Requests refused before any stage",
      labelNames: ["code"],
      registers,
    }),
    open: new Gauge({ name: "tidegate_open_exchanges", help: "Requests under way", registers }),
    connections: new Gauge({
      name: "tidegate_upstream_connections",
      help: "Connections to upstreams",
      labelNames: ["origin", "state"],
      registers,
    }),
  };
}
