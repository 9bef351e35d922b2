import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { CallRecord } from "../../../src/contracts/call-record.ts";
import { CLI } from "../../helpers/build.ts";
import { runCli } from "../../helpers/cli.ts";
import { TidegateProcess } from "../../helpers/tidegate-process.ts";

let tidegate: TidegateProcess;
let directory: string;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "tidegate-cli-"));
  tidegate = await TidegateProcess.start({ workers: 2 });
});

afterAll(async () => {
  await tidegate.stop();
  rmSync(directory, { recursive: true, force: true });
});

function recordsIn(stdout: string): CallRecord[] {
  return stdout
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line));
}

describe("tidegate", () => {
  it("shows commands, environment and exit codes in its help", async () => {
    const { code, stdout } = await tidegate.run("--help");
    expect(code).toBe(0);
    const commands = ["start", "check", "explain", "import", "lint", "logs", "doctor"];
    for (const word of [...commands, "TIDEGATE_HOME", "SIGHUP", "Exit codes"]) {
      expect(stdout).toContain(word);
    }
  });

  it("prints its version", async () => {
    expect((await tidegate.run("--version")).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it.each([
    [["start", "--wrokers", "2"], /unknown option '--wrokers'[\s\S]*--workers/],
    [["strat"], /unknown command 'strat'[\s\S]*start/],
    [["start", "--workers", "none"], /--workers <n>[\s\S]*whole number from 1 to 256/],
    [["logs", "--status", "bad"], /status such as 429, 5xx or 400-499/],
    [["logs", "--since", "yesterday"], /duration such as 90s/],
    [["check"], /missing required argument 'file'/],
  ])("explains what is wrong with %j", async (args, message) => {
    const { code, stderr } = await tidegate.run(...args);
    expect(code).toBe(64);
    expect(stderr).toMatch(message);
  });
});

describe("tidegate explain", () => {
  const KEY = "tg_key_that_nobody_may_see";
  const file = () => join(directory, "explained.yaml");
  const explain = (...args: string[]) => runCli(["explain", ...args], tidegate.environment, directory);

  beforeAll(() => {
    writeFileSync(
      file(),
      `version: 1
services:
  - id: billing
    routes: [{ path: /billing, methods: [GET], strip_prefix: true }]
    upstream: { targets: [{ url: "http://10.0.0.1:9001" }] }
applications: [{ id: web, keys: ["${KEY}"], subscriptions: [billing], limits: [{ requests: 7, window: 1m }] }]
`,
    );
    writeFileSync(join(directory, "web.key"), `${KEY}\n`);
  });

  it("goes by a configuration file", async () => {
    const { code, stdout } = await explain("get", "http://x/billing/a?secret=1", "-c", file(), "--key-file", "web.key");
    expect(code).toBe(0);
    expect(stdout).toMatch(/verdict +forwarded to the target/);
    expect(stdout).toMatch(/application +web of team default, known by x-api-key/);
    expect(stdout).toMatch(/limits +of the application: 7 requests in 60 s/);
    expect(stdout).toMatch(/upstream +round-robin \/a\n +http:\/\/10\.0\.0\.1:9001\n/);
    expect(stdout).not.toMatch(new RegExp(`${KEY}|secret`));
  });

  it("says what a call would be refused with, for people and for programs", async () => {
    const args = ["POST", "/billing", "-c", file(), "--header", `Authorization: Bearer ${KEY}`];
    const { code, stdout } = await explain(...args);
    expect(code).toBe(1);
    expect(stdout).toMatch(/verdict +refused: 405 method_not_allowed\n +POST is not allowed here: use GET/);
    expect(stdout).toMatch(/nearly +GET any host \/billing \(prefix\) of billing: for other methods/);
    const json = await explain(...args, "--json");
    expect(JSON.parse(json.stdout).explanation).toMatchObject({ verdict: "refused", error: { status: 405 } });
    expect(stdout + json.stdout).not.toContain(KEY);
  });

  it("goes by what the data directory serves, when no file is named", async () => {
    const args = ["explain", "POST", "/v1/chat/completions", "--model", "simulated/echo", "--key", tidegate.key];
    const { code, stdout } = await tidegate.run(...args);
    expect(code).toBe(0);
    expect(stdout).toContain(`by the snapshot in ${tidegate.home}`);
    expect(stdout).toMatch(/application +quickstart/);
    expect(stdout).toMatch(/upstream +direct, the provider's own model\n +simulated\/echo\n/);
  });

  it("reads the body from a file, for what depends on it", async () => {
    const body = { model: "simulated/echo", messages: [{ role: "user", content: "hi" }], fallbacks: ["nowhere/x"] };
    writeFileSync(join(directory, "call.json"), JSON.stringify(body));
    const args = ["explain", "POST", "/v1/chat/completions", "--body-file", join(directory, "call.json")];
    const { code, stdout } = await tidegate.run(...args, "--key", tidegate.key);
    expect(code).toBe(1);
    expect(stdout).toMatch(/refused: 404 model_not_found\n +`fallbacks\[0\]`: model `nowhere\/x` is not known/);
  });

  it.each([
    [["GET", "billing"], /expected an http:\/\/ or https:\/\/ URL, or a path/],
    [["GET", "/", "--header", KEY], /--header: expected `Name: value`/],
    [["GET", "/", "--key", KEY, "--key-file", "web.key"], /--key or --key-file, not both/],
    [["GET", "/", "--key-file", "nowhere.key"], /can't read the key: ENOENT/],
    [["GET", "/", "--body-file", "nowhere.json"], /can't read the body: ENOENT/],
  ])("explains what is wrong with its command line %#", async (args, message) => {
    const { code, stderr } = await explain(...args);
    expect(code).toBe(64);
    expect(stderr).toMatch(message);
    expect(stderr).not.toContain(KEY);
  });
});

describe("tidegate check", () => {
  it("summarizes a good file", async () => {
    const file = join(directory, "good.yaml");
    writeFileSync(file, "version: 1\nproviders: [{ id: simulated, kind: simulated }]\n");
    const { code, stdout } = await runCli(["check", file], tidegate.environment, directory);
    expect(code).toBe(0);
    expect(stdout).toContain("good.yaml is good");
    expect(stdout).toMatch(/providers\s+simulated/);
  });

  it("lists everything that is wrong, for people and for programs", async () => {
    const file = join(directory, "bad.yaml");
    writeFileSync(file, "version: 1\nlisteners: 7\nnonsense: true\n");
    const { code, stderr } = await runCli(["check", file], tidegate.environment, directory);
    expect(code).toBe(78);
    expect(stderr).toContain("bad.yaml:2:");
    expect(stderr).toContain("bad.yaml:3:");
    const json = await runCli(["check", "--json", file], tidegate.environment, directory);
    expect(json.code).toBe(78);
    expect(JSON.parse(json.stdout)).toMatchObject({ ok: false, problems: [{ line: 2 }, { line: 3 }] });
  });
});

describe("tidegate logs", () => {
  it("shows calls as a table and as JSON lines, and filters them", async () => {
    expect((await tidegate.chat()).status).toBe(200);
    expect((await tidegate.chat({}, "wrong-key")).status).toBe(401);
    await tidegate.waitFor("both records", async () => {
      return recordsIn((await tidegate.run("logs", "--json")).stdout).length === 2;
    });
    const table = await tidegate.run("logs");
    expect(table.code).toBe(0);
    expect(table.stdout).toMatch(/^TIME +STATUS +METHOD +PATH/);
    expect(table.stdout).toMatch(/200 +POST +\/v1\/chat\/completions +quickstart +ai +simulated\/echo/);
    expect(table.stdout).toMatch(/401 +POST .*invalid_credentials/);

    const failed = recordsIn((await tidegate.run("logs", "--json", "--status", "4xx")).stdout);
    expect(failed.map(({ status }) => status)).toEqual([401]);
    const ours = recordsIn((await tidegate.run("logs", "--json", "--application", "quickstart")).stdout);
    expect(ours.map(({ status }) => status)).toEqual([200]);
    expect(recordsIn((await tidegate.run("logs", "--json", "--limit", "1")).stdout)).toHaveLength(1);
    expect(recordsIn((await tidegate.run("logs", "--json", "--since", "1h")).stdout)).toHaveLength(2);
  });

  it("follows", async () => {
    const child = spawn(
      process.execPath,
      [CLI, "logs", "--follow", "--json", "--limit", "0", "--model", "followed/model"],
      {
        env: tidegate.environment,
        stdio: ["ignore", "pipe", "inherit"],
      },
    );
    try {
      const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
      const first = lines.next();
      let seen = false;
      void first.then(() => {
        seen = true;
      });
      // When the reader is up can't be seen from outside, so calls are made until one is shown.
      await tidegate.waitFor("a line", async () => {
        if (!seen) await tidegate.chat({ model: "followed/model" });
        return seen;
      });
      expect(JSON.parse((await first).value)).toMatchObject({ modelAsked: "followed/model", status: 404 });
    } finally {
      child.kill("SIGINT");
    }
  });

  it("says so when there are none", async () => {
    const env = { ...tidegate.environment, TIDEGATE_HOME: join(directory, "empty") };
    const { code, stderr } = await runCli(["logs"], env, directory);
    expect(code).toBe(0);
    expect(stderr).toContain("no calls found");
  });
});

describe("tidegate doctor", () => {
  it("finds the running gateway's own ports in order", async () => {
    const { stdout } = await tidegate.run("doctor");
    expect(stdout).toMatch(/ok +gateway port +\S+ is served by this installation/);
    expect(stdout).toMatch(/ok +admin port +\S+ is served by this installation/);
    expect(stdout).toMatch(/ok +uWebSockets\.js/);
    expect(stdout).toMatch(/open files +soft \d+, hard \d+/);
    expect(stdout).toContain("net.core.somaxconn");
  });

  it("fails with a remedy when someone else holds a port", async () => {
    const env = { ...tidegate.environment, TIDEGATE_HOME: join(directory, "other") };
    const { code, stdout } = await runCli(["doctor", "--json"], env, directory);
    expect(code).toBe(1);
    const { ok, findings } = JSON.parse(stdout);
    expect(ok).toBe(false);
    const port = findings.find(({ name }: { name: string }) => name === "gateway port");
    expect(port).toMatchObject({ level: "fail", remedy: expect.stringContaining("choose another port") });
    expect(port.detail).toContain("gateway-worker");
  });
});
