import { Counter, Gauge, Histogram, Registry } from "prom-client";
import { describe, expect, it } from "vitest";
import { RetiredCounts, renderMetrics } from "../../../src/platform/metrics-aggregation.ts";

function worker(calls: number, open: number): Promise<unknown[]> {
  const registers = [new Registry()];
  new Counter({ name: "calls_total", help: "calls", labelNames: ["status"], registers }).inc({ status: "200" }, calls);
  new Gauge({ name: "open", help: "open", registers }).set(open);
  new Gauge({ name: "lag", help: "lag", registers, aggregator: "max" }).set(open);
  new Histogram({ name: "seconds", help: "time", buckets: [1, 2], registers }).observe(calls);
  return registers[0]!.getMetricsAsJSON();
}

describe("metrics of several processes", () => {
  it("are summed, or merged as the metric says", async () => {
    const text = await renderMetrics([await worker(1, 5), await worker(2, 7)]);
    expect(text).toContain('calls_total{status="200"} 3');
    expect(text).toContain("open 12");
    expect(text).toContain("lag 7");
    expect(text).toContain('seconds_bucket{le="2"} 2');
    expect(text).toContain("seconds_sum 3");
  });

  it("keep the counts of processes that have ended, and forget their gauges", async () => {
    const retired = new RetiredCounts();
    await retired.add(await worker(10, 3));
    await retired.add(await worker(20, 4));
    const text = await renderMetrics([await worker(1, 5), retired.counts]);
    expect(text).toContain('calls_total{status="200"} 31');
    expect(text).toContain("seconds_count 3");
    expect(text).toMatch(/^open 5$/m);
  });

  it("leave out what is no metric", async () => {
    expect(await renderMetrics([[null, 1, { name: "x" }, { name: "y", values: [], aggregator: "odd" }]])).not.toContain(
      "x",
    );
  });
});
