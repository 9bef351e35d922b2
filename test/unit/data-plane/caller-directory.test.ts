import { expect, it } from "vitest";
import type { ApplicationSnapshot } from "../../../src/contracts/snapshot.ts";
import { CallerDirectory } from "../../../src/data-plane/pipeline/credentials/caller-directory.ts";
import { SharedLimits } from "../../../src/data-plane/pipeline/policies/shared-limits.ts";
import { CATALOGUE } from "../../../src/providers/catalogue.ts";
import { compileSnapshot } from "../../../src/snapshot/compile/index.ts";
import { digestsOf, nameDigest } from "../../../src/snapshot/packed/digests.ts";
import { packSnapshot } from "../../../src/snapshot/packed/packer.ts";
import { parseConfiguration } from "../../../src/snapshot/sources/file.ts";
import { apiKey } from "../../helpers/api-key.ts";

const { configuration } = parseConfiguration("tidegate.yaml", "version: 1", {}, CATALOGUE);
if (configuration === null) throw new Error("the configuration of the test is wrong");
const base = compileSnapshot(configuration, {
  version: 1,
  compiledAtMs: 0,
  catalogue: CATALOGUE,
  baseDirectory: "/",
  defaultAddress: { host: "127.0.0.1", port: 0 },
});

const keyOf = (id: string) => apiKey(`key-of-${id}-0123456789`);
const application = (id: string, hasKey = true): ApplicationSnapshot => {
  return { id, team: "default", credentials: hasKey ? [keyOf(id)] : [], subscriptions: [], limits: [] };
};
const chunksOf = (applications: ApplicationSnapshot[]) => packSnapshot({ ...base, applications }).chunks;
const digestOf = (id: string) => digestsOf(keyOf(id))[0]?.toString("hex") ?? "";

it("bug: a revoked key of an application that had made room for others was still good", () => {
  const most = { applications: 1, credentials: 10 };
  const callers = new CallerDirectory(chunksOf([application("a"), application("b")]), new SharedLimits(base), most);
  const idOf = (id: string) => callers.findKey(digestOf(id))?.application.id;
  expect([idOf("a"), idOf("b"), callers.decoded]).toEqual(["a", "b", 2]);
  callers.replace(chunksOf([application("a", false), application("b")]));
  expect([idOf("a"), idOf("b")]).toEqual([undefined, "b"]);
});

it("finds credentials that made room for others again", () => {
  const most = { applications: 10, credentials: 1 };
  const callers = new CallerDirectory(chunksOf([application("a"), application("b")]), new SharedLimits(base), most);
  for (const id of ["a", "b", "a"]) expect(callers.findKey(digestOf(id))?.application.id).toBe(id);
  expect(callers.decoded).toBe(2);
});

it("finds what was rotated beside what came after it, and nothing of another kind or name", () => {
  const terms = { expiresAtMs: null, addresses: [] };
  const basic = (id: string, username: string) => {
    return { kind: "basic" as const, id, username, salt: "00".repeat(16), digest: "00".repeat(32), ...terms };
  };
  const hmac = { kind: "hmac" as const, id: "h", keyId: "cron", secret: "c2VjcmV0", maxAgeMs: 1, ...terms };
  const credentials = [basic("old", "cron"), hmac, basic("new", "cron"), basic("other", "web")];
  const callers = new CallerDirectory(chunksOf([{ ...application("a"), credentials }]), new SharedLimits(base));
  const found = callers.find(nameDigest("basic", "cron"));
  expect(found?.credential.id).toBe("new");
  const others = found === null ? [] : callers.others(found, nameDigest("basic", "cron"));
  expect(others.map(({ credential }) => credential.id)).toEqual(["old"]);
});
