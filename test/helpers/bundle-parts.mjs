// Writes to `dist/test` what tests' own processes load of Tidegate: parts that no entry of the product's bundle gives, each
// as one file. Node takes three times as long to load their modules one by one, and sanitizers make that slow. Writes
// nothing when they are newer than what was built.
import { statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const DIST = fileURLToPath(new URL("../../dist", import.meta.url));
const PARTS = ["gateway", "call-log"];

const changedAtMs = (path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;

for (const name of PARTS) {
  const file = join(DIST, `test/${name}.cjs`);
  const source = fileURLToPath(new URL(`parts/${name}.ts`, import.meta.url));
  if (changedAtMs(file) > Math.max(changedAtMs(join(DIST, ".built")), changedAtMs(source))) continue;
  const { bundle } = await import("../../bundling.mjs");
  await bundle(source, { file });
}
