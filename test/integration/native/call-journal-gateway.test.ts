import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, it, onTestFinished } from "vitest";
import { readCallLog } from "../../../src/platform/call-log/reader.ts";
import { TidegateProcess } from "../../helpers/tidegate-process.ts";

function temporaryHome(): string {
  const home = mkdtempSync(join(tmpdir(), "tidegate-test-"));
  onTestFinished(() => rmSync(home, { recursive: true, force: true, maxRetries: 5 }));
  return home;
}

async function start(home: string, workers: number): Promise<TidegateProcess> {
  const tidegate = await TidegateProcess.start({ home, workers });
  onTestFinished(async () => void (await tidegate.stop("SIGKILL")));
  return tidegate;
}

const PAUSE_MS = 10;

/**
 * Sixteen callers at once, each with a moment between its calls: what a kill may take with it are the last records of each, and
 * not how many there were before. Collects the ids of calls whose whole answer has arrived; calls that fail are no one's loss. */
function collectingCalls(tidegate: TidegateProcess) {
  const { key } = tidegate;
  const answered: string[] = [];
  const load = { answered, ended: false, more, end };
  const callers = Array.from({ length: 16 }, async () => {
    while (!load.ended) {
      try {
        const response = await tidegate.chat({}, key);
        await response.text();
        if (response.status === 200) answered.push(response.headers.get("x-request-id") ?? "");
      } catch {
        // The worker was killed.
      }
      await delay(PAUSE_MS);
    }
  });

  async function more(count: number): Promise<void> {
    const goal = answered.length + count;
    await tidegate.waitFor(`${count} more calls`, () => answered.length >= goal);
  }

  async function end(): Promise<string[]> {
    load.ended = true;
    await Promise.all(callers);
    return answered;
  }
  return load;
}

function loggedIds(home: string): string[] {
  return [...readCallLog(join(home, "calls"))].map(({ id }) => id);
}

function missing(answered: readonly string[], logged: readonly string[]): string[] {
  const inLog = new Set(logged);
  return answered.filter((id) => !inLog.has(id));
}

describe("the call log of a gateway", () => {
  it("holds every answered call once, however often its workers are killed under load", async () => {
    const home = temporaryHome();
    const tidegate = await start(home, 2);
    const load = collectingCalls(tidegate);
    await load.more(200);
    for (let kill = 0; kill < 3; kill++) {
      const [victim = 0] = tidegate.gatewayPids();
      process.kill(victim, "SIGKILL");
      await load.more(150);
      await tidegate.waitFor("a new worker", async () => {
        const { workers } = await tidegate.readiness();
        const ready = workers.filter(({ state }) => state === "ready").map(({ pid }) => pid);
        return ready.length === 2 && !ready.includes(victim);
      });
      await load.more(150);
    }
    const answered = await load.end();
    expect(await tidegate.stop()).toEqual({ code: 0, signal: null });
    const logged = loggedIds(home);
    expect(missing(answered, logged)).toEqual([]);
    expect(logged).toHaveLength(new Set(logged).size);
    expect(readdirSync(join(home, "calls", "journal"))).toEqual([]);
  });

  it("holds what workers had not written when all was killed, also those that do not come back", async () => {
    const home = temporaryHome();
    const killed = await start(home, 3);
    const load = collectingCalls(killed);
    await load.more(300);
    killed.signal("SIGKILL");
    killed.killWorkers();
    const answered = await load.end();
    await killed.exited;

    const tidegate = await start(home, 1);
    // Each look reads the whole log.
    await tidegate.waitFor("all records", () => missing(answered, loggedIds(home)).length === 0, { pollMs: 200 });
    // All that was answered may have been written before: that files of workers who do not come back are taken over, too, is
    // seen when they are gone. They are looked for at intervals, and one who was killed may hold his for a moment.
    const ofOthers = () => readdirSync(join(home, "calls", "journal")).filter((name) => !name.startsWith("1-"));
    await tidegate.waitFor("the journals of the others to be taken over", () => ofOthers().length === 0);
    expect(await tidegate.stop()).toEqual({ code: 0, signal: null });
    const logged = loggedIds(home);
    expect(logged).toHaveLength(new Set(logged).size);
    expect(missing(answered, logged)).toEqual([]);
    expect(readdirSync(join(home, "calls", "journal"))).toEqual([]);
  });
});
