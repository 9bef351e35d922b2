import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { continuousCalls } from "../../helpers/continuous-calls.ts";
import { isRunning, TidegateProcess } from "../../helpers/tidegate-process.ts";

async function readyPids(tidegate: TidegateProcess): Promise<number[]> {
  const { workers } = await tidegate.readiness();
  return workers.filter(({ state }) => state === "ready").map(({ pid }) => pid);
}

function replaced(tidegate: TidegateProcess, pid: number, count: number) {
  return async () => {
    const pids = await readyPids(tidegate);
    return pids.length === count && !pids.includes(pid);
  };
}

describe("gateway workers", () => {
  let tidegate: TidegateProcess;
  beforeAll(async () => {
    tidegate = await TidegateProcess.start({ workers: 2 });
  });
  afterAll(() => tidegate.stop("SIGKILL"));

  it("are replaced when they are killed, and no count is lost", async () => {
    for (let call = 0; call < 4; call++) expect((await tidegate.chat()).status).toBe(200);
    const name = 'tidegate_calls_total{service="ai",route="/v1/chat/completions",status="200"}';
    expect((await tidegate.metrics()).get(name)).toBe(4);

    const [victim = 0] = await readyPids(tidegate);
    process.kill(victim, "SIGKILL");
    await tidegate.waitFor("a new worker", replaced(tidegate, victim, 2));
    const metrics = await tidegate.metrics();
    expect(metrics.get('tidegate_worker_restarts_total{role="gateway",reason="killed"}')).toBe(1);
    expect(metrics.get(name)).toBe(4);
    // What Node says of the processes themselves.
    expect(metrics.get("tidegate_gateway_process_cpu_seconds_total")).toBeGreaterThan(0);
    expect(metrics.get("tidegate_gateway_nodejs_eventloop_lag_max_seconds")).toBeGreaterThan(0);
    expect((await tidegate.chat()).status).toBe(200);
  });

  it("are replaced within seconds when their event loop is stuck", async () => {
    const [victim = 0] = await readyPids(tidegate);
    process.kill(victim, "SIGSTOP");
    const report = () => tidegate.stderr.split("\n").find((line) => line.includes("was stuck"));
    await tidegate.waitFor("the log line", () => report() !== undefined);
    const { workerPid, silentMs } = JSON.parse(report() ?? "");
    expect(workerPid).toBe(victim);
    // 2 s of silence, and at most a second more until the next look, or the supervisor lays the silence to its own account.
    expect(silentMs).toBeGreaterThanOrEqual(2_000);
    expect(silentMs).toBeLessThanOrEqual(3_000);
    await tidegate.waitFor("a new worker", replaced(tidegate, victim, 2));
    const metrics = await tidegate.metrics();
    expect(metrics.get('tidegate_worker_restarts_total{role="gateway",reason="stuck"}')).toBe(1);
  });

  it("are replaced at once when one of them is told to end", async () => {
    const [victim = 0] = await readyPids(tidegate);
    process.kill(victim, "SIGTERM");
    await tidegate.waitFor("a new worker", replaced(tidegate, victim, 2));
    expect((await tidegate.chat()).status).toBe(200);
  });

  it("go on serving while the control process is dead, and it comes back", async () => {
    const control = tidegate.recordedProcesses().find(({ role }) => role === "control");
    process.kill(control?.pid ?? 0, "SIGKILL");
    expect((await tidegate.chat()).status).toBe(200);
    await tidegate.waitFor("the control process", async () => (await tidegate.readiness()).status === "ready");
    expect((await tidegate.readiness()).configuration.version).toBe(1);
    expect((await tidegate.chat()).status).toBe(200);
  });

  it("are all replaced on SIGHUP while calls go on, and none of them fails", async () => {
    const drained = 'tidegate_worker_restarts_total{role="gateway",reason="drained"}';
    const drainedBefore = (await tidegate.metrics()).get(drained) ?? 0;
    const before = await readyPids(tidegate);
    const load = continuousCalls(tidegate);
    await load.atLeast(20);
    tidegate.signal("SIGHUP");
    await tidegate.waitFor("new workers", async () => {
      const { workers } = await tidegate.readiness();
      const ready = workers.filter(({ state }) => state === "ready");
      return workers.length === 2 && ready.length === 2 && ready.every(({ pid }) => !before.includes(pid));
    });
    await load.atLeast(load.count + 20);
    expect(await load.end()).toEqual([]);
    expect((await tidegate.metrics()).get(drained)).toBe(drainedBefore + 2);
  });
});

describe("a crash loop", () => {
  it("starts workers ever more slowly, and does not stop the others", async () => {
    const tidegate = await TidegateProcess.start({ workers: 2 });
    const [survivor = 0] = await readyPids(tidegate);
    for (let crash = 1; crash <= 3; crash++) {
      let other: number | undefined;
      await tidegate.waitFor("both workers", async () => {
        const pids = (await readyPids(tidegate)).filter((pid) => isRunning(pid));
        other = pids.find((pid) => pid !== survivor);
        return pids.length === 2;
      });
      process.kill(other ?? 0, "SIGKILL");
      await tidegate.waitFor("the log line", () => delaysIn(tidegate.stderr).length === crash);
    }
    expect(delaysIn(tidegate.stderr)).toEqual([100, 200, 400]);
    expect(await readyPids(tidegate)).toContain(survivor);
    await tidegate.stop("SIGKILL");
  });
});

describe("SIGTERM", () => {
  it("finishes open streams, ends with 0 and leaves nothing running or listening", async () => {
    const tidegate = await TidegateProcess.start({ workers: 2 });
    const pids = tidegate.gatewayPids();
    const words = Array.from({ length: 20 }, (_, index) => `word${index}`).join(" ");
    const response = await tidegate.chat({ stream: true, messages: [{ role: "user", content: words }] });
    expect(response.status).toBe(200);
    const text = response.text();
    tidegate.signal("SIGTERM");
    expect(await text).toContain("[DONE]");
    expect(await tidegate.exited).toEqual({ code: 0, signal: null });
    expect(pids.filter(isRunning)).toEqual([]);
    await expect(fetch(`${tidegate.url}/health/liveness`)).rejects.toThrow();
    const logs = await tidegate.run("logs", "--json");
    expect(logs.stdout.trim().split("\n")).toHaveLength(1);
    await tidegate.stop();
  });
});

function delaysIn(log: string): number[] {
  const lines = log.split("\n").filter((line) => line.includes("ended early"));
  return lines.map((line) => Number(/"delayMs":(\d+)/.exec(line)?.[1]));
}
