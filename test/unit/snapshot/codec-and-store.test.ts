import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { pack } from "msgpackr";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Snapshot } from "../../../src/contracts/snapshot.ts";
import { decodeSnapshot, encodeSnapshot, SNAPSHOT_FORMAT, SnapshotFormatError } from "../../../src/snapshot/codec.ts";
import { loadConfiguration } from "../../../src/snapshot/load.ts";
import { createSnapshotStore } from "../../../src/snapshot/store.ts";

let home: string;
let snapshot: Snapshot;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "tidegate-store-"));
  const file = join(home, "tidegate.yaml");
  await writeFile(
    file,
    `version: 1
providers: [{ id: sim, kind: simulated }, { id: openai, kind: openai, keys: [{ value: sk-test }] }]
services:
  - id: billing
    routes: [{ path: /billing }]
    upstream: { targets: [{ url: "http://127.0.0.1:9001" }] }
    request_headers: { set: { x-a: b } }
  - { id: shop, routes: [{ path: /shop }], upstream: { targets: [{ url: "http://127.0.0.1:9001" }] } }
applications:
  - id: web
    keys: [a-key-of-the-web-application]
    limits: [{ cost_usd: 0.1, window: 30d }]
    subscriptions:
      - { service: billing, limits: [{ requests: 5, window: 1m }] }
      - { service: shop, limits: [{ requests: 5, window: 1m }] }
      - { service: ai, expires_at: 2030-01-01, limits: [{ requests: 6, window: 1m }] }
`,
  );
  const result = await loadConfiguration({ configPath: file, home, env: {}, version: 7 });
  if (!result.ok) throw new Error("the configuration of the test is wrong");
  snapshot = result.snapshot;
});

afterEach(() => rm(home, { recursive: true }));

describe("the snapshot codec", () => {
  test("decodes what it encoded", () => {
    expect(decodeSnapshot(encodeSnapshot(snapshot))).toEqual(snapshot);
  });

  test("keeps equal lists of limits once, however many subscriptions have them", () => {
    const [web] = decodeSnapshot(encodeSnapshot(snapshot)).applications;
    const [first, second, third] = web?.subscriptions ?? [];
    expect(second?.limits).toBe(first?.limits);
    expect(third?.limits).not.toEqual(first?.limits);
  });

  test("refuses a snapshot cut anywhere", () => {
    const bytes = encodeSnapshot(snapshot);
    for (let length = 0; length < bytes.length; length++) {
      expect(() => decodeSnapshot(bytes.subarray(0, length))).toThrow(SnapshotFormatError);
    }
  });

  test("refuses a changed byte", () => {
    const bytes = encodeSnapshot(snapshot);
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (index, flip) => {
        const damaged = Buffer.from(bytes);
        damaged[index] = (damaged[index] ?? 0) ^ flip;
        expect(() => decodeSnapshot(damaged)).toThrow(SnapshotFormatError);
      }),
      { numRuns: 500 },
    );
  });

  test("refuses foreign files and other formats, and says which", () => {
    expect(() => decodeSnapshot(Buffer.from("#!/bin/sh\necho hello\n"))).toThrow(SnapshotFormatError);
    expect(() => decodeSnapshot(pack({ hello: "world" }))).toThrow("not a snapshot");
    const other = { ...snapshot, format: SNAPSHOT_FORMAT - 1 } as unknown as Snapshot;
    expect(() => decodeSnapshot(encodeSnapshot(other))).toThrow(
      `snapshot format ${SNAPSHOT_FORMAT - 1} is not supported`,
    );
  });
});

describe("the snapshot store", () => {
  test("has nothing in a new folder, and makes the folder", async () => {
    const store = createSnapshotStore(join(home, "new", "folder"));
    expect(await store.read()).toBeNull();
    await store.write(snapshot);
    expect(await store.read()).toEqual(snapshot);
  });

  test("the file is readable by its owner only, and nothing else is left behind", async () => {
    const store = createSnapshotStore(join(home, "data"));
    await store.write(snapshot);
    await store.write({ ...snapshot, version: 8 });
    expect((await store.read())?.version).toBe(8);
    expect(await readdir(join(home, "data"))).toEqual(["snapshot.bin"]);
    expect((await stat(join(home, "data", "snapshot.bin"))).mode & 0o777).toBe(0o600);
  });

  test("a damaged file is an error of its own kind", async () => {
    const store = createSnapshotStore(home);
    await store.write(snapshot);
    const bytes = await readFile(join(home, "snapshot.bin"));
    await writeFile(join(home, "snapshot.bin"), bytes.subarray(0, bytes.length / 2));
    await expect(store.read()).rejects.toThrow(SnapshotFormatError);
  });

  test("versions count up over restarts, damaged snapshots and lost counters", async () => {
    expect(await createSnapshotStore(home).nextVersion()).toBe(1);
    expect(await createSnapshotStore(home).nextVersion()).toBe(2);
    await createSnapshotStore(home).write({ ...snapshot, version: 41 });
    expect(await createSnapshotStore(home).nextVersion()).toBe(42);
    await writeFile(join(home, "snapshot.bin"), "garbage");
    expect(await createSnapshotStore(home).nextVersion()).toBe(43);
    await createSnapshotStore(home).write({ ...snapshot, version: 50 });
    await writeFile(join(home, "snapshot.version"), "garbage");
    expect(await createSnapshotStore(home).nextVersion()).toBe(51);
  });
});
