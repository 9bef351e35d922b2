import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openSharedWords } from "../../../native-bindings/shared-words.ts";

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "tidegate-test-"));
});
afterAll(() => rmSync(directory, { recursive: true }));

it("is seen by all who open the file, and outlives them", () => {
  const path = join(directory, "words");
  const one = openSharedWords(path, 1024);
  const other = openSharedWords(path, 1024);
  Atomics.add(one, 1023, 7);
  expect(Atomics.load(other, 1023)).toBe(7);
  expect([one.length, statSync(path).size, statSync(path).mode & 0o777]).toEqual([1024, 4096, 0o600]);
  expect(Atomics.load(openSharedWords(path, 1024), 1023)).toBe(7);
});

it("counts every addition of several threads", async () => {
  const path = join(directory, "threads");
  const words = openSharedWords(path, 16);
  const source = `
    const { workerData } = require("node:worker_threads");
    const words = new Uint32Array(require(workerData.addon).mapWords(workerData.path, 16));
    for (let i = 0; i < 20000; i++) Atomics.add(words, 3, 1);`;
  const addon = join(import.meta.dirname, "../../../native-bindings/build/Release/tidegate.node");
  const workerData = { addon: process.env.TIDEGATE_ADDON ?? addon, path };
  const threads = [1, 2].map(() => new Worker(source, { eval: true, workerData }));
  await Promise.all(threads.map((thread) => new Promise((resolve) => thread.once("exit", resolve))));
  expect(Atomics.load(words, 3)).toBe(40_000);
});

it("says what is wrong with a file that can't be used", () => {
  expect(() => openSharedWords(join(directory, "nowhere", "words"), 16)).toThrow(/can't open .*nowhere.*No such file/);
  writeFileSync(join(directory, "file"), "");
  expect(() => openSharedWords(join(directory, "file", "words"), 16)).toThrow(/can't open .*Not a directory/);
});
