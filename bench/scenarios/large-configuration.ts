import { mkdtempSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { judge } from "../check.ts";
import { LatencyProbe } from "../load/latency-probe.ts";
import { MemoryWatch } from "../resident-memory.ts";
import { type Figures, medianFigures, type Part, type ScenarioResult } from "../result.ts";
import { AdminSession } from "../servers/admin-session.ts";
import { applicationOf, fillStore, keyOf, type LargeSizes, pathOf, serviceOf } from "../servers/large-store.ts";
import { withServers, workerOf } from "../servers/server.ts";
import { startTidegate } from "../servers/tidegate.ts";
import { startUpstream } from "../servers/upstream.ts";
import type { Scenario, ScenarioContext } from "./scenario.ts";

const SERVICES = 10_000;
const ROUTES_PER_SERVICE = 5;
const SUBSCRIPTIONS = 2;
const READY_LIMIT_MS = 60_000;
const CHANGE_LIMIT_MS = 30_000;
const POLL_MS = 2;
/** So many applications have called before anything is measured: a worker holds what it is called by. */
const CALLING = 2_000;

const MUST_COMPILE_MS = 5_000;
const MUST_STEP_MS = 20;
const MUST_MIB = 400;
const MUST_REVOKE_MS = 1_000;

/** 100,000 applications, 10,000 services and 200,000 subscriptions in the database, and what changes of them cost. */
export const largeConfiguration: Scenario = {
  name: "large-configuration",
  title: "100,000 applications with keys, 10,000 services of 5 routes, 200,000 subscriptions; one worker",
  run,
};

function run(context: ScenarioContext): Promise<ScenarioResult> {
  const sizes: LargeSizes = {
    applications: context.sizes.keys,
    services: Math.min(SERVICES, context.sizes.keys),
    routesPerService: ROUTES_PER_SERVICE,
    subscriptions: SUBSCRIPTIONS,
  };
  return withServers(async (start) => {
    const upstream = await start(startUpstream(context.directory));
    const home = mkdtempSync(join(context.directory, "large-"));
    context.say("filling the database");
    await fillStore(home, upstream.port, sizes);
    context.say("starting");
    const password = "a password of the bench 0123456789";
    const tidegate = await start(
      startTidegate(context, {
        configuration: null,
        home,
        env: { TIDEGATE_ADMIN_PASSWORD: password },
        readyLimitMs: READY_LIMIT_MS,
      }),
    );
    const session = await AdminSession.signIn(tidegate.adminPort, "admin@localhost", password);
    await callAll(tidegate.port, sizes);
    const memory = new MemoryWatch(workerOf(tidegate));
    const probe = await LatencyProbe.start(tidegate.port, pathOf(0, sizes), keyOf(0));
    const rounds: Figures[] = [];
    for (let round = 0; round < context.rounds; round++) {
      context.say(`round ${round + 1} of ${context.rounds}`);
      const quiet = await worstWhile(probe, () => delay(context.seconds * 1000));
      const service = serviceOf(sizes.services - 1 - round);
      const swap = await worstWhile(probe, () => publish(session, tidegate.adminPort, service));
      const keys = await worstWhile(probe, () => keyTimes(session, tidegate.port, round + 1, sizes));
      rounds.push({
        quietWorstMs: quiet.worstMs,
        swapMs: swap.result,
        swapWorstMs: swap.worstMs,
        keyWorstMs: keys.worstMs,
        createMs: keys.result.createMs,
        revokeMs: keys.result.revokeMs,
      });
    }
    await probe.stop();
    const residentMib = memory.stop().peak / 2 ** 20;
    const { readMs, compileMs } = startTimes(tidegate.log);
    const medians: Figures = { ...medianFigures(rounds), readMs, compileMs, residentMib };
    const part: Part = {
      title: "one call after the other, while a service and a key change",
      unit: "request",
      baseline: "tidegate",
      columns: [
        "readMs",
        "compileMs",
        "residentMib",
        "quietWorstMs",
        "swapWorstMs",
        "swapMs",
        "keyWorstMs",
        "createMs",
        "revokeMs",
      ],
      peers: { tidegate: { medians, rounds } },
    };
    // What a swap adds: without one, the longest call is as long as the machine made it wait.
    const step = Math.max(
      ...rounds.map(({ swapWorstMs = Number.NaN, quietWorstMs = Number.NaN }) => swapWorstMs - quietWorstMs),
    );
    const ms = { unit: "ms", goal: null } as const;
    return {
      parts: [part],
      checks: [
        judge({ what: "large configuration: compiled, once it is read", must: MUST_COMPILE_MS, ...ms }, compileMs),
        judge(
          { what: "large configuration: longest call during a swap, beyond that without", must: MUST_STEP_MS, ...ms },
          step,
        ),
        judge(
          { what: "large configuration: memory per worker at its highest", must: MUST_MIB, unit: "MiB", goal: null },
          residentMib,
        ),
        judge(
          { what: "large configuration: a revoked key is refused", must: MUST_REVOKE_MS, ...ms },
          medians.revokeMs ?? Number.NaN,
        ),
      ],
    };
  });
}

/** What the control process says that the first snapshot took, to read it from the database and to compile it. */
function startTimes(log: string): { readMs: number; compileMs: number } {
  const lines = readFileSync(log, "utf8").split("\n");
  const told = (field: string) => {
    const line = lines.find((one) => one.includes(`"${field}":`));
    return line === undefined ? Number.NaN : Number((JSON.parse(line) as Record<string, unknown>)[field]);
  };
  return { readMs: told("readMs"), compileMs: told("compileMs") };
}

/** The longest of the calls made meanwhile. */
async function worstWhile<Result>(
  probe: LatencyProbe,
  run: () => Promise<Result>,
): Promise<{ worstMs: number; result: Result }> {
  probe.take();
  const result = await run();
  // The call that waited is answered after what it waited for.
  await delay(100);
  return { worstMs: Math.max(...probe.take()), result };
}

/** Marks a service as deprecated, which its answers say: until then calls go by the configuration before. Milliseconds. */
async function publish(session: AdminSession, adminPort: number, service: string): Promise<number> {
  const before = await servedVersion(adminPort);
  const startedAt = performance.now();
  await session.ask("POST", `/services/${service}/deprecate`, {});
  await until(async () => (await servedVersion(adminPort)) > before, `a change of ${service} to be served`);
  return performance.now() - startedAt;
}

/** The lowest version that a worker serves. */
async function servedVersion(adminPort: number): Promise<number> {
  const answer = await fetch(`http://127.0.0.1:${adminPort}/health/readiness`);
  const { workers } = (await answer.json()) as { workers: { snapshotVersion: number | null }[] };
  return Math.min(...workers.map((worker) => worker.snapshotVersion ?? 0));
}

/** How long after it was made a key counts, and after it was revoked still does. */
async function keyTimes(
  session: AdminSession,
  port: number,
  application: number,
  sizes: LargeSizes,
): Promise<{ createMs: number; revokeMs: number }> {
  const path = `/applications/${applicationOf(application)}/credentials`;
  const status = async (key: string) => {
    const headers = { authorization: `Bearer ${key}` };
    const answer = await fetch(`http://127.0.0.1:${port}${pathOf(application, sizes)}`, { headers });
    await answer.arrayBuffer();
    return answer.status;
  };
  let startedAt = performance.now();
  const made = (await session.ask("POST", path, { name: "bench" })) as { id: string; key: string };
  await until(async () => (await status(made.key)) === 200, "a new key to count");
  const createMs = performance.now() - startedAt;
  // Known to the native hot path too.
  for (let call = 0; call < 3; call++) await status(made.key);
  startedAt = performance.now();
  await session.ask("DELETE", `${path}/${made.id}`);
  await until(async () => (await status(made.key)) === 401, "a revoked key to be refused");
  return { createMs, revokeMs: performance.now() - startedAt };
}

async function callAll(port: number, sizes: LargeSizes): Promise<void> {
  for (let index = 0; index < Math.min(CALLING, sizes.applications); index++) {
    const headers = { authorization: `Bearer ${keyOf(index)}` };
    const answer = await fetch(`http://127.0.0.1:${port}${pathOf(index, sizes)}`, { headers });
    await answer.arrayBuffer();
    if (answer.status !== 200) throw new Error(`a call of ${applicationOf(index)} was answered with ${answer.status}`);
  }
}

async function until(isSo: () => Promise<boolean>, what: string): Promise<void> {
  const endAt = performance.now() + CHANGE_LIMIT_MS;
  while (!(await isSo())) {
    if (performance.now() > endAt) throw new Error(`waited ${CHANGE_LIMIT_MS / 1000} s for ${what}`);
    await delay(POLL_MS);
  }
}
