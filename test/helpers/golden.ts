import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";

/**
 * Golden files: test/golden/<dialect>/<case>/ holds inputs and the outputs they must give. With UPDATE_GOLDEN=1 outputs
 * are written instead of compared, to be reviewed by reading the difference.
 */
export const GOLDEN = fileURLToPath(new URL("../golden/", import.meta.url));

const UPDATE = process.env.UPDATE_GOLDEN === "1";

export interface GoldenCase {
  dialect: string;
  name: string;
  has(file: string): boolean;
  path(file: string): string;
}

/** The cases of a dialect, by name; none when it has no folder. */
export function goldenCases(dialect: string): GoldenCase[] {
  const folder = join(GOLDEN, dialect);
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => ({
      dialect,
      name,
      has: (file: string) => existsSync(join(folder, name, file)),
      path: (file: string) => join(folder, name, file),
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Parsed JSON of a file; typed by whoever asks, since golden files are part of the tests. */
export function readJson<T>(path: string): T {
  return JSON.parse(readFileSync(path, "utf8"));
}

export function expectGoldenJson(path: string, actual: unknown): void {
  expectGolden(path, `${JSON.stringify(actual, null, 2)}\n`, (text) => JSON.parse(text));
}

export function expectGoldenText(path: string, actual: string): void {
  expectGolden(path, actual, (text) => text);
}

function expectGolden(path: string, actual: string, read: (text: string) => unknown): void {
  if (UPDATE) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, actual);
    return;
  }
  if (!existsSync(path)) {
    expect.fail(`${path} is missing. Write it by hand, or run with UPDATE_GOLDEN=1 and review what it writes.`);
  }
  expect(read(actual)).toEqual(read(readFileSync(path, "utf8")));
}

/** Every file below a folder of test/golden, as paths. */
export function listGolden(folder: string): string[] {
  const root = join(GOLDEN, folder);
  if (!existsSync(root)) return [];
  return readdirSync(root, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** Fails for outputs that nothing gives any more; removes them when updating. */
export function expectNoLeftovers(folder: string, expected: ReadonlySet<string>): void {
  const leftovers = listGolden(folder).filter((path) => !expected.has(path));
  if (!UPDATE) expect(leftovers).toEqual([]);
  else for (const path of leftovers) rmSync(path);
}
