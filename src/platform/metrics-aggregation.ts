import { AggregatorRegistry, type MetricObjectWithValues, type MetricValue, prometheusContentType } from "prom-client";

/** What `Registry.getMetricsAsJSON` gives, and what crosses between processes. */
export type MetricJson = MetricObjectWithValues<MetricValue<string>>;

export const METRICS_CONTENT_TYPE = prometheusContentType;

/** Merges the metrics of several processes as each metric's `aggregator` says (sum when it says nothing). */
export function renderMetrics(processes: readonly (readonly unknown[])[]): Promise<string> {
  return AggregatorRegistry.aggregate(processes.map(validMetrics)).metrics();
}

/**
 * Keeps what processes that have ended had counted. Without it a sum over workers would fall whenever one is replaced,
 * and Prometheus would take that for a restart of everything.
 */
export class RetiredCounts {
  #counts: MetricJson[] = [];

  add(metrics: readonly unknown[]): Promise<void> {
    const counts = validMetrics(metrics).filter(isCumulative);
    return this.#merge(counts);
  }

  get counts(): readonly MetricJson[] {
    return this.#counts;
  }

  async #merge(counts: MetricJson[]): Promise<void> {
    if (counts.length === 0) return;
    const merged = AggregatorRegistry.aggregate([this.#counts, counts]).getMetricsAsJSON();
    this.#counts = await merged;
  }
}

/** prom-client writes the kind as a word in JSON, though its types say it is a number. */
function isCumulative(metric: MetricJson): boolean {
  const kind = String(metric.type);
  return kind === "counter" || kind === "histogram";
}

/** Messages come from our own workers; one of another version must still not break the page. */
function validMetrics(metrics: readonly unknown[]): MetricJson[] {
  return metrics.filter(isMetric);
}

function isMetric(value: unknown): value is MetricJson {
  if (typeof value !== "object" || value === null) return false;
  const { name, values, aggregator } = value as Partial<Record<keyof MetricJson, unknown>>;
  const known = aggregator === undefined || AGGREGATORS.has(String(aggregator));
  return typeof name === "string" && Array.isArray(values) && known;
}

const AGGREGATORS = new Set(["sum", "first", "min", "max", "average", "omit"]);
