import { randomBytes } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { pack } from "msgpackr";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { PackedSnapshot } from "../../../src/contracts/packed-snapshot.ts";
import type { ApplicationSnapshot, Snapshot } from "../../../src/contracts/snapshot.ts";
import { Sealer } from "../../../src/platform/seal.ts";
import { decodeSnapshot, encodeSnapshot, SNAPSHOT_FORMAT, SnapshotFormatError } from "../../../src/snapshot/codec.ts";
import { loadConfiguration } from "../../../src/snapshot/load.ts";
import { packSnapshot, SnapshotPacker } from "../../../src/snapshot/packed/packer.ts";
import { unpackSnapshot } from "../../../src/snapshot/packed/unpack.ts";
import { createSnapshotStore } from "../../../src/snapshot/store.ts";
import { runs } from "../../helpers/property-runs.ts";

const KEYS = [randomBytes(32), randomBytes(32)] as const;
const sealer = () => new Sealer([KEYS[0]]);

let home: string;
let plain: Snapshot;
let snapshot: PackedSnapshot;

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
  plain = result.snapshot;
  snapshot = packSnapshot(plain);
});

const web = (): ApplicationSnapshot => plain.applications[0] as ApplicationSnapshot;
const ofVersion = (version: number): PackedSnapshot => ({ ...snapshot, head: { ...snapshot.head, version } });

afterEach(() => rm(home, { recursive: true }));

describe("the snapshot codec", () => {
  test("decodes what it encoded", () => {
    const decoded = decodeSnapshot(encodeSnapshot(snapshot));
    expect(decoded).toEqual(snapshot);
    expect(unpackSnapshot(decoded)).toEqual({ ...plain, hash: snapshot.head.hash });
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
      { numRuns: runs(500) },
    );
  });

  test("refuses foreign files and other formats, and says which", () => {
    expect(() => decodeSnapshot(Buffer.from("#!/bin/sh\necho hello\n"))).toThrow(SnapshotFormatError);
    expect(() => decodeSnapshot(pack({ hello: "world" }))).toThrow("not a snapshot");
    const head = { ...snapshot.head, format: SNAPSHOT_FORMAT - 1 };
    const other = { ...snapshot, head } as unknown as PackedSnapshot;
    expect(() => decodeSnapshot(encodeSnapshot(other))).toThrow(
      `snapshot format ${SNAPSHOT_FORMAT - 1} is not supported`,
    );
  });
});

describe("the snapshot store", () => {
  test("has nothing in a new folder, and makes the folder", async () => {
    const store = createSnapshotStore(join(home, "new", "folder"), sealer);
    expect(await store.read()).toBeNull();
    await store.write(snapshot);
    expect(await store.read()).toEqual(snapshot);
  });

  test("the file is readable by its owner only, and nothing else is left behind", async () => {
    const store = createSnapshotStore(join(home, "data"), sealer);
    await store.write(snapshot);
    await store.write(ofVersion(8));
    expect((await store.read())?.head.version).toBe(8);
    expect(await readdir(join(home, "data"))).toEqual(["snapshot.bin"]);
    expect((await stat(join(home, "data", "snapshot.bin"))).mode & 0o777).toBe(0o600);
  });

  test("a damaged file is an error of its own kind", async () => {
    const store = createSnapshotStore(home, sealer);
    await store.write(snapshot);
    const bytes = await readFile(join(home, "snapshot.bin"));
    await writeFile(join(home, "snapshot.bin"), bytes.subarray(0, bytes.length / 2));
    await expect(store.read()).rejects.toThrow(SnapshotFormatError);
  });

  test("puts changes behind the whole, and reads them all", async () => {
    const store = createSnapshotStore(home, sealer);
    const packer = new SnapshotPacker();
    const many = Array.from({ length: 200 }, (_, index) => ({ ...web(), id: `app-${index}`, credentials: [] }));
    await store.write(packer.pack({ ...plain, applications: many }));
    const wholeBytes = (await stat(join(home, "snapshot.bin"))).size;
    const changed = packer.change(
      new Map([
        ["app-7", { ...web(), id: "app-7" }],
        ["app-8", null],
      ]),
      8,
      0,
    );
    await store.write(changed);
    const added = (await stat(join(home, "snapshot.bin"))).size - wholeBytes;
    expect(added).toBeGreaterThan(0);
    expect(added).toBeLessThan(wholeBytes / 4);
    expect(await createSnapshotStore(home, sealer).read()).toEqual(changed);
    // The power may go before all of it is there: what was served before is there.
    const bytes = await readFile(join(home, "snapshot.bin"));
    await writeFile(join(home, "snapshot.bin"), bytes.subarray(0, wholeBytes + added / 2));
    expect((await createSnapshotStore(home, sealer).read())?.head.version).toBe(7);
    // And it is not built upon.
    await store.write(packer.change(new Map([["app-9", null]]), 9, 0));
    expect((await createSnapshotStore(home, sealer).read())?.head.version).toBe(9);
  });

  test("bug: the keys of providers and the header values of services lay in the file as they are", async () => {
    const store = createSnapshotStore(home, sealer);
    await store.write(snapshot);
    await store.write(ofVersion(8));
    const bytes = (await readFile(join(home, "snapshot.bin"))).toString("latin1");
    for (const text of ["sk-test", "billing", "providers"]) expect(bytes).not.toContain(text);
    expect((await createSnapshotStore(home, sealer).read())?.head.version).toBe(8);
    const other = createSnapshotStore(home, () => new Sealer([KEYS[1]]));
    await expect(other.read()).rejects.toThrow(SnapshotFormatError);
    await expect(other.read()).rejects.toThrow("the master key");
  });

  test("knows whether the file is sealed with the key that seals now", async () => {
    const isSealed = async (keys: readonly Buffer[]) => {
      const store = createSnapshotStore(home, () => new Sealer(keys));
      expect(await store.read()).toEqual(snapshot);
      return store.isSealed;
    };
    // As earlier versions wrote it.
    await writeFile(join(home, "snapshot.bin"), encodeSnapshot(snapshot));
    expect(await isSealed([KEYS[0]])).toBe(false);
    await createSnapshotStore(home, sealer).write(snapshot);
    expect(await isSealed([KEYS[0]])).toBe(true);
    expect(await isSealed([KEYS[1], KEYS[0]])).toBe(false);
  });

  test("writes the whole again before changes outgrow it", async () => {
    const store = createSnapshotStore(home, sealer);
    await store.write(snapshot);
    const { size } = await stat(join(home, "snapshot.bin"));
    for (let version = 8; version < 40; version++) {
      await store.write(ofVersion(version));
      expect((await stat(join(home, "snapshot.bin"))).size).toBeLessThan(1.6 * size);
    }
    expect((await store.read())?.head.version).toBe(39);
  });

  test("versions count up over restarts, damaged snapshots and lost counters", async () => {
    expect(await createSnapshotStore(home, sealer).nextVersion()).toBe(1);
    expect(await createSnapshotStore(home, sealer).nextVersion()).toBe(2);
    await createSnapshotStore(home, sealer).write(ofVersion(41));
    expect(await createSnapshotStore(home, sealer).nextVersion()).toBe(42);
    await writeFile(join(home, "snapshot.bin"), "garbage");
    expect(await createSnapshotStore(home, sealer).nextVersion()).toBe(43);
    await createSnapshotStore(home, sealer).write(ofVersion(50));
    await writeFile(join(home, "snapshot.version"), "garbage");
    expect(await createSnapshotStore(home, sealer).nextVersion()).toBe(51);
  });
});
