import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DIST, ensureBuilt } from "../../helpers/build.ts";

const directory = mkdtempSync(join(tmpdir(), "tidegate-bundle-loader-"));
const main = join(directory, "main.cjs");
const cache = join(directory, "cache");

beforeAll(ensureBuilt);
afterAll(() => rmSync(directory, { recursive: true }));

/** What `main.cjs` exports, in a thread: V8 knows nothing there of what was compiled elsewhere. */
async function load({ record = false } = {}): Promise<unknown> {
  const code = `
    const { parentPort, workerData: { module, cache, main, record } } = require("node:worker_threads");
    import(module).then(({ BundleLoader }) => {
      const loader = new BundleLoader(cache);
      const { value } = loader.load(main);
      parentPort.postMessage(value());
      if (record) loader.record([main]);
    });`;
  const module = pathToFileURL(join(DIST, "src/platform/bundle-loader.js")).href;
  const worker = new Worker(code, { eval: true, workerData: { module, cache, main, record } });
  const [[value]] = await Promise.all([once(worker, "message"), once(worker, "exit")]);
  return value;
}

function write(word: string): void {
  writeFileSync(main, `exports.value = () => "${word}";\n`);
}

function cacheFile(): string {
  const [name = ""] = readdirSync(cache);
  return join(cache, name);
}

describe("the code cache of the bundle", () => {
  it("runs what was compiled before", async () => {
    write("old text");
    await load({ record: true });
    const compiled = readFileSync(cacheFile());
    rmSync(cache, { recursive: true });
    write("new text");
    await load({ record: true });
    // V8 takes compiled code for any text of that length: it is seen to be used.
    writeFileSync(cacheFile(), compiled);
    expect(await load()).toBe("old text");
    rmSync(cache, { recursive: true });
  });

  it("never runs what was compiled of another text, be it as long", async () => {
    write("old text");
    await load({ record: true });
    write("new text");
    expect(await load()).toBe("new text");
  });

  it("compiles anew what was damaged on disk", async () => {
    rmSync(cache, { recursive: true });
    write("old text");
    await load({ record: true });
    const whole = readFileSync(cacheFile());
    for (const place of [40, 200, whole.length - 8]) {
      const damaged = Buffer.from(whole);
      damaged.writeUInt8(damaged.readUInt8(place) ^ 0x10, place);
      writeFileSync(cacheFile(), damaged);
      expect(await load()).toBe("old text");
    }
    writeFileSync(cacheFile(), whole.subarray(0, 60));
    expect(await load()).toBe("old text");
  });

  it("gives files each other and packages", async () => {
    mkdirSync(join(directory, "chunks"));
    writeFileSync(
      join(directory, "chunks/part.cjs"),
      "exports.main = require('../main.cjs');\nexports.file = __filename;\n",
    );
    writeFileSync(
      main,
      `exports.own = 1;
      const part = require("./chunks/part.cjs");
      exports.value = () => [part.main.own, part.file, require("node:path").sep];\n`,
    );
    expect(await load()).toEqual([1, join(directory, "chunks/part.cjs"), "/"]);
  });
});
