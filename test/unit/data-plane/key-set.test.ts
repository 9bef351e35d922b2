import { generateKeyPairSync } from "node:crypto";
import { afterEach, describe, expect, it } from "vitest";
import { KEY_SET_PAUSE_MS, KeySet } from "../../../src/data-plane/key-sets/key-set.ts";
import {
  fittingKeys,
  readVerificationKey,
  type VerificationKey,
} from "../../../src/data-plane/key-sets/verification-key.ts";

const { publicKey } = generateKeyPairSync("ed25519");
const key = (kid: string): VerificationKey => {
  const read = readVerificationKey({ ...publicKey.export({ format: "jwk" }), kty: "OKP", kid });
  if (read === null) throw new Error("no key");
  return read;
};

/** A set whose fetches a test answers one by one. */
function controlled() {
  const asked: PromiseWithResolvers<VerificationKey[]>[] = [];
  const failures: boolean[] = [];
  const fetch = () => {
    let resolve!: (keys: VerificationKey[]) => void;
    let reject!: (error: Error) => void;
    const promise = new Promise<VerificationKey[]>((...both) => {
      [resolve, reject] = both;
    });
    asked.push({ promise, resolve, reject });
    return promise;
  };
  const set = new KeySet(fetch, 3_600_000, (_error, hasKeys) => void failures.push(hasKeys));
  return { set, asked, failures };
}

interface PromiseWithResolvers<Value> {
  promise: Promise<Value>;
  resolve: (value: Value) => void;
  reject: (error: Error) => void;
}

const kids = (set: KeySet) => set.keys?.map(({ kid }) => kid) ?? null;

describe("a key set", () => {
  let set: KeySet | null = null;
  afterEach(() => set?.stop());

  it("is fetched before anybody asks, and whoever asks meanwhile waits for that one fetch", async () => {
    const { asked, ...made } = controlled();
    set = made.set;
    expect(asked).toHaveLength(1);
    const waiting = [set.settled(), set.lookAgain(0), set.lookAgain(1)];
    asked[0]?.resolve([key("one")]);
    await Promise.all(waiting);
    expect(asked).toHaveLength(1);
    expect(kids(set)).toEqual(["one"]);
  });

  it("is fetched once for unknown keys within a pause, and again after it", async () => {
    const { asked, ...made } = controlled();
    set = made.set;
    asked[0]?.resolve([key("one")]);
    await set.settled();
    const first = set.lookAgain(1000);
    asked[1]?.resolve([key("two")]);
    await first;
    expect(kids(set)).toEqual(["two"]);
    for (let i = 1; i < 100; i++) await set.lookAgain(1000 + i);
    await set.lookAgain(1000 + KEY_SET_PAUSE_MS - 1);
    expect(asked).toHaveLength(2);
    const later = set.lookAgain(1000 + KEY_SET_PAUSE_MS);
    expect(asked).toHaveLength(3);
    asked[2]?.resolve([key("three")]);
    await later;
    expect(kids(set)).toEqual(["three"]);
  });

  it("keeps its keys while fetches fail", async () => {
    const { asked, failures, ...made } = controlled();
    set = made.set;
    asked[0]?.reject(new Error("down"));
    await set.settled();
    expect(kids(set)).toBeNull();
    const second = set.lookAgain(0);
    asked[1]?.resolve([key("one")]);
    await second;
    const third = set.lookAgain(KEY_SET_PAUSE_MS);
    asked[2]?.reject(new Error("down again"));
    await third;
    expect(kids(set)).toEqual(["one"]);
    expect(failures).toEqual([false, true]);
  });
});

describe("keys that fit a token", () => {
  const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 }).publicKey.export({ format: "jwk" });
  const short = generateKeyPairSync("rsa", { modulusLength: 1024 }).publicKey.export({ format: "jwk" });
  const ec = generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey.export({ format: "jwk" });
  const keys = [
    { ...rsa, kty: "RSA", kid: "rsa" },
    { ...rsa, kty: "RSA", kid: "rsa-pss-only", alg: "PS256" },
    { ...short, kty: "RSA", kid: "rsa-too-short" },
    { ...rsa, kty: "RSA", kid: "rsa-encryption", use: "enc" },
    { ...ec, kty: "EC", kid: "ec" },
    { ...publicKey.export({ format: "jwk" }), kty: "OKP", kid: "ed" },
    { kty: "oct", k: Buffer.alloc(32).toString("base64url"), kid: "secret" },
    { kty: "oct", k: Buffer.alloc(32).toString("base64url") },
    { kty: "RSA", kid: "broken" },
    { kty: "AKP", kid: "of another kind" },
  ]
    .map(readVerificationKey)
    .filter((one) => one !== null);

  it.each([
    ["RS256", undefined, ["rsa"]],
    ["PS256", undefined, ["rsa", "rsa-pss-only"]],
    ["RS256", "rsa-pss-only", []],
    ["RS256", "rsa-encryption", []],
    ["ES256", undefined, ["ec"]],
    ["ES384", undefined, []],
    ["EdDSA", "ed", ["ed"]],
    ["HS256", "rsa", [null]],
    ["HS256", undefined, ["secret", null]],
    ["HS256", "secret", ["secret", null]],
    ["RS256", "secret", []],
  ] as const)("%s with kid %s", (algorithm, kid, expected) => {
    expect(fittingKeys(keys, algorithm, kid).map((one) => one.kid)).toEqual(expected);
  });
});
