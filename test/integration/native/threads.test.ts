import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { beforeAll, describe, expect, it } from "vitest";
import { ensurePartsBuilt } from "../../helpers/build.ts";

/** In a process of its own: an addon that does not bear its environment's end takes the process with it. */
const SCRIPT = fileURLToPath(new URL("threads-process.mjs", import.meta.url));

beforeAll(ensurePartsBuilt);

describe("engines on the main thread and on worker threads at once", () => {
  it("serve, and end with their thread, whatever is open and however it ends", async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [SCRIPT], { timeout: 50_000 });
    expect(JSON.parse(stdout)).toEqual({
      together: [100, 100, 100, 100, 100],
      // `terminate`, `exit` in a callback, an error thrown in one, the engine destroyed in one.
      whileOneEnds: [[100, 100, 100, 100], [100, 100, 100], [100, 100], [100]],
      afterwards: 100,
    });
  });
});
