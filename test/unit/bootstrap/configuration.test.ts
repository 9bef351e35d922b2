import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { Configuration } from "../../../src/bootstrap/control/configuration.ts";
import type { ApplicationSnapshot } from "../../../src/contracts/snapshot.ts";
import { loadSealer } from "../../../src/platform/seal.ts";
import { createSnapshotStore } from "../../../src/snapshot/store.ts";
import { apiKey } from "../../helpers/api-key.ts";
import { collectingLogger } from "../../helpers/gateway.ts";

const application = (id: string, key: string): ApplicationSnapshot => {
  return { id, team: "default", credentials: [apiKey(key)], subscriptions: [], limits: [] };
};

it("applications that change one by one come to the same as all of them read anew", async () => {
  const homeDirectory = mkdtempSync(join(tmpdir(), "tidegate-test-"));
  onTestFinished(() => rmSync(homeDirectory, { recursive: true }));
  const added = new Map(["a", "b", "c"].map((id) => [id, application(id, `key-of-${id}-0123456789`)]));
  const configuration = new Configuration({
    configPath: null,
    homeDirectory,
    env: {},
    logger: collectingLogger([]),
    additions: async () => ({ services: [], applications: [...added.values()] }),
    secrets: { resolve: async () => [] },
    addedApplication: (id) => added.get(id) ?? null,
    versionFloor: async () => 0,
  });
  const served = () => {
    if (configuration.snapshot === null) throw new Error("nothing is served");
    return configuration.snapshot;
  };
  expect(await configuration.reload()).toBe(true);
  const first = served();

  added.set("a", application("a", "another-key-of-a-0123456789"));
  added.delete("b");
  // The configuration's own stays its own, whatever the database says.
  added.set("quickstart", application("quickstart", "not-a-key-0123456789"));
  await configuration.mergeApplications(["a", "b", "quickstart"]);
  const changed = served();
  expect(changed.head.version).toBe(first.head.version + 1);
  expect(changed.head.hash).not.toBe(first.head.hash);
  expect(changed.head.pipelineHash).toBe(first.head.pipelineHash);

  await configuration.mergeApplications(["c"]);
  await configuration.merge();
  expect(served().head).toEqual(changed.head);
  expect((await createSnapshotStore(homeDirectory, () => loadSealer(homeDirectory, {})).read())?.head).toEqual(
    changed.head,
  );
});

it("what was served last stays readable when the key that it was sealed with is forgotten", async () => {
  const homeDirectory = mkdtempSync(join(tmpdir(), "tidegate-test-"));
  onTestFinished(() => rmSync(homeDirectory, { recursive: true }));
  const [old, next] = [randomBytes(32), randomBytes(32)];
  const startWith = async (...keys: Buffer[]) => {
    const env = { TIDEGATE_MASTER_KEY: keys.map((key) => key.toString("hex")).join(",") };
    const configuration = new Configuration({
      ...{ configPath: null, homeDirectory, env, logger: collectingLogger([]), addedApplication: () => null },
      additions: async () => null,
      secrets: { resolve: async () => [] },
      versionFloor: async () => 0,
    });
    await configuration.readCache();
    return configuration;
  };
  const first = await startWith(old);
  await first.reload();
  // Nothing changes but the keys.
  await startWith(next, old);
  expect((await startWith(next)).snapshot?.head).toEqual(first.snapshot?.head);
});
