import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ensureBuilt, REPOSITORY } from "../helpers/build.ts";

const run = promisify(execFile);

/** Those that take a moment, with the peers they compare: wrk, event streams and arithmetic of their own. */
const QUICK = {
  "chat-same-dialect": ["nginx-plain", "nginx-governed", "tidegate"],
  "sse-passthrough": ["nginx-unbuffered", "tidegate"],
  "added-latency": ["direct", "nginx-plain", "tidegate"],
};

const BENCH_LIMIT_MS = 120_000;

/** That the bench works; what it measures in a second beside other tests means nothing. */
describe("the bench", () => {
  const out = mkdtempSync(join(tmpdir(), "tidegate-bench-test-"));
  let report = "";

  beforeAll(async () => {
    const scenarios = Object.keys(QUICK).flatMap((name) => ["--scenario", name]);
    const length = ["--seconds", "1", "--rounds", "1", "--warm-up", "0"];
    await ensureBuilt();
    const tsc = ["node_modules/ts7/bin/tsc", "-p", "tsconfig.bench.json", "--noCheck"];
    await run(process.execPath, tsc, { cwd: REPOSITORY });
    const args = ["dist/bench/main.js", ...scenarios, ...length, "--out", out];
    report = (await run(process.execPath, args, { cwd: REPOSITORY })).stdout;
  }, BENCH_LIMIT_MS);
  afterAll(() => rmSync(out, { recursive: true, force: true }));

  it.each(Object.entries(QUICK))("%s compares its peers, prints a table and writes JSON", (name, peers) => {
    for (const peer of peers) expect(report).toMatch(new RegExp(`^\\| ${peer} +\\|( +[\\d.]+ \\|){2}`, "m"));
    const result = JSON.parse(readFileSync(join(out, `${name}.json`), "utf8"));
    expect(result).toMatchObject({
      scenario: name,
      machine: { node: process.version, cores: expect.any(Number) },
      options: { seconds: 1, rounds: 1 },
    });
    expect(Object.keys(result.parts[0].peers)).toEqual(peers);
    for (const peer of peers) {
      const { medians, rounds } = result.parts[0].peers[peer];
      expect(rounds).toHaveLength(1);
      expect(medians.units).toBeGreaterThan(0);
      expect(medians.cpuUs).toBeGreaterThan(0);
    }
    for (const check of result.checks) {
      // `added-latency` refuses to judge what other tests' load has turned into noise.
      if (check.measured === null) {
        expect(check).toMatchObject({ mustMet: false, failure: expect.any(String) });
        continue;
      }
      const holds = check.bound === "at most" ? check.measured <= check.must : check.measured >= check.must;
      expect(check.mustMet).toBe(holds);
    }
  });

  it("prints every bound with must, goal, measured value and verdict, again with --report", async () => {
    const bound =
      /^\| chat-same-dialect +\| requests per second.* ≥ 0\.95× \|.* ≥ 1\.10× \| +[\d.]+× \| +(goal|must|MISSED) \|$/m;
    expect(report).toMatch(bound);
    const args = ["dist/bench/main.js", "--report", "--out", out];
    const { stdout } = await run(process.execPath, args, { cwd: REPOSITORY });
    expect(stdout).toMatch(bound);
  });

  it("writes the README's table between the marks and leaves the rest", async () => {
    const readme = join(out, "README.md");
    writeFileSync(readme, "before\n<!-- bench:begin -->\nold\n<!-- bench:end -->\nafter\n");
    const args = ["dist/bench/readme-table.js", "--results", out, "--readme", readme];
    await run(process.execPath, args, { cwd: REPOSITORY });
    const written = readFileSync(readme, "utf8");
    expect(written).toMatch(/^before\n<!-- bench:begin -->\n/);
    expect(written).toMatch(/^\| tidegate +\|/m);
    expect(written).toMatch(/\n<!-- bench:end -->\nafter\n$/);
    expect(written).not.toContain("old");
  });
});
