import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

/** What binding.gyp names. */
const UNITS = ["core.cc", "bindings.cc"];

it("compiles every source of the addon", () => {
  const folder = fileURLToPath(new URL("../../../native-bindings/src/", import.meta.url));
  const sources = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".cc"));
  const included = UNITS.flatMap((unit) => {
    return [...readFileSync(folder + unit, "utf8").matchAll(/^#include "(.+\.cc)"$/gm)].map(([, name]) => name);
  });
  expect(included.sort()).toEqual(sources.filter((name) => !UNITS.includes(name)).sort());
});
