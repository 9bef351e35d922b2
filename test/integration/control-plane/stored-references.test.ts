import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ServedAdditions } from "../../../src/bootstrap/control/served-additions.ts";
import { DatabaseSource } from "../../../src/control-plane/snapshot-source/source.ts";
import { LastGood } from "../../../src/platform/secrets/last-good.ts";
import { SecretStore } from "../../../src/platform/secrets/secret-store.ts";
import { DATABASES } from "../../helpers/databases.ts";
import { restService } from "../../helpers/rest-service.ts";
import { draftAt, TestPlane } from "../../helpers/test-plane.ts";
import { ROOT_TOKEN, SimulatedVault } from "../../helpers/vault.ts";

const at = (path: string) => ({ vault: { path, field: "token" } });
const headers = (value: object) => ({ request_headers: { set: { authorization: value } } });

describe.each(DATABASES)("references to secrets in what is stored, on %s", (kind) => {
  let vault: SimulatedVault;
  let home: string;
  let store: SecretStore;
  let test: TestPlane;
  let served: ServedAdditions;

  beforeAll(async () => {
    vault = await SimulatedVault.start();
    vault.mount("secret/", 2);
    vault.put("secret/teams/finance/billing", { token: "canary-billing" });
    vault.put("secret/organisation/all", { token: "canary-all" });
    home = mkdtempSync(join(tmpdir(), "tidegate-stored-references-"));
    const env = { VAULT_ADDR: vault.url, VAULT_TOKEN: ROOT_TOKEN };
    test = await TestPlane.open(kind, {
      referenceRules: { teamPath: "secret/teams/{team}", organisationPath: "secret/organisation/" },
    });
    const { logger, sealer } = test.plane;
    store = new SecretStore({ env, logger, refreshMs: 60_000, lastGood: new LastGood(home, () => sealer) });
    served = new ServedAdditions(store.readerFor("database"), logger);
    await test.team("finance", "shop");
  });
  afterAll(async () => {
    store.close();
    await test.close();
    await vault.close();
    rmSync(home, { recursive: true, force: true });
  });

  const additions = async () => {
    const source = new DatabaseSource(test.plane);
    await source.load();
    return served.of(source.additions);
  };

  it("are refused where they lead to what is not the team's", async () => {
    const faultOf = async (value: object, more = {}) => {
      const draft = draftAt("/a", { ...headers(value), ...more });
      const { status, body } = await test.owner.post("/services", { id: "a", team: "finance", draft });
      expect(status).toBe(400);
      return body.errors[0];
    };
    const path = "draft.request_headers.set.authorization";
    const machine = "variables and files of the machine can be named in the configuration file only: refer to Vault";
    expect(await faultOf({ env: "TIDEGATE_MASTER_KEY" })).toEqual({ path, message: machine });
    expect(await faultOf({ file: "/etc/passwd" })).toEqual({ path, message: machine });
    const message = "`vault.path`: expected a path below secret/teams/finance/";
    expect(await faultOf(at("secret/teams/shop/billing"))).toEqual({ path, message });
    expect(await faultOf(at("secret/teams/finance2/billing"))).toEqual({ path, message });
    expect((await faultOf(at("secret/teams/finance/../shop/billing"))).message).toMatch(
      /expected a path as `vault kv get`/,
    );
    expect((await faultOf({ vault: { path: "secret/teams/finance/a" } })).message).toMatch(/vault.field/);
    const mocked = { routes: [{ path: "/a", policies: { mock: { headers: { "x-a": { env: "HOME" } } } } }] };
    expect((await faultOf(at("secret/teams/finance/billing"), mocked)).path).toBe(
      "draft.routes[0].policies.mock.headers.x-a",
    );
    const policies = headers(at("secret/teams/finance/billing"));
    expect((await test.owner.patch("/settings", { policies })).body.errors).toEqual([
      {
        path: "policies.request_headers.set.authorization",
        message: "`vault.path`: expected a path below secret/organisation/",
      },
    ]);
    expect((await test.owner.patch("/teams/shop", { policies })).status).toBe(400);
    // A text that looks like what stands in a reference's place within.
    const forged = `\0secret:${JSON.stringify({ env: "HOME" })}`;
    const { status } = await test.owner.post("/services", {
      id: "a",
      team: "finance",
      draft: draftAt("/a", headers(forged as never)),
    });
    expect(status).toBe(400);
  });

  it("are stored as references, and served as what is there now", async () => {
    const reference = { ...at("secret/teams/finance/billing"), prefix: "Bearer " };
    const draft = draftAt("/billing", headers(reference));
    await test.owner.do("POST", "/services", { id: "billing", team: "finance", draft });
    await test.owner.do("POST", "/services/billing/publish");
    await test.owner.do("PATCH", "/settings", { policies: headers(at("secret/organisation/all")) });
    expect((await test.owner.do("GET", "/services/billing")).draft).toEqual(draft);
    const { services, policies } = await additions();
    expect(restService(services[0]).requestHeaders.set).toEqual([["authorization", "Bearer canary-billing"]]);
    expect(policies?.requestHeaders?.set).toEqual([["authorization", "canary-all"]]);
    expect(JSON.stringify(await test.dump()).includes("canary-billing")).toBe(false);

    vault.put("secret/teams/finance/billing", { token: "canary-next" });
    expect(await store.refresh()).toBe(true);
    expect(restService((await additions()).services[0]).requestHeaders.set).toEqual([
      ["authorization", "Bearer canary-next"],
    ]);
    vault.failsWith = 503;
    expect(await store.refresh()).toBe(false);
    expect(restService((await additions()).services[0]).requestHeaders.set).toEqual([
      ["authorization", "Bearer canary-next"],
    ]);
    vault.failsWith = null;
    expect(test.log.join().includes("canary")).toBe(false);
  });

  it("keep what was never there from being served, and nothing else", async () => {
    const reference = at("secret/teams/finance/nothing");
    const draft = draftAt("/nothing", headers(reference));
    await test.owner.do("POST", "/services", { id: "nothing", team: "finance", draft });
    await test.owner.do("POST", "/services/nothing/publish");
    await test.owner.do("PATCH", "/teams/finance", { policies: headers(reference) });
    const { services, teams } = await additions();
    expect(services.map(({ id }) => id)).toEqual(["billing"]);
    expect(teams).toEqual([{ id: "finance", policies: { addresses: { allow: [], deny: [] } } }]);
    expect(test.log.at(-1)).toContain("Vault has nothing at secret/teams/finance/nothing");
    vault.put("secret/teams/finance/nothing", { token: "canary-at-last" });
    await store.refresh();
    expect((await additions()).services.map(({ id }) => id)).toEqual(["billing", "nothing"]);
  });

  it("stand for client secrets of identity providers", async () => {
    const provider = { id: "acme", name: "A", issuer: "https://idp.example.org", client_id: "tidegate" };
    const reference = at("secret/organisation/oidc");
    const made = await test.owner.do("POST", "/identity-providers", { ...provider, client_secret: reference });
    expect(made).toMatchObject({ has_client_secret: true, client_secret_reference: reference });
    const refused = await test.owner.patch("/identity-providers/acme", {
      client_secret: at("secret/teams/finance/billing"),
    });
    expect(refused.body.errors[0].path).toBe("client_secret");
    const own = await test.owner.do("PATCH", "/identity-providers/acme", { client_secret: "canary-own" });
    expect(own).toMatchObject({ has_client_secret: true, client_secret_reference: null });
  });
});
