import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { getPriority, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { continuousCalls } from "../../helpers/continuous-calls.ts";
import { isRunning, type TidegateOptions, TidegateProcess } from "../../helpers/tidegate-process.ts";

let running: TidegateProcess[] = [];
let directories: string[] = [];

afterEach(async () => {
  await Promise.all(running.map((tidegate) => tidegate.stop("SIGKILL")));
  for (const directory of directories) rmSync(directory, { recursive: true, force: true });
  running = [];
  directories = [];
});

async function start(options: TidegateOptions = {}): Promise<TidegateProcess> {
  const tidegate = await TidegateProcess.start(options);
  running.push(tidegate);
  return tidegate;
}

/** A start that is expected to fail: its exit code and what it said. */
async function failingStart(options: TidegateOptions): Promise<{ code: number | null; stderr: string }> {
  const tidegate = await TidegateProcess.spawn(options);
  const { code } = await tidegate.exited;
  // Removes its data directory, unless that is another's.
  await tidegate.stop();
  expect(tidegate.stdout).toBe("");
  return { code, stderr: tidegate.stderr };
}

function newHome(): string {
  const home = mkdtempSync(join(tmpdir(), "tidegate-home-"));
  directories.push(home);
  return home;
}

const APPLICATION_KEY = "test-key-of-the-application";

const CONFIG = (model: string, pace = "") => `
version: 1
listeners: [{ address: "127.0.0.1:\${TIDEGATE_PORT}" }]
providers: [{ id: simulated, kind: simulated, ${pace} }]
models: [{ name: ${model}, targets: [{ provider: simulated, model: echo }] }]
applications: [{ id: web, team: default, keys: ["${APPLICATION_KEY}"], subscriptions: [ai] }]
`;

async function modelNames(tidegate: TidegateProcess): Promise<string[]> {
  const response = await fetch(`${tidegate.url}/v1/models`, {
    headers: { authorization: `Bearer ${APPLICATION_KEY}`, connection: "close" },
  });
  const { data } = (await response.json()) as { data: { id: string }[] };
  return data.map(({ id }) => id);
}

describe("a start", () => {
  it("bug: a control process alone was ready before its snapshot was looked at, and the start never ended", async () => {
    const env = { TIDEGATE_ROLE: "control", TIDEGATE_MASTER_KEY: "ab".repeat(32) };
    const tidegate = await TidegateProcess.spawn({ env });
    running.push(tidegate);
    await tidegate.waitFor("the control process", () => tidegate.recordedProcesses().length === 1);
    // What it says meanwhile, the supervisor reads at once.
    tidegate.signal("SIGSTOP");
    await tidegate.waitFor("all to be said", () => tidegate.stderr.includes("control process ready"));
    tidegate.signal("SIGCONT");
    await tidegate.waitForBanner();
  });

  it("refuses a bad configuration before anything runs", async () => {
    const { code, stderr } = await failingStart({ config: "version: 1\nlisteners: 7\nnonsense: true\n" });
    expect(code).toBe(78);
    expect(stderr).toMatch(/tidegate\.yaml:2:\d+/);
    expect(stderr).toMatch(/tidegate\.yaml:3:\d+/);
  });

  it("takes over the lock of a supervisor that has died", async () => {
    const home = newHome();
    writeFileSync(
      join(home, "tidegate.lock"),
      JSON.stringify({ pid: process.pid, startTicks: 1, bootId: "gone", hostname: "", sinceMs: 1 }),
    );
    const old = new Date(Date.now() - 3_600_000);
    utimesSync(join(home, "tidegate.lock"), old, old);
    const tidegate = await start({ home });
    expect(JSON.parse(readFileSync(join(home, "tidegate.lock"), "utf8"))).toMatchObject({ pid: tidegate.pid });
  });

  it("names a foreign process on the port as well", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const { port } = server.address() as AddressInfo;
    const { code, stderr } = await failingStart({ gatewayPort: port });
    server.close();
    expect(code).toBe(75);
    expect(stderr).toContain(`is in use by pid ${process.pid}`);
  });
});

describe("an installation", () => {
  const home = mkdtempSync(join(tmpdir(), "tidegate-home-"));
  let tidegate: TidegateProcess;
  let key = "";
  const controlPid = () => tidegate.recordedProcesses().find(({ role }) => role === "control")?.pid;

  beforeAll(async () => {
    tidegate = await TidegateProcess.start({ home });
    key = tidegate.key;
  });
  afterAll(async () => {
    await tidegate.stop("SIGKILL");
    rmSync(home, { recursive: true, force: true });
  });

  it("prints the addresses, the key, and a curl line that works", async () => {
    expect(tidegate.stdout).toContain(tidegate.url);
    expect(tidegate.stdout).toContain(`${tidegate.adminUrl}/metrics`);
    expect(tidegate.stdout).toContain(tidegate.key);
    const curl = tidegate.stdout.split("\n").find((line) => line.trim().startsWith("curl "));
    const answer: unknown = JSON.parse(execFileSync("sh", ["-c", `${curl} --silent`], { encoding: "utf8" }));
    expect(answer).toMatchObject({ object: "chat.completion" });
    expect(tidegate.stderr).not.toContain(tidegate.key);
  });

  it("names the supervisor that holds the data directory", async () => {
    const { code, stderr } = await failingStart({ home: tidegate.home });
    expect(code).toBe(73);
    expect(stderr).toContain(`data directory ${tidegate.home} is in use by tidegate (pid ${tidegate.pid}, since 20`);
    expect(stderr).toContain("stop it or set TIDEGATE_HOME");
    expect((await tidegate.chat()).status).toBe(200);
  });

  it.each(["gateway", "admin"] as const)("names the process that holds the %s port", async (use) => {
    const taken = use === "gateway" ? { gatewayPort: tidegate.gatewayPort } : { adminPort: tidegate.adminPort };
    const { code, stderr } = await failingStart(taken);
    expect(code).toBe(75);
    const port = use === "gateway" ? tidegate.gatewayPort : tidegate.adminPort;
    expect(stderr).toMatch(
      new RegExp(
        `${use} address \\S+:${port} is in use by pid \\d+ \\(.*${use === "admin" ? "control" : "gateway"}-worker`,
      ),
    );
  });

  it("uses the same key again", async () => {
    await tidegate.stop();
    tidegate = await TidegateProcess.start({ home });
    expect(tidegate.key).toBe(key);
    expect((await tidegate.chat()).status).toBe(200);
  });

  it("runs its control process below the gateway workers", () => {
    const [gatewayPid = 0] = tidegate.gatewayPids();
    expect(getPriority(controlPid() ?? 0)).toBe(getPriority(gatewayPid) + 5);
  });

  it("serves the configuration served last where the control process does not come up", async () => {
    await tidegate.stop();
    tidegate = await TidegateProcess.spawn({ home, gatewayPort: tidegate.gatewayPort });
    await tidegate.waitFor("the control process", () => controlPid() !== undefined);
    process.kill(controlPid() ?? 0, "SIGSTOP");
    await tidegate.waitForBanner();
    expect(tidegate.stderr).toContain("starting with the cached one");
    expect((await tidegate.chat()).status).toBe(200);
  });
});

describe("a supervisor that was killed", () => {
  it("leaves its workers serving, and the next one takes over from them without a failed call", async () => {
    const home = newHome();
    const first = await start({ home, workers: 2 });
    const orphans = first.gatewayPids();
    first.signal("SIGKILL");
    await first.exited;
    const load = continuousCalls(first);
    await load.atLeast(20);

    const second = await start({ home, workers: 2, gatewayPort: first.gatewayPort, adminPort: first.adminPort });
    await second.waitFor("the end of the workers left behind", () => second.stderr.includes("have drained"));
    await load.atLeast(load.count + 20);
    expect(await load.end()).toEqual([]);
    expect(orphans.filter(isRunning)).toEqual([]);
    expect(second.gatewayPids()).toHaveLength(2);
    expect((await second.stop()).code).toBe(0);
  });
});

describe("SIGINT", () => {
  it("drains, and ends everything at once the second time", async () => {
    const tidegate = await start({ workers: 2, config: CONFIG("any", "simulated: { token: 1s }") });
    const pids = tidegate.gatewayPids();
    const words = Array.from({ length: 100 }, (_, index) => `word${index}`).join(" ");
    const messages = [{ role: "user", content: words }];
    const open = await tidegate.chat({ stream: true, messages }, APPLICATION_KEY);
    const reader = open.body?.getReader();
    await reader?.read();
    tidegate.signal("SIGINT");
    await tidegate.waitFor("draining", () => tidegate.stderr.includes("draining"));
    tidegate.signal("SIGINT");
    expect((await tidegate.exited).code).toBe(1);
    await reader?.cancel().catch(() => {});
    expect(pids.filter(isRunning)).toEqual([]);
  });
});

it("bug: a worker that could not take its first configuration, for want of room, waited for another one", async () => {
  const home = newHome();
  // In the place of the counters' file.
  mkdirSync(join(home, "limits.shm"));
  const tidegate = await TidegateProcess.spawn({ home, config: CONFIG("first") });
  running.push(tidegate);
  await tidegate.waitFor("the refusal", () => tidegate.stderr.includes("refused the snapshot"));
  rmSync(join(home, "limits.shm"), { recursive: true });
  await tidegate.waitForBanner();
  expect(await modelNames(tidegate)).toContain("first");
});

describe("the configuration file", () => {
  it("is read again when it changes; a bad one leaves the old one serving and is reported", async () => {
    const tidegate = await start({ config: CONFIG("first") });
    expect(await modelNames(tidegate)).toContain("first");

    tidegate.writeConfig(CONFIG("second"));
    await tidegate.waitFor("the new model", async () => (await modelNames(tidegate)).includes("second"));
    expect((await tidegate.metrics()).get("tidegate_snapshot_version")).toBe(2);

    tidegate.writeConfig("version: 1\nmodels: 7\n");
    await tidegate.waitFor("the report", async () => {
      return (await tidegate.metrics()).get("tidegate_config_last_reload_success") === 0;
    });
    expect(await modelNames(tidegate)).toContain("second");
    const readiness = await tidegate.readiness();
    expect(readiness).toMatchObject({ status: "ready", configuration: { version: 2, lastReload: "failed" } });
    expect(readiness.warnings.join()).toContain("last reload");
    expect(tidegate.stderr).toContain("the configuration is bad");

    tidegate.writeConfig(CONFIG("third"));
    await tidegate.waitFor("the repaired file", async () => (await modelNames(tidegate)).includes("third"));
    expect((await tidegate.metrics()).get("tidegate_config_last_reload_success")).toBe(1);

    // On SIGHUP as well; a bad one replaces no worker.
    const before = tidegate.gatewayPids();
    tidegate.writeConfig("version: 7\n");
    tidegate.signal("SIGHUP");
    await tidegate.waitFor("the report", () => tidegate.stderr.includes("workers are not replaced"));
    expect(tidegate.gatewayPids()).toEqual(before);
    expect(await modelNames(tidegate)).toContain("third");
  });

  it("bug: a listener whose address is taken was no matter for readiness, and no worker could begin any more", async () => {
    const taken = createServer().listen(0, "127.0.0.1");
    await once(taken, "listening");
    const { port } = taken.address() as AddressInfo;
    const tidegate = await start({ config: CONFIG("first") });
    const listeners = `listeners: [{ address: "127.0.0.1:${port}" }, { address`;
    tidegate.writeConfig(CONFIG("second").replace("listeners: [{ address", listeners));
    const problem = `gateway worker 1 can't listen on 127.0.0.1:${port}`;
    await tidegate.waitFor("the warning", async () => (await tidegate.readiness()).warnings.join().includes(problem));
    expect(await modelNames(tidegate)).toContain("second");

    // In place of one that serves there must be no less.
    const [pid = 0] = tidegate.gatewayPids();
    tidegate.signal("SIGHUP");
    await tidegate.waitFor("the end of it", () => tidegate.stderr.includes("the old ones stay"));
    expect(tidegate.gatewayPids()).toEqual([pid]);
    // In place of one that has died there is as much as there can be.
    process.kill(pid, "SIGKILL");
    await tidegate.waitFor("another worker", async () => {
      const { status, workers } = await tidegate.readiness();
      return status === "ready" && workers.every((worker) => worker.pid !== pid);
    });
    expect(await modelNames(tidegate)).toContain("second");
    expect((await tidegate.readiness()).warnings.join()).toContain(problem);

    await new Promise((resolve) => taken.close(resolve));
    await tidegate.waitFor("no warning", async () => (await tidegate.readiness()).warnings.length === 0);
    expect((await fetch(`http://127.0.0.1:${port}/health/liveness`)).status).toBe(200);
  });
});
