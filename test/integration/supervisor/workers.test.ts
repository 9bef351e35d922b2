import { afterEach, describe, expect, it } from "vitest";
import { continuousCalls } from "../../helpers/continuous-calls.ts";
import { isRunning, type TidegateOptions, TidegateProcess } from "../../helpers/tidegate-process.ts";

let running: TidegateProcess[] = [];

afterEach(async () => {
  await Promise.all(running.map((tidegate) => tidegate.stop("SIGKILL")));
  running = [];
});

async function start(options: TidegateOptions = {}): Promise<TidegateProcess> {
  const tidegate = await TidegateProcess.start(options);
  running.push(tidegate);
  return tidegate;
}

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
  it("are replaced when they are killed, and no count is lost", async () => {
    const tidegate = await start({ workers: 2 });
    for (let call = 0; call < 4; call++) expect((await tidegate.chat()).status).toBe(200);
    const name = 'tidegate_calls_total{service="ai",route="/v1/chat/completions",status="200"}';
    expect((await tidegate.metrics()).get(name)).toBe(4);

    const [victim = 0] = await readyPids(tidegate);
    process.kill(victim, "SIGKILL");
    await tidegate.waitFor("a new worker", replaced(tidegate, victim, 2));
    const metrics = await tidegate.metrics();
    expect(metrics.get('tidegate_worker_restarts_total{role="gateway",reason="killed"}')).toBe(1);
    expect(metrics.get(name)).toBe(4);
    expect((await tidegate.chat()).status).toBe(200);
  });

  it("are replaced within seconds when their event loop is stuck", async () => {
    const tidegate = await start({ workers: 2 });
    const [victim = 0] = await readyPids(tidegate);
    process.kill(victim, "SIGSTOP");
    const stuckSinceMs = performance.now();
    await tidegate.waitFor("the log line", () => tidegate.stderr.includes("was stuck"));
    // 2 s of silence, and up to a quarter second each until the last sign of life and the next look.
    expect(performance.now() - stuckSinceMs).toBeLessThan(3_000);
    await tidegate.waitFor("a new worker", replaced(tidegate, victim, 2));
    const metrics = await tidegate.metrics();
    expect(metrics.get('tidegate_worker_restarts_total{role="gateway",reason="stuck"}')).toBe(1);
  });

  it("are started ever more slowly in a crash loop, and the loop does not stop the others", async () => {
    const tidegate = await start({ workers: 2 });
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
  });

  it("are replaced at once when one of them is told to end", async () => {
    const tidegate = await start({ workers: 1 });
    const [victim = 0] = await readyPids(tidegate);
    process.kill(victim, "SIGTERM");
    await tidegate.waitFor("a new worker", replaced(tidegate, victim, 1));
    expect((await tidegate.chat()).status).toBe(200);
  });

  it("go on serving while the control process is dead, and it comes back", async () => {
    const tidegate = await start({ workers: 1 });
    const control = tidegate.recordedProcesses().find(({ role }) => role === "control");
    process.kill(control?.pid ?? 0, "SIGKILL");
    expect((await tidegate.chat()).status).toBe(200);
    await tidegate.waitFor("the control process", async () => (await tidegate.readiness()).status === "ready");
    expect((await tidegate.readiness()).configuration.version).toBe(1);
    expect((await tidegate.chat()).status).toBe(200);
  });
});

describe("SIGTERM", () => {
  it("finishes open streams, ends with 0 and leaves nothing running", async () => {
    const tidegate = await start({ workers: 2 });
    const pids = tidegate.gatewayPids();
    const words = Array.from({ length: 20 }, (_, index) => `word${index}`).join(" ");
    const response = await tidegate.chat({ stream: true, messages: [{ role: "user", content: words }] });
    expect(response.status).toBe(200);
    const text = response.text();
    tidegate.signal("SIGTERM");
    expect(await text).toContain("[DONE]");
    expect(await tidegate.exited).toEqual({ code: 0, signal: null });
    expect(pids.filter(isRunning)).toEqual([]);
    const logs = await tidegate.run("logs", "--json");
    expect(logs.stdout.trim().split("\n")).toHaveLength(1);
  });

  it("leaves nothing listening", async () => {
    const tidegate = await start({ workers: 1 });
    tidegate.signal("SIGTERM");
    await tidegate.exited;
    await expect(fetch(`${tidegate.url}/health/liveness`)).rejects.toThrow();
  });
});

describe("SIGHUP", () => {
  it("replaces all workers while calls go on, and none of them fails", async () => {
    const tidegate = await start({ workers: 2 });
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
    const metrics = await tidegate.metrics();
    expect(metrics.get('tidegate_worker_restarts_total{role="gateway",reason="drained"}')).toBe(2);
  });
});

function delaysIn(log: string): number[] {
  const lines = log.split("\n").filter((line) => line.includes("ended early"));
  return lines.map((line) => Number(/"delayMs":(\d+)/.exec(line)?.[1]));
}
