import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

it("says which packages to install where there is no compiler", () => {
  const script = fileURLToPath(new URL("../../../native-bindings/build.mjs", import.meta.url));
  const { status, stderr } = spawnSync(process.execPath, [script], { env: { PATH: "" }, encoding: "utf8" });
  expect(status).toBe(1);
  expect(stderr).toContain("g++, make, python3 not found");
  expect(stderr).toContain("apt-get install g++ make python3");
});
