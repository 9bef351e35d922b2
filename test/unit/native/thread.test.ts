import { release } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { expect, it } from "vitest";

it("has the kernel, if it is able to, prefer other threads that wake up to this one", async () => {
  const addon = join(import.meta.dirname, "../../../native-bindings/build/Release/tidegate.node");
  const source = `
    const { parentPort, workerData } = require("node:worker_threads");
    const { yieldToWakingThreads } = require(workerData);
    parentPort.postMessage([yieldToWakingThreads(), yieldToWakingThreads()]);`;
  const thread = new Worker(source, { eval: true, workerData: process.env.TIDEGATE_ADDON ?? addon });
  const answer = await new Promise((resolve) => thread.once("message", resolve));
  await new Promise((resolve) => thread.once("exit", resolve));
  const [major = 0, minor = 0] = release().split(".").map(Number);
  const isAble = major > 6 || (major === 6 && minor >= 12);
  expect(answer).toEqual([isAble, isAble]);
});
