import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { beforeAll, describe, expect, it } from "vitest";
import { ensurePartsBuilt } from "../../helpers/build.ts";

/** In a process of its own, whose loop nothing else uses. */
const SCRIPT = fileURLToPath(new URL("event-loop-process.mjs", import.meta.url));
const OTHERS = ["timer", "immediate", "threadPool", "socket", "message"];

beforeAll(ensurePartsBuilt);

describe("the event loop of a gateway", () => {
  it("is left alone by calls that need no JavaScript, and serves everything else all the same", async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [SCRIPT], { timeout: 50_000 });
    const { calls, alone, besideAnother, aloneAgain, ...rest } = JSON.parse(stdout);
    expect(rest).toEqual({ served: OTHERS, servedBesideAnother: OTHERS });
    // A round of the loop costs more than a call: there are those of timers.
    expect(alone).toBeLessThan(calls / 5);
    expect(aloneAgain).toBeLessThan(calls / 5);
    // Two engines on one loop can't both wait: libuv does. There is one in each process of the gateway.
    expect(besideAnother).toBeGreaterThan(calls);
  });
});
