import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { TidegateProcess } from "../../helpers/tidegate-process.ts";
import { startUpstream, type TestUpstream } from "../../helpers/upstream.ts";
import { ROOT_TOKEN, SimulatedVault } from "../../helpers/vault.ts";

const STALE = "tidegate_secrets_stale";

describe("a gateway whose secrets are in Vault", () => {
  let vault: SimulatedVault;
  let upstream: TestUpstream;
  let home: string;
  let tidegate: TidegateProcess;

  const start = () => {
    const config = `version: 1
services:
  - id: billing
    access: open
    routes: [{ path: /billing }]
    upstream: { targets: [{ url: "${upstream.url}" }] }
    request_headers: { set: { authorization: { vault: { path: secret/billing, field: token }, prefix: "Bearer " } } }
`;
    const env = { VAULT_ADDR: vault.url, VAULT_TOKEN: ROOT_TOKEN, TIDEGATE_SECRETS_REFRESH: "1s" };
    return TidegateProcess.start({ config, home, env });
  };
  const sent = async () => {
    await (await fetch(`${tidegate.url}/billing`)).text();
    return upstream.requests.at(-1)?.headers.authorization;
  };

  beforeAll(async () => {
    home = mkdtempSync(join(tmpdir(), "tidegate-vault-"));
    vault = await SimulatedVault.start();
    vault.mount("secret/", 2);
    vault.put("secret/billing", { token: "canary-first" });
    upstream = await startUpstream();
    tidegate = await start();
  });
  afterAll(async () => {
    await tidegate.stop();
    await Promise.all([vault.close(), upstream.close()]);
    rmSync(home, { recursive: true, force: true });
  });

  it("sends what is there, and what comes there later, without a restart", async () => {
    expect(await sent()).toBe("Bearer canary-first");
    vault.put("secret/billing", { token: "canary-second" });
    await tidegate.waitFor("the new secret", async () => (await sent()) === "Bearer canary-second");
  });

  it("goes on with what was there while Vault is away, says so, and starts without it", async () => {
    vault.failsWith = 503;
    await tidegate.waitFor("a stale secret", async () => (await tidegate.metrics()).get(STALE) === 1);
    expect(await sent()).toBe("Bearer canary-second");
    await tidegate.stop();
    expect(tidegate.stdout + tidegate.stderr).toContain("its last value is used on");
    expect(tidegate.stdout + tidegate.stderr).not.toContain("canary");

    rmSync(join(home, "snapshot.bin"), { force: true });
    tidegate = await start();
    expect(await sent()).toBe("Bearer canary-second");
    vault.failsWith = null;
    await tidegate.waitFor("Vault's return", async () => (await tidegate.metrics()).get(STALE) === 0);
    expect(tidegate.stdout + tidegate.stderr).not.toContain("canary");
  });
});
