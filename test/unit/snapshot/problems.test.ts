import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { CATALOGUE } from "../../../src/providers/catalogue.ts";
import { formatProblems } from "../../../src/snapshot/problems/problem.ts";
import { parseConfiguration } from "../../../src/snapshot/sources/file.ts";

/**
 * Each file of `problems/` is a configuration, a line of dashes, and what the user is told about it.
 * `UPDATE_GOLDEN=1` writes the second half anew.
 */
const DIRECTORY = join(import.meta.dirname, "problems");
const SEPARATOR = "----------\n";
const ENVIRONMENT = { PROVIDER_KEY: "canary-secret-of-the-provider", ACCESS: "canary-secret-access", DRAIN: "soon" };

const cases = readdirSync(DIRECTORY).filter((name) => name.endsWith(".txt"));

function problemsOf(input: string): string {
  const { configuration, problems } = parseConfiguration(
    join(DIRECTORY, "tidegate.yaml"),
    input,
    ENVIRONMENT,
    CATALOGUE,
  );
  expect(configuration).toBeNull();
  return `${formatProblems(problems).replaceAll(`${DIRECTORY}/`, "").replaceAll(DIRECTORY, "<folder>")}\n`;
}

describe("problems of a configuration file", () => {
  test.each(cases)("%s", (name) => {
    const file = join(DIRECTORY, name);
    const [input = "", expected = ""] = readFileSync(file, "utf8").split(SEPARATOR);
    const actual = problemsOf(input);
    if (process.env.UPDATE_GOLDEN === "1") writeFileSync(file, input + SEPARATOR + actual);
    else expect(actual).toBe(expected);
    // Secrets in these files begin so; the key of a service does not go on.
    expect(actual).not.toContain("canary-");
  });
});
