import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { REPOSITORY } from "../helpers/build.ts";

const run = promisify(execFile);

/** That the bench works; what it measures in a second beside other tests means nothing. */
it("measures nginx and Tidegate, prints a table and writes JSON", async () => {
  const out = mkdtempSync(join(tmpdir(), "tidegate-bench-test-"));
  try {
    const args = [
      "run",
      "--silent",
      "bench",
      "--",
      "--scenario",
      "chat-same-dialect",
      "--seconds",
      "1",
      "--rounds",
      "1",
      "--out",
      out,
    ];
    const { stdout } = await run("npm", args, { cwd: REPOSITORY });
    const peers = ["nginx-plain", "nginx-governed", "tidegate"];
    for (const peer of peers) expect(stdout).toMatch(new RegExp(`^\\| ${peer} .*×`, "m"));
    const result = JSON.parse(readFileSync(join(out, "chat-same-dialect.json"), "utf8"));
    expect(result.machine).toMatchObject({ node: process.version, cores: expect.any(Number) });
    for (const peer of peers) {
      expect(result.peers[peer].median).toMatchObject({ errors: 0, cpuUsPerRequest: { worker: expect.any(Number) } });
      expect(result.peers[peer].median.requests).toBeGreaterThan(0);
    }
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
});
