import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Logger } from "../../../src/contracts/logger.ts";
import type { SecretReference } from "../../../src/contracts/secret-reference.ts";
import { Sealer } from "../../../src/platform/seal.ts";
import { LastGood } from "../../../src/platform/secrets/last-good.ts";
import { SecretStore } from "../../../src/platform/secrets/secret-store.ts";
import { type CertificateAuthority, createAuthority } from "../../helpers/certificates.ts";
import { KUBERNETES, ROLE, ROOT_TOKEN, SimulatedVault, type VaultOptions } from "../../helpers/vault.ts";
import { waitFor } from "../../helpers/wait-for.ts";

let folder: string;
let authority: CertificateAuthority;
let vault: SimulatedVault;
const stores: SecretStore[] = [];
const log: string[] = [];
const sealer = new Sealer([randomBytes(32)]);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "tidegate-secrets-"));
  authority = createAuthority();
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
  authority.remove();
});
beforeEach(() => {
  log.length = 0;
});
afterEach(async () => {
  for (const store of stores.splice(0)) store.close();
  // Whatever was said, it was said without a secret; and everything that was asked is part of Vault's API.
  expect(log.join()).not.toContain("canary");
  expect(vault?.faults ?? []).toEqual([]);
  await vault?.close();
  rmSync(join(folder, "secrets.sealed"), { force: true });
});

async function startVault(options: VaultOptions = {}): Promise<void> {
  vault = await SimulatedVault.start(options);
  vault.mount("secret/", 2);
  vault.mount("kv/old/", 1);
  vault.put("secret/tidegate/openai", { key: "canary-key", number: 7, empty: "" });
  vault.put("kv/old/billing", { token: "canary-token" });
}

function storeWith(env: Record<string, string>, refreshMs = 60_000): SecretStore {
  const write = (fields: object, message: string) => void log.push(JSON.stringify({ ...fields, message }));
  const logger: Logger = { debug: write, info: write, warn: write, error: write, child: () => logger };
  const store = new SecretStore({ env, logger, refreshMs, lastGood: new LastGood(folder, () => sealer) });
  stores.push(store);
  return store;
}

const read = (store: SecretStore, ...references: SecretReference[]) => store.readerFor("test").resolve(references);
const OPENAI: SecretReference = { vault: { path: "secret/tidegate/openai", field: "key" } };
const BILLING: SecretReference = { vault: { path: "kv/old/billing", field: "token" } };
const withToken = () => ({ VAULT_ADDR: vault.url, VAULT_TOKEN: ROOT_TOKEN });

describe("secrets behind references", () => {
  it("come from the environment, from files, and from key/value stores of both versions", async () => {
    await startVault();
    writeFileSync(join(folder, "secret"), "from-a-file\n");
    const found = await read(
      storeWith({ ...withToken(), NAME: "from-the-environment" }),
      { env: "NAME", prefix: "Bearer " },
      { file: join(folder, "secret") },
      OPENAI,
      { vault: { path: "secret/data/tidegate/openai", field: "number" } },
      BILLING,
    );
    expect(found.map((one) => (one.ok ? one.value : one.message))).toEqual([
      "Bearer from-the-environment",
      "from-a-file",
      "canary-key",
      "7",
      "canary-token",
    ]);
  });

  it("say what is wrong, and never what a secret is", async () => {
    await startVault();
    const found = await read(
      storeWith(withToken()),
      { env: "NOT_SET" },
      { file: join(folder, "nowhere") },
      { vault: { path: "secret/nothing", field: "key" } },
      { vault: { path: "secret/tidegate/openai", field: "other" } },
      { vault: { path: "secret/tidegate/openai", field: "empty" } },
      { vault: { path: "elsewhere/a", field: "key" } },
    );
    expect(
      found.map((one) => (one.ok ? one.value : one.message.replace(vault.url, "URL").replace(folder, ""))),
    ).toEqual([
      "the environment variable NOT_SET is not set",
      "the file /nowhere can't be read (ENOENT)",
      "Vault has nothing at secret/nothing",
      "the secret at secret/tidegate/openai in Vault has no text `other`",
      "the secret at secret/tidegate/openai in Vault has no text `empty`",
      "Vault at URL refuses elsewhere/a (403): the token is not good, or its policies say no",
    ]);
    const messageOf = async (env: Record<string, string>) => {
      const [one] = await read(storeWith(env), OPENAI);
      return one?.ok === false ? one.message.replace(vault.url, "URL") : one?.value;
    };
    expect(await messageOf({})).toMatch(/^VAULT_ADDR is not set/);
    expect(await messageOf({ VAULT_ADDR: "vault:8200" })).toMatch(/^VAULT_ADDR: expected an http/);
    expect(await messageOf({ VAULT_ADDR: vault.url })).toMatch(
      /^nothing says how to sign in to Vault: set VAULT_TOKEN/,
    );
    expect(await messageOf({ VAULT_ADDR: vault.url, VAULT_TOKEN: "canary-wrong" })).toMatch(
      /refuses its own token \(403\)/,
    );
    const role = { VAULT_ADDR: vault.url, VAULT_ROLE_ID: ROLE.role_id };
    expect(await messageOf(role)).toMatch(/^VAULT_SECRET_ID is not set/);
    expect(await messageOf({ ...role, VAULT_SECRET_ID: "canary-wrong" })).toMatch(
      /answers 400 to a sign-in by approle/,
    );
    vault.failsWith = 503;
    expect(await messageOf(withToken())).toBe("Vault at URL is sealed, or under maintenance (503)");
  });

  it("are read with AppRole and Kubernetes, in a namespace, over TLS with an authority of one's own", async () => {
    const { cert, key } = authority.issue(["127.0.0.1"]);
    await startVault({
      namespace: "team-a",
      tls: { cert: readFileSync(cert, "utf8"), key: readFileSync(key, "utf8") },
    });
    const place = { VAULT_ADDR: vault.url, VAULT_NAMESPACE: "team-a", VAULT_CACERT: authority.cert };
    const approle = { ...place, VAULT_ROLE_ID: ROLE.role_id, VAULT_SECRET_ID: ROLE.secret_id };
    const good = [{ ok: true, value: "canary-key" }];
    expect(await read(storeWith(approle), OPENAI)).toEqual(good);
    const tokenFile = join(folder, "jwt");
    writeFileSync(tokenFile, `${KUBERNETES.jwt}\n`);
    const kubernetes = { VAULT_KUBERNETES_ROLE: KUBERNETES.role, VAULT_KUBERNETES_TOKEN_FILE: tokenFile };
    expect(await read(storeWith({ ...place, ...kubernetes }), OPENAI)).toEqual(good);
    const { VAULT_CACERT: _ca, ...untrusted } = approle;
    // As where nothing was ever read.
    rmSync(join(folder, "secrets.sealed"));
    expect(await read(storeWith(untrusted), OPENAI)).toMatchObject([
      { ok: false, message: expect.stringMatching(/can't be reached \(UNABLE_TO_VERIFY_LEAF_SIGNATURE\)/) },
    ]);
  });

  it("survive tokens that end, and those that are revoked", async () => {
    await startVault({ tokenTtlSeconds: 0.15 });
    const env = { VAULT_ADDR: vault.url, VAULT_ROLE_ID: ROLE.role_id, VAULT_SECRET_ID: ROLE.secret_id };
    const store = storeWith(env);
    await read(store, OPENAI);
    await waitFor(async () => {
      await store.refresh();
      return vault.asked.includes("POST auth/token/renew-self");
    }, "a renewal");
    expect(store.stale).toBe(0);
    // What follows may take longer than a token that lives so shortly.
    vault.tokenTtlSeconds = 3600;
    vault.tokens.clear();
    vault.put("secret/tidegate/openai", { key: "canary-second" });
    await store.refresh();
    expect(await read(store, OPENAI)).toEqual([{ ok: true, value: "canary-second" }]);
  });

  it("ask Vault once for all fields of a secret, and for nothing that nobody wants any more", async () => {
    await startVault();
    const store = storeWith(withToken());
    await read(store, OPENAI, { vault: { path: "secret/tidegate/openai", field: "number" } }, BILLING);
    const reads = () => vault.asked.filter((one) => !one.includes("sys/") && !one.includes("auth/"));
    expect(reads().sort()).toEqual(["GET kv/old/billing", "GET secret/data/tidegate/openai"]);
    await read(store, BILLING);
    await store.refresh();
    expect(reads().slice(2)).toEqual(["GET kv/old/billing"]);
  });

  it("are read again by themselves, and whoever uses them hears of new ones alone", async () => {
    await startVault();
    vault.mounts.set("kv/old/", {
      version: 1,
      secrets: new Map([["billing", { token: "canary-token" }]]),
      leaseSeconds: 1,
    });
    const store = storeWith(withToken());
    let changes = 0;
    store.onChange(() => changes++);
    await read(store, BILLING);
    const before = vault.asked.length;
    // The interval is a minute: the lease says when.
    await waitFor(() => vault.asked.length > before, "a second reading");
    expect(changes).toBe(0);
    vault.put("kv/old/billing", { token: "canary-new" });
    await waitFor(() => changes === 1, "the change");
    expect(await read(store, BILLING)).toEqual([{ ok: true, value: "canary-new" }]);
  });

  it("are had as soon as they are there", async () => {
    await startVault();
    vault.failsWith = 503;
    const store = storeWith(withToken(), 1_000);
    let changes = 0;
    store.onChange(() => changes++);
    expect(await read(store, OPENAI)).toMatchObject([{ ok: false }]);
    vault.failsWith = null;
    await waitFor(() => changes === 1, "the secret");
    expect(await read(store, OPENAI)).toEqual([{ ok: true, value: "canary-key" }]);
  });

  it("keep their last value while Vault is away, also over a start, and say so", async () => {
    await startVault();
    const store = storeWith(withToken());
    await read(store, OPENAI);
    vault.failsWith = 503;
    expect(await store.refresh()).toBe(false);
    await store.refresh();
    expect(store.stale).toBe(1);
    expect(log.filter((line) => line.includes("its last value is used on"))).toHaveLength(1);
    expect(await read(store, OPENAI)).toEqual([{ ok: true, value: "canary-key" }]);

    const next = storeWith(withToken());
    expect(await read(next, OPENAI, BILLING)).toMatchObject([{ ok: true, value: "canary-key" }, { ok: false }]);
    const file = join(folder, "secrets.sealed");
    expect(readFileSync(file, "utf8")).not.toContain("canary");
    expect(statSync(file).mode & 0o777).toBe(0o600);
    vault.failsWith = null;
    await next.refresh();
    expect(next.stale).toBe(0);
    expect(log.at(-1)).toContain("a secret can be read again");
  });
});
