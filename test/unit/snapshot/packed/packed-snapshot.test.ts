import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { PackedSnapshot } from "../../../../src/contracts/packed-snapshot.ts";
import type { ApplicationSnapshot, CredentialSnapshot, Snapshot } from "../../../../src/contracts/snapshot.ts";
import { CATALOGUE } from "../../../../src/providers/catalogue.ts";
import { compileSnapshot } from "../../../../src/snapshot/compile/index.ts";
import {
  changedNumbers,
  encodeApplications,
  findApplications,
} from "../../../../src/snapshot/packed/application-chunk.ts";
import { hashOf } from "../../../../src/snapshot/packed/content-hash.ts";
import { encodeCredentials, findCredential } from "../../../../src/snapshot/packed/credential-chunk.ts";
import { deltaBetween, withDelta } from "../../../../src/snapshot/packed/delta.ts";
import { digestsOf, nameDigest, numberOf } from "../../../../src/snapshot/packed/digests.ts";
import { SnapshotReceiver, snapshotMessages } from "../../../../src/snapshot/packed/messages.ts";
import { packSnapshot, SnapshotPacker } from "../../../../src/snapshot/packed/packer.ts";
import { unpackSnapshot } from "../../../../src/snapshot/packed/unpack.ts";
import { decodeValue, encodeValue } from "../../../../src/snapshot/packed/value.ts";
import { parseConfiguration } from "../../../../src/snapshot/sources/file.ts";
import { apiKey } from "../../../helpers/api-key.ts";
import { runs } from "../../../helpers/property-runs.ts";

function base(): Snapshot {
  const { configuration } = parseConfiguration("tidegate.yaml", "version: 1", {}, CATALOGUE);
  if (configuration === null) throw new Error("the configuration of the test is wrong");
  return compileSnapshot(configuration, {
    version: 1,
    compiledAtMs: 0,
    catalogue: CATALOGUE,
    baseDirectory: "/",
    defaultAddress: { host: "127.0.0.1", port: 0 },
  });
}

const terms = { expiresAtMs: null, addresses: [] };
const credential = fc.oneof<fc.Arbitrary<CredentialSnapshot>[]>(
  fc.constantFrom("a", "b", "c").map((key) => apiKey(`key-${key}-0123456789`)),
  fc.record({
    kind: fc.constant("jwt" as const),
    id: fc.constantFrom("x", "y"),
    issuer: fc.constantFrom("one", "two"),
    claim: fc.constantFrom("azp", "groups"),
    values: fc.uniqueArray(fc.constantFrom("v", "w"), { minLength: 1 }),
    expiresAtMs: fc.constant(null),
    addresses: fc.constant([] as string[]),
  }),
  fc.constant({ kind: "mtls" as const, id: "m", by: "subject" as const, value: "CN=a", ...terms }),
);
const application = (id: string): fc.Arbitrary<ApplicationSnapshot> =>
  fc.record({
    id: fc.constant(id),
    team: fc.constantFrom("default", "other"),
    credentials: fc.array(credential, { maxLength: 3 }),
    subscriptions: fc.constant([]),
    limits: fc.constant([]),
  });
const change = fc
  .constantFrom("p", "q", "r", "s")
  .chain((id) => fc.tuple(fc.constant(id), fc.option(application(id), { nil: null })));

/** Each chunk by what its bytes are. */
const contentOf = (packed: PackedSnapshot | null) =>
  [...(packed?.chunks ?? [])].map(([name, { bytes }]) => `${name} ${hashOf(bytes)}`).sort();
const plain = (packed: PackedSnapshot) => ({ head: packed.head, content: contentOf(packed) });

describe("packed snapshots", () => {
  it("are the same however the same content came about, and what one change makes of another one's is a delta", () => {
    const empty = base();
    fc.assert(
      fc.property(fc.array(change, { maxLength: 12 }), (changes) => {
        const packer = new SnapshotPacker();
        let packed = packer.pack(empty);
        const known = new Map<string, ApplicationSnapshot>();
        for (const [id, one] of changes) {
          if (one === null) known.delete(id);
          else known.set(id, one);
          const next = packer.change(new Map([[id, one]]), 1, 0);
          expect(plain(withDelta(packed, deltaBetween(packed, next)))).toEqual(plain(next));
          packed = next;
        }
        const whole = packSnapshot({ ...empty, applications: [...known.values()].reverse() });
        expect(plain(packed)).toEqual(plain(whole));
        const sorted = [...known.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
        expect(unpackSnapshot(packed).applications).toEqual(sorted);
      }),
      { numRuns: runs(50) },
    );
  });

  it("differ for pipelines only in what is not about one caller", () => {
    const packer = new SnapshotPacker();
    const one = {
      ...terms,
      id: "p",
      team: "default",
      subscriptions: [],
      limits: [],
      credentials: [apiKey("key-1-0123456789")],
    };
    const first = packer.pack({ ...base(), applications: [one] }).head;
    const other = packer.change(new Map([["p", { ...one, credentials: [apiKey("key-2-0123456789")] }]]), 2, 0).head;
    expect(other.hash).not.toBe(first.hash);
    expect(other.pipelineHash).toBe(first.pipelineHash);
    // Whether callers are looked for in a way at all is compiled.
    const mtls: CredentialSnapshot = { kind: "mtls", id: "m", by: "subject", value: "CN=a", ...terms };
    const more = packer.change(new Map([["q", { ...one, id: "q", credentials: [mtls] }]]), 3, 0).head;
    expect(more.pipelineHash).not.toBe(first.pipelineHash);
    expect(packSnapshot({ ...base(), drainTimeoutMs: 5, applications: [one] }).head.pipelineHash).not.toBe(
      first.pipelineHash,
    );
  });

  it("cross processes in parts, as changes to the one before; changes to another one are not taken", () => {
    const many = Array.from({ length: 3_000 }, (_, index) => ({
      id: `app-${index}`,
      team: "x".repeat(200),
      credentials: [apiKey(`key-${index}-0123456789`)],
      subscriptions: [],
      limits: [],
    }));
    const packer = new SnapshotPacker();
    const first = packer.pack({ ...base(), applications: many });
    const receiver = new SnapshotReceiver();
    const send = (before: PackedSnapshot | null, after: PackedSnapshot) => {
      let [received, parts]: [PackedSnapshot | null, number] = [null, 0];
      for (const message of snapshotMessages(before?.head.version ?? null, deltaBetween(before, after))) {
        if (message.type === "snapshot") received = receiver.complete(message);
        else {
          receiver.add(message);
          parts++;
        }
      }
      return { received, parts };
    };
    const whole = send(null, first);
    expect(whole.parts).toBeGreaterThan(1);
    expect(contentOf(whole.received)).toEqual(contentOf(first));
    const second = packer.change(new Map([["app-7", null]]), 2, 0);
    const changed = send(first, second);
    expect(changed.parts).toBe(0);
    expect(contentOf(changed.received)).toEqual(contentOf(second));
    const third = packer.change(new Map([["app-8", null]]), 3, 0);
    const fourth = packer.change(new Map([["app-9", null]]), 4, 0);
    expect(send(third, fourth).received).toBeNull();
    expect(contentOf(send(null, fourth).received)).toEqual(contentOf(fourth));
  });
});

describe("chunks", () => {
  it("keep apart applications that have one number", () => {
    const number = numberOf("a");
    const entries = ["first", "second"].map((text) => ({ number, value: Buffer.from(text) }));
    const other = { number: numberOf("b"), value: Buffer.from("other") };
    const chunk = encodeApplications([...entries, other]);
    expect(findApplications(chunk, number).map(String)).toEqual(["first", "second"]);
    expect(findApplications(chunk, other.number).map(String)).toEqual(["other"]);
    expect(findApplications(chunk, numberOf("c"))).toEqual([]);
    expect(changedNumbers(chunk, encodeApplications([entries[0] as (typeof entries)[0], other]))).toEqual([number]);
    expect(changedNumbers(chunk, chunk)).toEqual([]);
    expect(changedNumbers(chunk, null)).toHaveLength(2);
  });

  it("find every credential, and none that is not there", () => {
    const digests = Array.from({ length: 300 }, (_, index) => nameDigest("basic", `user-${index}`));
    const chunk = encodeCredentials(digests.map((digest, index) => ({ digest, number: numberOf("a"), index })));
    for (const [index, digest] of digests.entries()) expect(findCredential(chunk, digest)?.index).toBe(index);
    expect(findCredential(chunk, nameDigest("basic", "nobody"))).toBeNull();
    expect(findCredential(Buffer.alloc(0), digests[0] as Buffer)).toBeNull();
  });

  it("a name is never found as a key, nor as another kind of name", () => {
    const names = (["basic", "hmac", "mtls"] as const).map((kind) => nameDigest(kind, "web").toString("hex"));
    expect(new Set([...names, ...digestsOf(apiKey("web-0123456789")).map((one) => one.toString("hex"))]).size).toBe(4);
  });
});

describe("values", () => {
  it("come back as they were, whatever their shape, and are the same bytes each time", () => {
    const value = fc.oneof(
      application("p"),
      credential,
      fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 2 }), { maxKeys: 4 }),
    );
    fc.assert(
      fc.property(fc.array(value, { maxLength: 5 }), (values) => {
        const plainValues: unknown = JSON.parse(JSON.stringify(values));
        const bytes = Buffer.from(encodeValue(plainValues));
        expect(decodeValue(bytes)).toEqual(plainValues);
        expect(Buffer.from(encodeValue(plainValues)).equals(bytes)).toBe(true);
      }),
      { numRuns: runs(300) },
    );
  });
});
