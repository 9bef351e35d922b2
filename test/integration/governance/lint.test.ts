import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createLinter, type Linter, lintOpenapi } from "../../../src/governance/linting/lint-openapi.ts";
import { ensureBuilt } from "../../helpers/build.ts";
import { runCli } from "../../helpers/cli.ts";
import { readFixture } from "../../unit/governance/fixtures.ts";

const TASKS = new URL("../../../dist/bundle/workers/tasks/", import.meta.url);
const TIDY = readFixture("orders-v1.yaml");
/** More than ten times what a document takes once the thread has loaded what it needs. */
const DEADLINE_MS = 1_000;

let directory: string;

beforeAll(async () => {
  await ensureBuilt();
  directory = mkdtempSync(join(tmpdir(), "tidegate-lint-"));
  for (const name of ["orders-v1.yaml", "orders-v2.yaml", "untidy.yaml"]) {
    writeFileSync(join(directory, name), readFixture(name));
  }
});

afterAll(() => rmSync(directory, { recursive: true, force: true }));

function lint(...args: string[]) {
  return runCli(["lint", ...args], { PATH: process.env.PATH }, directory);
}

function write(name: string, text: string): string {
  writeFileSync(join(directory, name), text);
  return name;
}

describe("the thread that lints", () => {
  let linter: Linter;
  beforeAll(() => {
    linter = createLinter({ tasksDirectory: TASKS });
  });
  afterAll(() => linter.close());

  it("gives what it found, and says what is wrong with a ruleset", async () => {
    expect((await linter.lintOpenapi(TIDY)).findings).toEqual([]);
    const { summary } = await linter.lintOpenapi(readFixture("untidy.yaml"), {
      ruleset: { extends: "tidegate:default", rules: { "info-version-semver": "off" } },
    });
    expect(summary).toEqual({ error: 5, warn: 16, info: 5, hint: 0 });
    await expect(linter.lintOpenapi(TIDY, { ruleset: "extends: http://127.0.0.1/x" })).rejects.toMatchObject({
      code: "ruleset_invalid",
      problems: [{ path: "extends", line: 1 }],
    });
    await expect(linter.lintOpenapi(" ".repeat(9_000_000))).rejects.toMatchObject({ code: "document_too_large" });
  });

  it("is ended when a ruleset's regular expression backtracks without end; those that wait are linted", async () => {
    const ruleset = `
rules:
  evil:
    given: $.info
    then: { field: title, function: pattern, functionOptions: { match: "^(a+)+$" } }
`;
    const text = TIDY.replace("title: Orders", `title: ${"a".repeat(60)}!`);
    const evil = linter.lintOpenapi(text, { ruleset, deadlineMs: DEADLINE_MS });
    evil.catch(() => {});
    const next = linter.lintOpenapi(TIDY);
    const others = Array.from({ length: 32 }, () => linter.lintOpenapi(TIDY));
    const turnedAway = (await Promise.allSettled(others)).flatMap((other) => {
      return other.status === "rejected" ? [other.reason.code] : [];
    });
    await expect(evil).rejects.toMatchObject({ code: "lint_deadline_exceeded" });
    expect((await next).findings).toEqual([]);
    expect(turnedAway).toEqual(["lint_busy", "lint_busy"]);
  });

  it("is ended when a document's own pattern does the same, or a filter of a JSONPath", async () => {
    const pattern = TIDY.replace('"^[A-Z]{3}-[0-9]{4}$" }', `"^(a+)+$", example: "${"a".repeat(60)}!" }`);
    const filter = TIDY.replace("title: Orders", `title: ${"a".repeat(60)}!`);
    await expect(linter.lintOpenapi(pattern, { deadlineMs: DEADLINE_MS })).rejects.toMatchObject({
      code: "lint_deadline_exceeded",
    });
    // In a thread that is there.
    await linter.lintOpenapi(TIDY);
    await expect(
      linter.lintOpenapi(filter, {
        ruleset: { rules: { evil: { given: "$.info[?(@.match(/^(a+)+$/))]", [`th${"en"}`]: { function: "falsy" } } } },
        deadlineMs: DEADLINE_MS,
      }),
    ).rejects.toMatchObject({ code: "lint_deadline_exceeded" });
  });

  it("survives a document that unfolds without bound", async () => {
    const levels = Array.from({ length: 12 }, (_, level) => {
      const entry = level === 0 ? "{ x: y }" : `*a${level - 1}`;
      return `x-a${level}: &a${level} { ${Array.from({ length: 12 }, (_, index) => `k${index}: ${entry}`).join(", ")} }`;
    });
    const bomb = `${TIDY}\n${levels.join("\n")}\n`;
    await expect(linter.lintOpenapi(bomb, { deadlineMs: 2 * DEADLINE_MS })).rejects.toMatchObject({
      code: expect.stringMatching(/^lint_(deadline|memory)_exceeded$/),
    });
    expect((await lintOpenapi(TIDY, { tasksDirectory: TASKS })).findings).toEqual([]);
  });
});

describe("tidegate lint", () => {
  it("lists findings as file, line and column, and fails on errors", async () => {
    const { code, stdout, stderr } = await lint("untidy.yaml");
    expect(code).toBe(1);
    expect(stderr).toBe("");
    expect(stdout).toMatch(/^untidy\.yaml:4:12 error info-version-semver Version "2024" is not semantic/m);
    expect(stdout).toMatch(/\nuntidy\.yaml is blocked: 6 error, 16 warn, 5 info\n$/);
  });

  it("passes what is in order", async () => {
    const { code, stdout } = await lint("orders-v1.yaml");
    expect([code, stdout]).toEqual([0, "orders-v1.yaml passes: nothing found\n"]);
  });

  it("fails on warnings when asked to", async () => {
    const file = write("warned.yaml", TIDY.replace("/v1", ""));
    expect((await lint(file)).code).toBe(0);
    const { code, stdout } = await lint(file, "--fail-on", "warn");
    expect(code).toBe(1);
    expect(stdout).toContain("warn major-version-in-url");
  });

  it("tells what breaks clients, and lets a new major version pass", async () => {
    const passed = await lint("orders-v2.yaml", "--against", "orders-v1.yaml");
    expect(passed.code).toBe(0);
    expect(passed.stdout).toMatch(
      /^\nbreaking parameter-bound-narrowed GET \/orders: maximum changed from 100 to 50 \(paths/m,
    );
    expect(passed.stdout).toMatch(
      /passes: 13 breaking of 21 changes since orders-v1\.yaml, as the new major version says/,
    );
    const minor = write("minor.yaml", readFixture("orders-v2.yaml").replace("version: 2.0.0", "version: 1.5.0"));
    const blocked = await lint(minor, "--against", "orders-v1.yaml", "--json");
    expect(blocked.code).toBe(1);
    const { ok, findings, changes, breakingChangesAnnounced } = JSON.parse(blocked.stdout);
    expect({ ok, findings, breakingChangesAnnounced }).toEqual({
      ok: false,
      findings: [],
      breakingChangesAnnounced: false,
    });
    expect(changes).toHaveLength(21);
    expect(changes[0]).toMatchObject({ kind: "parameter-bound-narrowed", isBreaking: true, operation: "GET /orders" });
  });

  it("takes a ruleset of one's own", async () => {
    const rules = write(
      "rules.yaml",
      "extends: tidegate:default\nrules:\n  info-version-semver: off\n  server-https: hint\n",
    );
    const { stdout } = await lint("untidy.yaml", "--ruleset", rules);
    expect(stdout).toContain("hint server-https");
    expect(stdout).not.toContain("info-version-semver");
  });

  it("names what is wrong with a ruleset, with its place", async () => {
    const rules = write("bad.yaml", "extends: ./other.yaml\nrules:\n  a: loud\n");
    const { code, stderr } = await lint("orders-v1.yaml", "--ruleset", rules);
    expect(code).toBe(78);
    expect(stderr).toContain("bad.yaml:1:1 extends: may only be tidegate:default or spectral:oas");
    expect(stderr).toContain("bad.yaml:3:3 rules.a: must be error, warn, info, hint or off");
  });

  it("fails on a document that can't be read, with its place", async () => {
    const file = write("broken.yaml", "openapi: 3.1.0\ninfo: [\n");
    const { code, stdout } = await lint(file, "--against", "orders-v1.yaml");
    expect(code).toBe(1);
    expect(stdout).toMatch(/^broken\.yaml:\d+:\d+ error document-syntax /m);
    const against = await lint("orders-v1.yaml", "--against", file);
    expect(against.code).toBe(1);
    expect(against.stderr).toMatch(/the document that --against names is neither YAML nor JSON: line \d/);
  });

  it.each([
    [["nowhere.yaml"], /can't read nowhere\.yaml: ENOENT/],
    [["."], /can't read \.: it is a directory/],
    [["orders-v1.yaml", "--fail-on", "hint"], /Allowed choices are error, warn/],
    [[], /missing required argument 'file'/],
  ])("explains what is wrong with %j", async (args, message) => {
    const { code, stderr } = await lint(...args);
    expect(code).toBe(64);
    expect(stderr).toMatch(message);
  });
});
