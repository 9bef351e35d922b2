import { randomBytes } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { EXIT } from "../../../src/bootstrap/exit-codes.ts";
import { homeAt } from "../../../src/bootstrap/home.ts";
import { lockHome } from "../../../src/bootstrap/lock.ts";
import { forgetOldMasterKeys, listMasterKeys, rotateMasterKey } from "../../../src/bootstrap/master-key.ts";
import { type Actor, SYSTEM } from "../../../src/control-plane/access/actor.ts";
import { verifyAudit } from "../../../src/control-plane/entities/audit.ts";
import { createIdentityProvider } from "../../../src/control-plane/entities/identity-providers.ts";
import { createFirstUser } from "../../../src/control-plane/entities/users.ts";
import { createWebhook } from "../../../src/control-plane/entities/webhooks.ts";
import { Plane } from "../../../src/control-plane/plane.ts";
import { DatabaseSource } from "../../../src/control-plane/snapshot-source/source.ts";
import { type Database, openDatabase } from "../../../src/control-plane/storage/database.ts";
import { CLIENT_SECRET, countSealed, sealAgain, WEBHOOK_SECRET } from "../../../src/control-plane/storage/sealed.ts";
import {
  keyId,
  loadMasterKeys,
  loadSealer,
  MASTER_KEY_FILE,
  newMasterKey,
  replaceKeyFile,
  Sealer,
} from "../../../src/platform/seal.ts";
import { LastGood } from "../../../src/platform/secrets/last-good.ts";
import { loadConfiguration } from "../../../src/snapshot/load.ts";
import { packSnapshot } from "../../../src/snapshot/packed/packer.ts";
import { createSnapshotStore } from "../../../src/snapshot/store.ts";
import { ensureBuilt } from "../../helpers/build.ts";
import { runCli } from "../../helpers/cli.ts";
import { DATABASES, PostgresCluster } from "../../helpers/databases.ts";
import { draftAt, OWNER, PASSWORD, TestPlane } from "../../helpers/test-plane.ts";

const NOBODY = { debug() {}, info() {}, warn() {}, error() {}, child: () => NOBODY };

const EVERYTHING: Actor = { ...SYSTEM, organisation: new Set(["webhook.manage", "organisation.manage"]) };

beforeAll(ensureBuilt, 60_000);

describe.each(DATABASES)("the master key of an installation on %s", (kind) => {
  let homeDirectory: string;
  let cluster: PostgresCluster | null;
  let env: Record<string, string>;
  let database: Database;

  beforeAll(async () => {
    cluster = kind === "postgres" ? await PostgresCluster.shared() : null;
  }, 60_000);
  beforeEach(async () => {
    homeDirectory = mkdtempSync(join(tmpdir(), "tidegate-master-key-"));
    env = cluster === null ? {} : { DATABASE_URL: await cluster.createDatabase() };
    database = await openDatabase({ url: env.DATABASE_URL, homeDirectory, logger: NOBODY });
    const plane = planeWith(loadSealer(homeDirectory, env));
    await createFirstUser(plane, SYSTEM, OWNER, PASSWORD);
    await newWebhook(plane, "first");
    await createIdentityProvider(plane, EVERYTHING, {
      id: "acme",
      name: "Acme",
      issuer: "https://idp.example.org",
      client_id: "tidegate",
      client_secret: "a client secret",
    });
  });
  afterEach(async () => {
    await database.close();
    rmSync(homeDirectory, { recursive: true, force: true });
  });

  const planeWith = (sealer: Sealer) => new Plane({ database, sealer, logger: NOBODY });
  const newWebhook = async (plane: Plane, name: string) => {
    const url = "https://example.org/hook";
    return createWebhook(plane, EVERYTHING, { team: null, name, url, events: ["*"] });
  };
  /** What the secrets of webhooks, and that of the identity provider, open to. */
  const secrets = async (sealer = loadSealer(homeDirectory, env)) => {
    const rows = await database.db.selectFrom("webhooks").select("secret").orderBy("name").execute();
    const [provider] = await database.db.selectFrom("identity_providers").select("client_secret").execute();
    return [
      ...rows.map(({ secret }) => sealer.open(secret, WEBHOOK_SECRET)),
      sealer.open(provider?.client_secret ?? "", CLIENT_SECRET),
    ];
  };
  const file = () => join(homeDirectory, MASTER_KEY_FILE);
  const keys = () => readFileSync(file(), "utf8").trimEnd().split("\n");
  const place = () => ({ homeDirectory, env });
  /** What was served last, and what Vault said last. */
  const writeFiles = async () => {
    const sealer = loadSealer(homeDirectory, env);
    const configPath = join(homeDirectory, "tidegate.yaml");
    writeFileSync(configPath, "version: 1\nproviders: [{ id: sim, kind: simulated }]\n");
    const loaded = await loadConfiguration({ configPath, home: homeDirectory, env: {}, version: 1 });
    if (!loaded.ok) throw new Error("the configuration of the test is wrong");
    const served = packSnapshot(loaded.snapshot);
    const said = new Map([["vault:a", "a secret"]]);
    await createSnapshotStore(homeDirectory, () => sealer).write(served);
    await new LastGood(homeDirectory, () => sealer).write(said);
    return { served, said };
  };
  const readFiles = async () => {
    const sealer = () => loadSealer(homeDirectory, env);
    return {
      served: await createSnapshotStore(homeDirectory, sealer).read(),
      said: await new LastGood(homeDirectory, sealer).read(),
    };
  };

  it("is changed while Tidegate runs, and the old one is forgotten when nothing needs it", async () => {
    const [old = ""] = keys();
    const running = planeWith(loadSealer(homeDirectory, env));
    const before = await secrets();
    const rotation = await rotateMasterKey(place());
    expect(keys()).toEqual([expect.any(String), old]);
    expect(statSync(file()).mode & 0o777).toBe(0o600);
    expect(rotation).toMatchObject({ file: file(), sealedAgain: 2, missing: [] });
    expect(rotation.keys.map(({ seals, secrets }) => [seals, secrets])).toEqual([
      [true, 2],
      [false, 0],
    ]);
    expect(await secrets()).toEqual(before);

    // A process that has not been started again seals with the old key: it is still there.
    await newWebhook(running, "second");
    const all = await secrets();
    expect((await listMasterKeys(place())).keys.map(({ secrets }) => secrets)).toEqual([2, 1]);
    const list = await forgetOldMasterKeys(place());
    expect(list.keys).toEqual([{ id: expect.any(String), seals: true, secrets: 3 }]);
    expect(keys()).toHaveLength(1);
    expect(await secrets()).toEqual(all);
  });

  it("bug: what changed after a rotation was served and shown no longer until Tidegate was started again", async () => {
    const test = await TestPlane.open(kind, { sealer: loadSealer(homeDirectory, env) });
    try {
      const headers = { set: { authorization: "a header value" } };
      const draft = draftAt("/billing", { request_headers: headers });
      await test.owner.do("POST", "/teams", { id: "finance", name: "Finance" });
      await test.owner.do("POST", "/services", { id: "billing", team: "finance", draft });
      await test.owner.do("POST", "/services/billing/publish");
      const source = new DatabaseSource(test.plane);
      await source.load();
      const added = newMasterKey();
      const { keys: known, file: keyFile } = loadMasterKeys(homeDirectory, env);
      replaceKeyFile(keyFile ?? "", [added, ...known]);
      const rotated = new Sealer([added, ...known]);
      // As another process does it.
      const other = new Plane({ database: test.database, sealer: rotated, logger: NOBODY });
      await other.change(SYSTEM, (change) => sealAgain(change, rotated));

      expect((await test.owner.do("GET", "/services/billing")).draft.request_headers).toEqual(headers);
      await test.owner.do("POST", "/services/billing/deprecate", {});
      await source.load();
      expect(source.additions.services).toMatchObject([{ id: "billing" }]);
      expect(Object.keys(await countSealed(test.plane.db))).toEqual([keyId(added)]);
    } finally {
      await test.close();
    }
  });

  it("is not forgotten while a Tidegate runs that may seal with it", async () => {
    const lock = lockHome(homeAt(homeDirectory));
    // The change comes after the start, whatever the clock of the file system.
    await rotateMasterKey(place());
    utimesSync(file(), new Date(), new Date(Date.now() + 1_000));
    const message = expect.stringContaining(`process ${process.pid}`);
    await expect(forgetOldMasterKeys(place())).rejects.toMatchObject({ exitCode: EXIT.conflict, message });
    expect(keys()).toHaveLength(2);
    lock.release();
    await forgetOldMasterKeys(place());
    expect(keys()).toHaveLength(1);
  });

  it("is not forgotten before what was served last, and what Vault said last, are sealed with the new one", async () => {
    const served = await writeFiles();
    // While it runs, the files are its own.
    const lock = lockHome(homeAt(homeDirectory));
    await rotateMasterKey(place());
    lock.release();
    await forgetOldMasterKeys(place());
    expect(await readFiles()).toEqual(served);
  });

  it("is kept where what Vault said last can't be sealed with the new one", async () => {
    await writeFiles();
    const lock = lockHome(homeAt(homeDirectory));
    await rotateMasterKey(place());
    lock.release();
    // It is written there before it is renamed.
    const inTheWay = join(homeDirectory, `secrets.sealed.${process.pid}.tmp`);
    mkdirSync(inTheWay);
    await expect(forgetOldMasterKeys(place())).rejects.toThrow();
    expect(keys()).toHaveLength(2);
    rmdirSync(inTheWay);
    await forgetOldMasterKeys(place());
    expect(keys()).toHaveLength(1);
  });

  it("leaves its change in the audit trail, and itself nowhere", async () => {
    const [old = ""] = keys();
    await rotateMasterKey(place());
    const [entry] = await database.db
      .selectFrom("audit")
      .selectAll()
      .where("action", "=", "master_key.rotate")
      .execute();
    expect(entry).toMatchObject({ actor_kind: "system", subject_type: "organisation" });
    expect(JSON.parse(entry?.before ?? "")).toEqual({ keys: [keyId(Buffer.from(old, "base64"))] });
    expect(JSON.parse(entry?.after ?? "")).toMatchObject({ sealed_again: 2 });
    for (const key of keys()) expect(JSON.stringify(entry)).not.toContain(key);
    expect(await verifyAudit(database.db)).toMatchObject({ intact: true });
  });

  it("in TIDEGATE_MASTER_KEY is for whoever set it to change: secrets are sealed again with the first", async () => {
    const [old = ""] = keys();
    const fresh = randomBytes(32).toString("base64");
    const before = await secrets();
    const served = await writeFiles();
    env.TIDEGATE_MASTER_KEY = `${fresh},${old}`;
    expect(await rotateMasterKey(place())).toMatchObject({ file: null, sealedAgain: 2 });
    await expect(forgetOldMasterKeys(place())).rejects.toMatchObject({ exitCode: EXIT.refused });
    env.TIDEGATE_MASTER_KEY = fresh;
    expect(await readFiles()).toEqual(served);
    expect(await secrets()).toEqual(before);
    expect(keys()).toEqual([old]);
  });

  it("is not changed while one is missing that a secret needs", async () => {
    const [old = ""] = keys();
    const fresh = randomBytes(32).toString("base64");
    writeFileSync(file(), `${fresh}\n`);
    const missing = keyId(Buffer.from(old, "base64"));
    expect(await listMasterKeys(place())).toMatchObject({ missing: [missing] });
    const message = expect.stringContaining(missing);
    await expect(rotateMasterKey(place())).rejects.toMatchObject({ exitCode: EXIT.configuration, message });
    expect(keys()).toEqual([fresh]);
  });
});

describe("tidegate master-key", () => {
  it("shows ids, never keys, and says what to do next", async () => {
    const homeDirectory = mkdtempSync(join(tmpdir(), "tidegate-master-key-"));
    const env = { ...process.env, TIDEGATE_HOME: homeDirectory };
    const run = (...args: string[]) => runCli(["master-key", ...args], env, process.cwd());
    expect((await run("rotate")).code).toBe(EXIT.dataDirectory);
    expect(existsSync(join(homeDirectory, MASTER_KEY_FILE))).toBe(false);
    await (await openDatabase({ url: undefined, homeDirectory, logger: NOBODY })).close();
    const rotated = await run("rotate");
    expect(rotated, rotated.stderr).toMatchObject({
      code: 0,
      stderr: expect.stringContaining("tidegate master-key forget-old"),
    });
    expect(rotated.stdout).toMatch(
      /:\n[0-9a-f]{8} {2}seals {2}0 secrets\n[0-9a-f]{8} {2}opens {2}0 secrets\nsealed again: 0\n$/,
    );
    const list = JSON.parse((await run("list", "--json")).stdout);
    expect(list.keys).toHaveLength(2);
    expect((await run("forget-old")).stdout).toMatch(/:\n[0-9a-f]{8} {2}seals {2}0 secrets\n$/);
    const text = readFileSync(join(homeDirectory, MASTER_KEY_FILE), "utf8").trim();
    expect(JSON.stringify([rotated, list])).not.toContain(text);
    rmSync(homeDirectory, { recursive: true });
  });
});
