import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { pack } from "msgpackr";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { PackedSnapshot } from "../../../src/contracts/packed-snapshot.ts";
import type { ApplicationSnapshot, Snapshot } from "../../../src/contracts/snapshot.ts";
import { findSealer, Sealer } from "../../../src/platform/seal.ts";
import { decodeSnapshot, encodeSnapshot, SNAPSHOT_FORMAT, SnapshotFormatError } from "../../../src/snapshot/codec.ts";
import { loadConfiguration } from "../../../src/snapshot/load.ts";
import { packSnapshot, SnapshotPacker } from "../../../src/snapshot/packed/packer.ts";
import { unpackSnapshot } from "../../../src/snapshot/packed/unpack.ts";
import { createSnapshotStore } from "../../../src/snapshot/store.ts";
import { runs } from "../../helpers/property-runs.ts";

const oldKey = Buffer.alloc(32, 1);
const newKey = Buffer.alloc(32, 2);
const sealer = new Sealer([oldKey]);
const key = () => sealer;

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
    const decoded = decodeSnapshot(encodeSnapshot(snapshot, sealer), sealer).snapshot;
    expect(decoded).toEqual(snapshot);
    expect(unpackSnapshot(decoded)).toEqual({ ...plain, hash: snapshot.head.hash });
  });

  test("refuses a snapshot cut anywhere", () => {
    const bytes = encodeSnapshot(snapshot, sealer);
    for (let length = 0; length < bytes.length; length++) {
      expect(() => decodeSnapshot(bytes.subarray(0, length), sealer)).toThrow(SnapshotFormatError);
    }
  });

  test("refuses a changed byte", () => {
    const bytes = encodeSnapshot(snapshot, sealer);
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (index, flip) => {
        const damaged = Buffer.from(bytes);
        damaged[index] = (damaged[index] ?? 0) ^ flip;
        expect(() => decodeSnapshot(damaged, sealer)).toThrow(SnapshotFormatError);
      }),
      { numRuns: runs(500) },
    );
  });

  test("refuses foreign files and other formats, and says which", () => {
    expect(() => decodeSnapshot(Buffer.from("#!/bin/sh\necho hello\n"), sealer)).toThrow(SnapshotFormatError);
    expect(() => decodeSnapshot(pack({ hello: "world" }), sealer)).toThrow("not a snapshot");
    const head = { ...snapshot.head, format: SNAPSHOT_FORMAT - 1 };
    const other = { ...snapshot, head } as unknown as PackedSnapshot;
    expect(() => decodeSnapshot(encodeSnapshot(other, sealer), sealer)).toThrow(
      `snapshot format ${SNAPSHOT_FORMAT - 1} is not supported`,
    );
  });
});

describe("the snapshot store", () => {
  test("keeps no secret in plain", async () => {
    await createSnapshotStore(home, key).write(snapshot);
    const bytes = await readFile(join(home, "snapshot.bin"));
    for (const secret of ["sk-test", "billing", "127.0.0.1:9001"]) expect(bytes.includes(secret)).toBe(false);
  });

  test("says which master key is missing, and makes none to read with", async () => {
    await createSnapshotStore(home, key).write(snapshot);
    const other = createSnapshotStore(home, () => new Sealer([newKey]));
    await expect(other.read()).rejects.toThrow(`the master key ${sealer.keyId} is missing`);
    await expect(other.read()).rejects.toThrow(SnapshotFormatError);
    const none = createSnapshotStore(home, () => findSealer(home, {}));
    await expect(none.read()).rejects.toThrow(/there is no master key: .*master\.key is not there/);
    expect((await readdir(home)).sort()).toEqual(["snapshot.bin", "tidegate.yaml"]);
  });

  test("opens what an older master key sealed, and seals it with the first", async () => {
    await createSnapshotStore(home, key).write(snapshot);
    const store = createSnapshotStore(home, () => new Sealer([newKey, oldKey]));
    expect(await store.read()).toEqual(snapshot);
    await store.sealAgain();
    expect(await createSnapshotStore(home, () => new Sealer([newKey])).read()).toEqual(snapshot);
    // And only then.
    const written = await stat(join(home, "snapshot.bin"));
    await store.read();
    await store.sealAgain();
    expect((await stat(join(home, "snapshot.bin"))).ino).toBe(written.ino);
  });

  test("refuses a file of an earlier version, which was not sealed, and says so", async () => {
    await writeFile(join(home, "snapshot.bin"), "TGSN\x08\0\0\0 and the rest");
    await expect(createSnapshotStore(home, key).read()).rejects.toThrow("an earlier version, which did not seal it");
  });

  test("leaves out changes that were put behind another whole", async () => {
    const [one, another] = [join(home, "one"), join(home, "another")];
    const file = (folder: string) => readFile(join(folder, "snapshot.bin"));
    const store = createSnapshotStore(one, key);
    await store.write(snapshot);
    const { length } = await file(one);
    await store.write(ofVersion(8));
    await createSnapshotStore(another, key).write(snapshot);
    const moved = Buffer.concat([await file(another), (await file(one)).subarray(length)]);
    await writeFile(join(another, "snapshot.bin"), moved);
    expect((await createSnapshotStore(another, key).read())?.head.version).toBe(7);
  });

  test("has nothing in a new folder, and makes the folder", async () => {
    const store = createSnapshotStore(join(home, "new", "folder"), key);
    expect(await store.read()).toBeNull();
    await store.write(snapshot);
    expect(await store.read()).toEqual(snapshot);
  });

  test("the file is readable by its owner only, and nothing else is left behind", async () => {
    const store = createSnapshotStore(join(home, "data"), key);
    await store.write(snapshot);
    await store.write(ofVersion(8));
    expect((await store.read())?.head.version).toBe(8);
    expect(await readdir(join(home, "data"))).toEqual(["snapshot.bin"]);
    expect((await stat(join(home, "data", "snapshot.bin"))).mode & 0o777).toBe(0o600);
  });

  test("a damaged file is an error of its own kind", async () => {
    const store = createSnapshotStore(home, key);
    await store.write(snapshot);
    const bytes = await readFile(join(home, "snapshot.bin"));
    await writeFile(join(home, "snapshot.bin"), bytes.subarray(0, bytes.length / 2));
    await expect(store.read()).rejects.toThrow(SnapshotFormatError);
  });

  test("puts changes behind the whole, and reads them all", async () => {
    const store = createSnapshotStore(home, key);
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
    expect(await createSnapshotStore(home, key).read()).toEqual(changed);
    // The power may go before all of it is there: what was served before is there.
    const bytes = await readFile(join(home, "snapshot.bin"));
    await writeFile(join(home, "snapshot.bin"), bytes.subarray(0, wholeBytes + added / 2));
    expect((await createSnapshotStore(home, key).read())?.head.version).toBe(7);
    // And it is not built upon.
    await store.write(packer.change(new Map([["app-9", null]]), 9, 0));
    expect((await createSnapshotStore(home, key).read())?.head.version).toBe(9);
  });

  test("writes the whole again before changes outgrow it", async () => {
    const store = createSnapshotStore(home, key);
    await store.write(snapshot);
    const { size } = await stat(join(home, "snapshot.bin"));
    for (let version = 8; version < 40; version++) {
      await store.write(ofVersion(version));
      expect((await stat(join(home, "snapshot.bin"))).size).toBeLessThan(1.6 * size);
    }
    expect((await store.read())?.head.version).toBe(39);
  });

  test("versions count up over restarts, damaged snapshots and lost counters", async () => {
    expect(await createSnapshotStore(home, key).nextVersion()).toBe(1);
    expect(await createSnapshotStore(home, key).nextVersion()).toBe(2);
    await createSnapshotStore(home, key).write(ofVersion(41));
    expect(await createSnapshotStore(home, key).nextVersion()).toBe(42);
    await writeFile(join(home, "snapshot.bin"), "garbage");
    expect(await createSnapshotStore(home, key).nextVersion()).toBe(43);
    await createSnapshotStore(home, key).write(ofVersion(50));
    await writeFile(join(home, "snapshot.version"), "garbage");
    expect(await createSnapshotStore(home, key).nextVersion()).toBe(51);
  });
});
