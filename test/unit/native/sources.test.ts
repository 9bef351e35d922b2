import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

it("compiles every source of the addon", () => {
  const folder = fileURLToPath(new URL("../../../native-bindings/src/", import.meta.url));
  const sources = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".cc"));
  const included = [...readFileSync(`${folder}all.cc`, "utf8").matchAll(/^#include "(.+\.cc)"$/gm)];
  expect(included.map(([, name]) => name).sort()).toEqual(sources.filter((name) => name !== "all.cc").sort());
});
