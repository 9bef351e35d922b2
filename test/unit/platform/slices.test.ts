import { expect, it } from "vitest";
import { runInSlices, runWhole, type Slices } from "../../../src/platform/slices.ts";

const STEPS = 20;
const STEP_MS = 1;

function* work(onStep: () => void): Slices<string> {
  for (let step = 0; step < STEPS; step++) {
    const endAt = performance.now() + STEP_MS;
    while (performance.now() < endAt);
    onStep();
    yield;
  }
  return "done";
}

it("work in slices lets others have their turn, and work at once does not", async () => {
  let [steps, turns, longest] = [0, 0, 0];
  let stepsAtTurn = 0;
  const turn = () => {
    turns++;
    longest = Math.max(longest, steps - stepsAtTurn);
    stepsAtTurn = steps;
    if (steps < STEPS) setImmediate(turn);
  };
  setImmediate(turn);
  expect(await runInSlices(work(() => steps++))).toBe("done");
  expect(steps).toBe(STEPS);
  expect(turns).toBeGreaterThan(3);
  expect(longest).toBeLessThan(STEPS / 2);

  turns = 0;
  setImmediate(() => turns++);
  expect(runWhole(work(() => {}))).toBe("done");
  expect(turns).toBe(0);
});

it("an error of the work is the caller's", async () => {
  // biome-ignore lint/correctness/useYield: it does not come that far
  function* broken(): Slices<never> {
    throw new Error("broken");
  }
  await expect(runInSlices(broken())).rejects.toThrow("broken");
  expect(() => runWhole(broken())).toThrow("broken");
});
