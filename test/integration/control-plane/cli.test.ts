import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EXIT } from "../../../src/bootstrap/exit-codes.ts";
import { AdminClient } from "../../helpers/admin-client.ts";
import { CLI } from "../../helpers/build.ts";
import { runCli } from "../../helpers/cli.ts";
import { startMcpServer } from "../../helpers/mcp-server.ts";
import { TidegateProcess } from "../../helpers/tidegate-process.ts";
import { startUpstream, type TestUpstream } from "../../helpers/upstream.ts";
import { waitFor } from "../../helpers/wait-for.ts";

const PASSWORD = "correct horse battery";
const SECRET = "canary-4f1d";

let tidegate: TidegateProcess;
let upstreams: [TestUpstream, TestUpstream];
let folder: string;
let admin: Person;
let publisher: Person;
let developer: Person;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "tidegate-cli-"));
  const answering = (text: string) => startUpstream((_request, response) => response.end(text));
  upstreams = [await answering("one"), await answering("two")];
  tidegate = await TidegateProcess.start({ env: { TIDEGATE_ADMIN_PASSWORD: PASSWORD } });
  admin = new Person("admin@localhost");
  publisher = new Person("pat@example.org");
  developer = new Person("dev@example.org");
});

afterAll(async () => {
  await tidegate.stop();
  await Promise.all(upstreams.map((upstream) => upstream.close()));
  rmSync(folder, { recursive: true, force: true });
});

/** Somebody at a shell of their own. */
class Person {
  readonly email: string;
  readonly home: string;

  constructor(email: string) {
    this.email = email;
    this.home = mkdtempSync(join(folder, "home-"));
  }

  get environment(): NodeJS.ProcessEnv {
    return { ...tidegate.environment, HOME: this.home, SECRET };
  }

  run(args: readonly string[], { input = "", env = {} }: { input?: string; env?: NodeJS.ProcessEnv } = {}) {
    return runCli(args, { ...this.environment, ...env }, folder, input);
  }

  /** What a command that has to be good prints. */
  async do(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.run(args);
    expect(code, `${args.join(" ")}: ${stdout}${stderr}`).toBe(0);
    expect(stdout + stderr).not.toContain(SECRET);
    return stdout;
  }

  // biome-ignore lint/suspicious/noExplicitAny: a test says what it expects of it
  async json(...args: string[]): Promise<any> {
    return JSON.parse(await this.do(...args, "--json"));
  }

  async signIn(password = PASSWORD): Promise<void> {
    const args = ["login", "--email", this.email, "--password-stdin"];
    const { code, stderr } = await this.run(args, { input: `${password}\n` });
    expect(code, stderr).toBe(0);
  }
}

function write(name: string, text: string): void {
  writeFileSync(join(folder, name), text);
}

const finance = (upstream: TestUpstream, description = "Invoices") => `version: 1
teams: [{ id: finance, name: Finance }]
services:
  - id: billing
    team: finance
    description: ${description}
    openapi_file: billing.yaml
    visibility: organisation
    publish: true
    note: for ${upstream.port}
    routes: [{ path: /billing }]
    upstream: { targets: [{ url: "${upstream.url}" }] }
    request_headers: { set: { x-internal: "\${SECRET}" } }
  - { id: ledger, team: finance, description: to come }
`;

const SHOP = `version: 1
teams: [{ id: shop, policies: { limits: [{ requests: 5000, window: 1h }] } }]
applications:
  - { id: web, team: shop, limits: [{ requests: 1000, window: 1m }], subscriptions: [billing] }
  - { id: batch, team: shop, policies: { response_headers: { set: { x-batch: "\${SECRET}" } } } }
`;

const ORGANISATION = `version: 1
policies: { response_headers: { set: { x-organisation: "\${SECRET}" } } }
identity_providers:
  - id: acme
    issuer: https://idp.example.org
    client_id: tidegate
    client_secret: "\${SECRET}"
    group_roles: [{ group: shop, team: shop, role: viewer }]
applications:
  - id: web
    team: shop
    limits: [{ requests: 1000, window: 1m }]
    subscriptions:
      - service: billing
        expires_at: 2101-01-31
        limits: [{ requests: 500, window: 1m }]
        policies: { request_headers: { set: { x-caller: "\${SECRET}" } } }
`;

const CREDENTIALS = `version: 1
teams: [{ id: tills }]
token_issuers:
  - { id: corp, issuer: corp, algorithms: [HS256], keys: [{ id: k, secret: { file: corp.secret } }] }
  - { id: login, issuer: "https://login.example.org/", audiences: [web], algorithms: [ES256], jwks_url: "https://login.example.org/keys" }
applications:
  - id: desk
    team: tills
    credentials:
      - { name: nightly, basic: { username: desk-cron, password: { env: CRON_PASSWORD } }, addresses: ["127.0.0.0/8"] }
      - { hmac: { key_id: desk-1, secret: "\${SIGNING_SECRET}", max_age: 90s } }
      - { jwt: { issuer: corp, claim: azp, values: [desk] }, expires_at: 2100-01-31T00:00:00Z }
      - { mtls: { fingerprint: "${"AB:".repeat(31)}AB" } }
`;

const sumOf = (stdout: string) => /^\d+ to add.*$/m.exec(stdout)?.[0] ?? stdout;

describe("an organisation run from the command line", () => {
  it("signs in with a token of its own, for 90 days, in a file of its owner's", async () => {
    const [nobody, wrong, unasked] = await Promise.all([
      admin.run(["whoami"]),
      admin.run(["login", "--email", admin.email, "--password-stdin"], { input: "wrong" }),
      admin.run(["login", "--email", admin.email]),
    ]);
    expect(nobody).toMatchObject({ code: EXIT.noPermission, stderr: expect.stringMatching(/: tidegate login\n$/) });
    expect(wrong).toMatchObject({ code: EXIT.noPermission, stderr: expect.stringContaining("password is wrong") });
    expect(unasked).toMatchObject({ code: EXIT.usage, stderr: expect.stringContaining("--password-stdin") });

    await admin.signIn();
    const file = join(admin.home, ".config/tidegate/credentials.json");
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const { token, expires_at } = JSON.parse(readFileSync(file, "utf8")).servers[tidegate.adminUrl];
    const days = (Date.parse(expires_at) - Date.now()) / 86_400_000;
    expect(Math.round(days)).toBe(90);
    expect(await admin.do("whoami")).toMatch(/name +admin@localhost\n.*\nrole +owner/);

    // Signing in again leaves no token behind that nobody knows of.
    const signIn = ["login", "--email", admin.email, "--password-stdin", "--json"];
    const again = await admin.run(signIn, { input: PASSWORD, env: { TIDEGATE_ADMIN_URL: tidegate.adminUrl } });
    expect(JSON.parse(again.stdout)).toEqual({
      url: tidegate.adminUrl,
      email: admin.email,
      expires_at: expect.stringMatching(/^\d{4}-\d{2}-\d{2}T/),
    });
    const old = await AdminClient.at(tidegate.adminUrl).withToken(token).get("/session");
    expect(old.status).toBe(401);
    const other = new Person("nobody@example.org");
    const { token: next } = JSON.parse(readFileSync(file, "utf8")).servers[tidegate.adminUrl];
    const withToken = await other.run(["whoami", "--json"], { env: { TIDEGATE_TOKEN: next } });
    expect(JSON.parse(withToken.stdout)).toMatchObject({ user: { email: admin.email } });
  });

  it("applies two teams with their services and callers, and then there is nothing to do", async () => {
    write("billing.yaml", "openapi: 3.1.0\ninfo: { title: Billing, version: 1.0.0 }\npaths: {}\n");
    write("finance.yaml", finance(upstreams[0]));
    write("shop.yaml", SHOP);
    const args = ["apply", "-f", "finance.yaml", "shop.yaml"];
    const dry = await admin.run([...args, "--dry-run", "--exit-code"]);
    expect(dry.code).toBe(EXIT.differs);
    expect(sumOf(dry.stdout)).toBe("7 to add, 0 to change, 1 to publish, 0 to remove, 0 unchanged");
    expect(dry.stdout).toContain("+ request_headers.set.x-internal: (hidden)");
    expect(dry.stdout).not.toContain("\u001b");
    expect(await admin.json("teams")).toEqual([]);

    expect(await admin.do(...args)).toMatch(/web → billing: it waits for approval\ndone: 8 steps\n$/);
    const [again, list, details, object] = await Promise.all([
      admin.do(...args, "--dry-run", "--exit-code"),
      admin.do("services"),
      admin.do("services", "get", "billing"),
      admin.json("services", "get", "billing"),
    ]);
    expect(again).toMatch(/nothing to do: 7 unchanged\n$/);
    expect(list).toMatch(/billing +rest +finance +published +1 +organisation +manual/);
    expect(details).toMatch(/x-internal: \(hidden\)/);
    expect(object).toMatchObject({ draft: { request_headers: { set: { "x-internal": "(hidden)" } } } });
  });

  it("adds people, lets one team approve what the other asked for, and serves the call", async () => {
    const join = async (person: Person, team: string, role: string) => {
      const made = await admin.run(["users", "create", person.email, "--password-stdin"], { input: PASSWORD });
      expect(made.code, made.stderr).toBe(0);
      await Promise.all([admin.do("teams", "add-member", team, person.email, "--role", role), person.signIn()]);
    };
    await Promise.all([join(publisher, "finance", "publisher"), join(developer, "shop", "developer")]);
    const [members, made, [wanted]] = await Promise.all([
      publisher.do("teams", "members", "finance"),
      developer.do("keys", "create", "--application", "web", "--name", "till"),
      publisher.json("subscriptions", "list", "--state", "pending"),
    ]);
    expect(members).toMatch(/pat@example\.org +pat@example\.org +publisher/);
    const key = made.trim();
    expect(key).toMatch(/^tg_\w{40}$/);
    const call = () => fetch(`${tidegate.url}/billing`, { headers: { "x-api-key": key } });
    expect((await developer.run(["subscriptions", "approve", wanted.id])).code).toBe(EXIT.refused);
    expect(await publisher.do("subscriptions", "approve", wanted.id, "--note", "welcome")).toMatch(/: approved/);
    expect((await publisher.run(["subscriptions", "extend", wanted.id])).code).toBe(EXIT.usage);
    const extended = await publisher.do("subscriptions", "extend", wanted.id, "--expires", "2100-01-31");
    expect(extended).toBe("web → billing: until 2100-01-31 00:00\n");
    await tidegate.waitFor("the first good call", async () => (await call()).status === 200);
    expect(upstreams[0].requests.at(-1)?.headers["x-internal"]).toBe(SECRET);
    const [callers, [{ id }]] = await Promise.all([
      publisher.do("services", "callers", "billing"),
      developer.json("keys", "list", "--application", "web"),
    ]);
    expect(callers).toMatch(/web +shop/);
    const upstreamPath = () => upstreams[0].requests.at(-1);
    const args = ["services", "try", "billing", "GET", "/billing/a?b=c", "--application", "web", "-H", "x-a: b"];
    const tried = await developer.run(args);
    expect(tried).toMatchObject({ code: 0, stdout: "one", stderr: expect.stringMatching(/^200 in \d+ ms/) });
    expect(upstreamPath()).toMatchObject({ url: "/billing/a?b=c", headers: { "x-a": "b", "x-internal": SECRET } });
    expect(upstreamPath()?.headers["x-api-key"]).toBeUndefined();
    // The same key again, at once.
    expect(await developer.json(...args)).toMatchObject({ status: 200, body: "one", body_truncated: false });
    expect((await publisher.run(args)).code).toBe(EXIT.refused);
    const rotated = await developer.json("keys", "rotate", id, "--application", "web", "--overlap", "0");
    await tidegate.waitFor("the end of the old key", async () => (await call()).status === 401);
    const second = await fetch(`${tidegate.url}/billing`, { headers: { "x-api-key": rotated.key } });
    expect(await second.text()).toBe("one");
    await developer.do("keys", "revoke", rotated.id, "--application", "web");
    const keys = await developer.do("keys", "list", "--application", "web");
    expect(keys).toMatch(/till +tg_\S+… +revoked/);
    expect(keys).not.toContain(rotated.key);
  });

  it("looks after credentials of all kinds, and after whose tokens are believed", async () => {
    const web = ["--application", "web"];
    const password = (await developer.do("credentials", "create", ...web, "--username", "till-7")).trim();
    expect(password).toMatch(/^tgb_\w{40}$/);
    const call = async (word: string) => {
      const authorization = `Basic ${Buffer.from(`till-7:${word}`).toString("base64")}`;
      return (await fetch(`${tidegate.url}/billing`, { headers: { authorization } })).status;
    };
    await tidegate.waitFor("the password to be known", async () => (await call(password)) === 200);
    const [{ id }] = (await developer.json("credentials", "list", ...web)).filter(
      ({ kind }: { kind: string }) => kind === "basic",
    );
    const given = "a-password-of-more-than-20-characters";
    const rotated = await developer.run(["credentials", "rotate", id, ...web, "--overlap", "0", "--secret-stdin"], {
      input: `${given}\n`,
    });
    expect(rotated).toMatchObject({ code: 0, stdout: "", stderr: expect.stringMatching(/^basic credential .*till-7/) });
    await tidegate.waitFor("the new password", async () => (await call(given)) === 200);
    expect(await call(password)).toBe(401);

    writeFileSync(join(folder, "issuer.secret"), "a-secret-of-the-issuer-0123456789-0123456789-0123456789\n");
    const issuer = ["corp", "--issuer", "corp", "--algorithm", "HS256", "--secret-file", "issuer.secret"];
    expect((await developer.run(["token-issuers", "create", ...issuer])).code).toBe(EXIT.refused);
    await admin.do("token-issuers", "create", ...issuer);
    expect(await admin.do("token-issuers", "list")).toMatch(/corp +corp +HS256 +1 key/);
    const tokens = ["--issuer", "corp", "--claim", "azp", "--value", "till", "desk"];
    await developer.do("credentials", "create", ...web, "--name", "tokens", ...tokens);
    expect((await admin.run(["token-issuers", "delete", "corp"])).code).toBe(EXIT.conflict);
    const updated = ["--algorithm", "HS384", "--audience", "till", "--forward-token"];
    expect(await admin.do("token-issuers", "update", "corp", ...updated)).toMatch(/corp +corp +HS384 +1 key/);
    const open = await admin.json("token-issuers", "update", "corp", "--any-audience", "--no-forward-token");
    expect(open).toMatchObject({ algorithms: ["HS384"], audiences: [], forward_token: false });

    const unclear = await developer.run(["credentials", "create", ...web, "--username", "a", "--key-id", "b"]);
    expect(unclear).toMatchObject({ code: EXIT.usage, stderr: expect.stringContaining("is of one kind") });
    const made = await developer.json(
      "credentials",
      "create",
      ...web,
      "--san",
      "spiffe://a",
      "--address",
      "10.0.0.0/8",
    );
    const args = ["credentials", "update", made.id, ...web, "--any-address", "--expires", "2100-01-31"];
    expect(await developer.json(...args)).toMatchObject({ addresses: [], expires_at: "2100-01-31T00:00:00.000Z" });
    const list = await developer.do("credentials", "list", ...web);
    expect(list).toMatch(/mtls +main +spiffe:\/\/a +active +- +2100-01-31 00:00/);
    expect(list).toMatch(/jwt +tokens +corp: azp = till, desk +active/);
    for (const one of await developer.json("credentials", "list", ...web)) {
      if (one.kind !== "api-key") await developer.do("credentials", "revoke", one.id, ...web);
    }
    expect(await developer.do("keys", "list", ...web)).not.toMatch(/spiffe|till-7/);
    await admin.do("token-issuers", "delete", "corp");
  });

  it("exports what changes nothing when it is applied", async () => {
    const { code, stdout, stderr } = await admin.run(["export"]);
    expect(code).toBe(0);
    expect(stdout).not.toContain(SECRET);
    expect(stderr.match(/^ {2}\w+$/gm)).toEqual([
      "  BILLING_REQUEST_HEADERS_SET_X_INTERNAL",
      "  BATCH_POLICIES_RESPONSE_HEADERS_SET_X_BATCH",
    ]);
    const { applications } = await admin.json("export");
    expect(JSON.stringify(applications)).toContain(`"x-batch":"(hidden)"`);
    const env = { BILLING_REQUEST_HEADERS_SET_X_INTERNAL: SECRET, BATCH_POLICIES_RESPONSE_HEADERS_SET_X_BATCH: SECRET };
    const again = await admin.run(["apply", "-f", "-", "--prune"], { input: stdout, env });
    expect(again).toMatchObject({ code: 0, stdout: expect.stringMatching(/^nothing to do: 7 unchanged\n$/) });
    await admin.do("export", "--team", "shop", "-o", "exported.yaml");
    expect(readFileSync(join(folder, "exported.yaml"), "utf8")).toMatch(
      /^version: 1\nteams:\n {2}- id: shop\n {4}policies:\n {6}limits:\n {8}- requests: 5000\n {10}window: 1h\nservices: \[\]/,
    );
  });

  it("applies and exports credentials and token issuers, without any secret", async () => {
    write("credentials.yaml", CREDENTIALS);
    write("corp.secret", "canary-secret-of-the-issuer-0123456789\n");
    const secrets = {
      CRON_PASSWORD: "canary-password-0123456789",
      SIGNING_SECRET: "canary-signing-0123456789-0123456789",
    };
    const args = ["apply", "-f", "credentials.yaml"];
    const apply = async (env: Record<string, string>, ...more: string[]) => {
      const { code, stdout, stderr } = await admin.run([...args, ...more], { env });
      expect(stdout + stderr).not.toContain("canary-");
      return { code, stdout, stderr };
    };
    const missing = await apply({ SIGNING_SECRET: secrets.SIGNING_SECRET });
    expect(missing).toMatchObject({
      code: EXIT.configuration,
      stderr: expect.stringContaining("CRON_PASSWORD is not set"),
    });
    const made = await apply(secrets);
    expect(made.stdout).toMatch(/create token issuer corp\n[\s\S]*create credential desk: user desk-cron/);
    expect(sumOf(made.stdout)).toBe("8 to add, 0 to change, 0 to publish, 0 to remove, 0 unchanged");
    expect((await apply(secrets, "--dry-run", "--exit-code")).stdout).toMatch(/^nothing to do: 8 unchanged/);
    const call = async (password: string) => {
      const authorization = `Basic ${Buffer.from(`desk-cron:${password}`).toString("base64")}`;
      return (await fetch(`${tidegate.url}/billing`, { headers: { authorization } })).status;
    };
    // Known, and without a subscription.
    await tidegate.waitFor("the password to be known", async () => (await call(secrets.CRON_PASSWORD)) === 403);

    const next = { ...secrets, CRON_PASSWORD: "canary-another-password-0123456789" };
    const rotated = await apply(next);
    expect(rotated.stdout).toMatch(/rotate credential desk: user desk-cron.*\n +~ password: \(hidden\) → \(hidden\)/);
    await tidegate.waitFor("the new password to be known", async () => (await call(next.CRON_PASSWORD)) === 403);
    expect(await call(secrets.CRON_PASSWORD)).toBe(403);

    const exported = await admin.run(["export", "--team", "tills"]);
    const all = await admin.run(["export"]);
    for (const { stdout, stderr } of [exported, all]) expect(stdout + stderr).not.toContain("canary-");
    expect(JSON.stringify(await admin.json("export"))).not.toContain("canary-");
    expect(exported.stdout).toContain(`password: "\${DESK_DESK_CRON_PASSWORD:-}"`);
    expect(all.stdout).toContain(`secret: "\${CORP_KEY_K:-}"`);
    expect(all.stderr).toContain("application desk, user desk-cron: its password is in no export");
    const names = (all.stderr.match(/^ {2}\w+$/gm) ?? []).map((name) => name.trim());
    const env = Object.fromEntries(names.map((name) => [name, SECRET]));
    const again = await admin.run(["apply", "-f", "-", "--dry-run", "--exit-code"], { input: all.stdout, env });
    expect(again).toMatchObject({ code: 0, stdout: expect.stringMatching(/^nothing to do/) });

    write("credentials.yaml", CREDENTIALS.replace(/ +- \{ (mtls|jwt|hmac).*\n/g, ""));
    const fewer = await apply(next, "--prune", "--yes");
    expect(sumOf(fewer.stdout)).toBe("0 to add, 0 to change, 0 to publish, 3 to remove, 5 unchanged");
    expect(fewer.stdout).toContain("revoke credential desk: key id desk-1");
    await admin.do("token-issuers", "delete", "corp");
    write(
      "credentials.yaml",
      `version: 1\napplications: [{ id: desk, team: tills, credentials: [{ basic: { username: other } }] }]`,
    );
    const refused = await admin.run(args);
    expect(refused).toMatchObject({ code: EXIT.conflict, stderr: expect.stringContaining("`password` is missing") });
    const signedIn = await AdminClient.at(tidegate.adminUrl).signIn(admin.email, PASSWORD);
    await signedIn.do("DELETE", "/applications/desk");
    await signedIn.do("DELETE", "/teams/tills");
    await admin.do("token-issuers", "delete", "login");
  });

  it("applies and exports what is the organisation's, and the terms of subscriptions, without any secret", async () => {
    write("organisation.yaml", ORGANISATION);
    const args = ["apply", "-f", "organisation.yaml"];
    const plan = await admin.json(...args);
    expect(plan.steps.map(({ what }: { what: string }) => what)).toEqual([
      "change organisation policies",
      "create identity provider acme",
      "change terms of subscription web → billing",
    ]);
    expect(await admin.do(...args, "--dry-run", "--exit-code")).toMatch(/nothing to do/);
    // The service's team alone may say what holds for its callers, and the organisation's owners what is theirs.
    const theirs = await developer.run(args);
    expect(theirs).toMatchObject({
      code: EXIT.conflict,
      stderr: expect.stringMatching(/policies: they are not yours/),
    });

    const { stdout, stderr } = await admin.run(["export"]);
    expect(stdout).not.toContain(SECRET);
    expect(stderr).toContain("identity provider acme: its client secret is in no export");
    expect(stdout).toContain(`client_secret: "\${ACME_CLIENT_SECRET:-}"`);
    expect(JSON.stringify(await admin.json("export"))).not.toContain(SECRET);
    const names = (stderr.match(/^ {2}\w+$/gm) ?? []).map((name) => name.trim());
    expect(names).toContain("WEB_BILLING_POLICIES_REQUEST_HEADERS_SET_X_CALLER");
    const env = Object.fromEntries(names.map((name) => [name, SECRET]));
    const apply = (more: object) =>
      admin.run(["apply", "-f", "-", "--exit-code", "--dry-run"], { input: stdout, env: { ...env, ...more } });
    expect((await apply({})).stdout).toMatch(/^nothing to do/);
    expect((await apply({ ACME_CLIENT_SECRET: SECRET })).stdout).toMatch(/^nothing to do/);
    const another = await apply({ ACME_CLIENT_SECRET: "another-canary" });
    expect(another.stdout).toContain("~ client_secret: (hidden) → (hidden)");
    expect(another.stdout).not.toContain("another-canary");
  });

  it("changes what was edited, removes what was taken out, and only when told to", async () => {
    write("finance.yaml", finance(upstreams[1], "All invoices").replace(/ {2}- \{ id: ledger.*\n/, ""));
    write("shop.yaml", SHOP.replace(/ {2}- \{ id: batch.*\n/, ""));
    const args = ["apply", "-f", "finance.yaml", "-f", "shop.yaml"];
    const dry = await admin.do(...args, "--dry-run");
    expect(sumOf(dry)).toBe("0 to add, 1 to change, 1 to publish, 0 to remove, 4 unchanged");
    expect(dry).toContain(`~ upstream.targets[0].url: "${upstreams[0].url}" → "${upstreams[1].url}"`);
    expect(dry).toContain("not in the files, removed with --prune: application batch, service ledger");
    const unasked = await admin.run([...args, "--prune"]);
    expect(unasked).toMatchObject({
      code: EXIT.usage,
      stderr: expect.stringContaining("give --yes; nothing was changed"),
    });

    const plan = await admin.json(...args, "--prune", "--yes");
    expect(plan.complete).toBe(true);
    expect(plan.steps.map(({ what, done }: { what: string; done: boolean }) => `${what} ${done}`)).toEqual([
      "change service billing true",
      `publish service billing: for ${upstreams[1].port} true`,
      "delete application batch with its keys and subscriptions true",
      "delete service ledger true",
    ]);
    expect(await admin.do(...args, "--prune")).toMatch(/nothing to do: 5 unchanged/);
    expect((await admin.json("services", "list")).map(({ id }: { id: string }) => id)).toEqual(["billing"]);
  });

  it("tells releases apart, and goes back to one", async () => {
    const [between, ahead, none] = await Promise.all([
      publisher.do("releases", "diff", "billing", "1", "2"),
      publisher.do("releases", "diff", "billing"),
      publisher.run(["releases", "diff", "billing", "1", "9"]),
    ]);
    expect(between).toBe(
      `from release 1 to release 2\n  ~ upstream.targets[0].url: "${upstreams[0].url}" → "${upstreams[1].url}"\n`,
    );
    expect(ahead).toBe("the draft is the same as release 2\n");
    expect(none).toMatchObject({ code: EXIT.refused, stderr: "tidegate: service billing has no release 9\n" });
    const asPublisher = await AdminClient.at(tidegate.adminUrl).signIn(publisher.email, PASSWORD);
    const openapi = (path: string) =>
      `openapi: 3.1.0\ninfo: { title: Billing, version: 1.0.0 }\npaths: { ${path}: { get: { responses: { "200": { description: ok } } } } }\n`;
    await asPublisher.do("PATCH", "/services/billing", { openapi: openapi("/invoices") });
    expect(await publisher.do("releases", "diff", "billing")).toMatch(
      /^from release 2 to the draft\n {2}OpenAPI: 0 breaking of 1 changes\n {2}compatible path-added path \/invoices added /,
    );
    await asPublisher.do("POST", "/services/billing/publish", { note: "invoices" });
    await asPublisher.do("PATCH", "/services/billing", { openapi: openapi("/bills") });
    expect(await publisher.do("releases", "diff", "billing")).toMatch(
      /^ {2}OpenAPI: 1 breaking of 2 changes\n {2}breaking path-removed path \/invoices .*\n {2}compatible path-added path \/bills /m,
    );
    const tried = ["releases", "canary", "billing", "1"];
    expect((await publisher.run(tried)).stderr).toContain("Give --percent, --header or both");
    expect((await publisher.run([...tried, "--percent", "101"])).code).toBe(EXIT.usage);
    expect(await publisher.do(...tried, "--percent", "2.5", "--header", "x-try=one")).toBe(
      "billing: 2.5 % of the calls, and those with x-try: one go to release 1\n",
    );
    const after = await publisher.json("services", "get", "billing");
    expect(after.canary).toEqual({ release: 1, percent: 2.5, header: { name: "x-try", value: "one" }, sticky: true });
    expect(await publisher.do("releases", "end-canary", "billing")).toMatch(/^billing: all calls go to release \d\n$/);
    await publisher.do("releases", "rollback", "billing", "1");
    expect(await publisher.do("releases", "list", "billing")).toMatch(/ 3 +nothing .*\n +2 +nothing .*\n +1 +current /);
  });

  it("looks after settings, tokens of machines, and webhooks", async () => {
    expect(await admin.do("settings", "set", "publish_needs_second_person=true", "idempotency_hours=12")).toMatch(
      /publish_needs_second_person +true\n[\s\S]*idempotency_hours +12\n/,
    );
    expect(await admin.json("settings", "set", "publish_needs_second_person=false")).toMatchObject({
      publish_needs_second_person: false,
      idempotency_hours: 12,
    });
    const unknown = await admin.run(["settings", "set", "publish=true"]);
    expect(unknown).toMatchObject({
      code: EXIT.refused,
      stderr: expect.stringContaining("publish_needs_second_person"),
    });
    expect((await admin.run(["settings", "set", "publish"])).code).toBe(EXIT.usage);
    // Fixed: a number with a nought before it was a crash.
    const nought = await admin.run(["settings", "set", "idempotency_hours=012"]);
    expect(nought).toMatchObject({ code: EXIT.refused, stderr: expect.stringContaining("idempotency_hours") });
    expect(nought.stderr).not.toContain("SyntaxError");

    const made = ["tokens", "create", "ci", "--team", "finance", "--role", "viewer", "--scope", "service.read"];
    const secret = (await admin.do(...made)).trim();
    const pipeline = new Person("nobody@example.org");
    const env = { TIDEGATE_TOKEN: secret, TIDEGATE_ADMIN_URL: tidegate.adminUrl };
    expect((await pipeline.run(["services", "list"], { env })).stdout).toContain("billing");
    const [{ id }] = await admin.json("tokens", "list", "--team", "finance");
    expect(await admin.do("tokens", "list", "--team", "finance")).toMatch(/ci +tgm_\w+… +viewer +\d{4}-/);
    expect(await admin.do("tokens", "revoke", id, "--team", "finance")).toBe(`revoked ${id}\n`);
    expect((await pipeline.run(["services", "list"], { env })).code).toBe(EXIT.noPermission);
    expect((await publisher.run(["tokens", "list"])).code).toBe(EXIT.usage);

    const url = `${upstreams[0].url}/hook`;
    const hook = ["webhooks", "create", url, "--team", "finance", "--event", "service.publish", "subscription.request"];
    expect((await admin.do(...hook)).trim()).toMatch(/^whsec_/);
    const [{ id: webhook }] = await admin.json("webhooks", "list");
    expect(await admin.do("webhooks", "test", webhook)).toContain("tidegate webhooks deliveries");
    await tidegate.waitFor("the ping to arrive", async () => {
      return /ping +delivered +1 /.test(await admin.do("webhooks", "deliveries", webhook, "--state", "delivered"));
    });
    const [{ id: delivery }] = await admin.json("webhooks", "deliveries", webhook);
    expect(await admin.do("webhooks", "redeliver", webhook, delivery)).toBe("ping is sent again\n");
    expect(await admin.do("webhooks", "disable", webhook)).toBe("main is disabled\n");
    expect(await admin.do("webhooks", "list")).toMatch(/finance +main +\S+ +service.publish subscription.request +no/);
    await admin.do("webhooks", "delete", webhook);
    expect(await admin.json("webhooks", "list")).toEqual([]);
  });

  it("says what was done and what was not when something fails on the way", async () => {
    const rival = `  - { id: rival, team: finance, publish: true, routes: [{ path: /billing }], upstream: { targets: [{ url: "${upstreams[0].url}" }] } }`;
    const last = "  - { id: zeta, team: finance }";
    write("rival.yaml", `version: 1\nservices:\n${rival}\n${last}\n`);
    const { code, stderr } = await publisher.run(["apply", "-f", "rival.yaml"]);
    expect(code).toBe(EXIT.conflict);
    expect(stderr).toBe(
      [
        "tidegate: rival.yaml:3:11 publish service rival: /billing is a route of service billing already: a call could go to either",
        "done:",
        "  create service rival",
        "not done:",
        "  publish service rival",
        "  create service zeta",
        "",
      ].join("\n"),
    );
    const blocked = "version: 1\nservices: [{ id: billing, team: shop }]\n";
    const [bad, { code: refused, stderr: why }] = await Promise.all([
      publisher.run(["apply", "-f", "-"], { input: "version: 1\nservces: []\n" }),
      admin.run(["apply", "-f", "-"], { input: blocked }),
    ]);
    expect(bad).toMatchObject({ code: EXIT.configuration, stderr: expect.stringContaining("(standard input):2:1") });
    expect(refused).toBe(EXIT.conflict);
    expect(why).toMatch(/^\(standard input\):2:18 service billing: it belongs to team finance/);
  });

  it("drops what is stored of a service", async () => {
    expect(await publisher.do("services", "purge-cache", "billing")).toContain("billing: stored answers are dropped");
    const missing = await publisher.run(["services", "purge-cache", "nothing"]);
    expect(missing).toMatchObject({ code: EXIT.refused });
  });

  it("shows the calls of one's teams and to their services", async () => {
    const found = await waitFor(async () => {
      const calls = await publisher.json("calls", "list", "--service", "billing", "--since", "1h", "-n", "5");
      return calls.length > 0 ? calls : null;
    }, "a call in the log");
    expect(found.at(-1)).toMatchObject({ service: "billing", status: expect.any(Number) });
    const { id, path } = found.at(-1);
    expect(await publisher.do("calls", "list", "--service", "billing")).toMatch(new RegExp(`${path} .*${id}\\n`));
    expect(await publisher.do("calls", "get", id)).toMatch(/^id +[0-9a-z]{26}\n[\s\S]*\nservice +billing\n/);
    const unlike = await publisher.run(["calls", "list", "--status", "9xx"]);
    expect(unlike).toMatchObject({ stderr: expect.stringContaining("expected a status such as 429, 5xx or 400-499") });
    expect(unlike.code).not.toBe(0);
  });

  it("ends a service, but not while somebody may call it", async () => {
    await publisher.do(
      "services",
      "deprecate",
      "billing",
      "--sunset",
      "2030-01-01",
      "--link",
      "https://example.org/v2",
    );
    expect(await publisher.json("services", "get", "billing")).toMatchObject({
      state: "deprecated",
      sunset_at: "2030-01-01T00:00:00.000Z",
    });
    const held = await publisher.run(["services", "retire", "billing"]);
    expect(held).toMatchObject({ code: EXIT.conflict, stderr: expect.stringContaining("web (shop)") });
    await publisher.do("services", "retire", "billing", "--force");
  });

  it("shows what happened, follows it, and checks that nobody altered it", async () => {
    expect(await admin.do("audit", "--action", "service.retire")).toMatch(
      /pat@example\.org.*service\.retire +service billing/,
    );
    const [verdict, all] = await Promise.all([admin.do("audit", "verify"), admin.run(["audit", "export"])]);
    expect(verdict).toMatch(/^intact +yes\n/);
    const lines = all.stdout.trim().split("\n");
    expect(lines.map((line) => JSON.parse(line).action)).toContain("service.publish");

    const child = spawn(process.execPath, [CLI, "audit", "--follow", "--json", "-n", "1"], { env: admin.environment });
    try {
      const seen = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
      await seen.next();
      await admin.do("users", "disable", developer.email);
      expect(JSON.parse((await seen.next()).value)).toMatchObject({ action: "user.update", after: { disabled: true } });
    } finally {
      child.kill("SIGINT");
    }
  });

  it("adds providers and models, tests them, and has them served within a second", async () => {
    const key = "sk-canary-provider-of-the-cli";
    const fake = await startUpstream((request, response) => {
      const isGood = request.headers.authorization === `Bearer ${key}`;
      response.writeHead(isGood ? 200 : 401, { "content-type": "application/json" });
      const message = { role: "assistant", content: "hello" };
      const answer = { id: "c", object: "chat.completion", choices: [{ index: 0, message, finish_reason: "stop" }] };
      response.end(JSON.stringify(isGood ? answer : { error: { message: "no" } }));
    });
    const status = async () => (await tidegate.chat({ model: "quick" })).status;
    try {
      const address = ["--base-url", `${fake.url}/v1`, "--key-stdin"];
      const create = ["providers", "create", "mine", "--kind", "openai-compatible", ...address];
      expect((await publisher.run(create, { input: key })).code).toBe(EXIT.refused);
      const made = await admin.run(create, { input: `${key}\n` });
      expect(made).toMatchObject({ code: EXIT.ok, stdout: expect.stringMatching(/key-1 +value +sk-….cli/) });
      expect(await admin.do("providers", "list")).toMatch(/mine +openai-compatible +http\S+ +1 +database/);
      expect(await admin.do("providers", "test", "mine")).toMatch(/key-1 +ok/);
      const wrong = ["providers", "keys", "create", "mine", "--id", "bad", "--priority", "2", "--key-stdin"];
      await admin.run(wrong, { input: "sk-wrong" });
      const failing = await admin.run(["providers", "test", "mine"]);
      expect(failing).toMatchObject({ code: EXIT.failed, stdout: expect.stringMatching(/bad +unauthorized/) });
      const changed = await admin.json("providers", "keys", "update", "mine", "bad", "--weight", "0");
      expect(changed).toMatchObject({ weight: 0, priority: 2, revision: 2 });
      await admin.do("providers", "keys", "delete", "mine", "bad");
      const route = await admin.do("models", "create", "quick", "--target", "mine/some-model=3");
      const madeAt = performance.now();
      expect(route).toMatch(/quick +failover +mine\/some-model=3/);
      await tidegate.waitFor("the new model", async () => (await status()) === 200);
      expect(performance.now() - madeAt).toBeLessThan(1_000);
      await admin.run(["providers", "keys", "create", "mine", "--id", "worse", "--key-stdin"], { input: "sk-wrong" });
      await tidegate.waitFor("the key that is refused", async () => {
        expect([await status(), await status()]).toEqual([200, 200]);
        return /worse +out +\S+ \S+ +401: 1\n/.test(await admin.do("providers", "keys", "states", "mine"));
      });
      const states = await admin.json("providers", "keys", "states", "mine");
      expect(states).toMatchObject([{ key: "key-1", state: "ready", tried_again_at: null }, { state: "out" }]);
      expect((await admin.run(["providers", "delete", "mine"])).code).toBe(EXIT.conflict);
      await admin.do("models", "update", "quick", "--strategy", "weighted");
      expect(await admin.json("models", "show", "quick")).toMatchObject({ strategy: "weighted", revision: 2 });
      await admin.do("models", "delete", "quick");
      await admin.do("providers", "delete", "mine");
      expect(await admin.do("providers", "list")).toMatch(/simulated +simulated .* configuration/);
      const search = await admin.do("models", "search", "gpt-4o-mini", "--kind", "openai");
      expect(search).toMatch(/openai +gpt-4o-mini +128000 +0\.15 +0\.6/);
      expect(await admin.do("providers", "kinds")).toMatch(/bedrock +bedrock +region +value aws/);
      expect((await admin.run(["models", "create", "x", "--target", "nowhere"])).code).toBe(EXIT.usage);
    } finally {
      await fake.close();
    }
  });

  it("applies and exports providers and models, without any secret", async () => {
    const yaml = (key: string, priority: number) => `version: 1
providers:
  - id: lab
    kind: openai
    base_url: http://127.0.0.1:9/v1
    headers: { x-lab: "\${SECRET}" }
    prices: { gpt-4o-mini: { input_mtok: 0.1 } }
    keys: [ { id: main, value: "${key}", priority: ${priority} } ]
models:
  - name: quick
    targets: [ { provider: lab, model: gpt-4o-mini, weight: 2 } ]
    timeouts: { total: 30s }
`;
    const apply = async (...args: string[]) => {
      const { code, stdout, stderr } = await admin.run(["apply", "-f", "lab.yaml", ...args]);
      expect(stdout + stderr).not.toMatch(/canary|sk-lab/);
      return { code, stdout };
    };
    write("lab.yaml", yaml("sk-lab-1", 0));
    const first = await apply();
    expect(first).toMatchObject({
      code: EXIT.ok,
      stdout: expect.stringMatching(/provider lab[\s\S]*model route quick/),
    });
    expect((await apply("--dry-run", "--exit-code")).code).toBe(EXIT.ok);
    write("lab.yaml", yaml("sk-lab-2", 1));
    expect((await apply("--dry-run", "--exit-code")).code).toBe(EXIT.differs);
    await apply();
    expect((await apply("--dry-run", "--exit-code")).code).toBe(EXIT.ok);
    expect(await admin.json("providers", "show", "lab")).toMatchObject({
      revision: 1,
      keys: [{ id: "main", priority: 1, revision: 2 }],
    });

    const exported = await admin.run(["export"]);
    expect(exported.stdout).not.toMatch(/canary|sk-lab/);
    expect(exported.stderr).toContain("provider lab: its keys are in no export");
    write("lab.yaml", exported.stdout);
    expect(JSON.stringify((await admin.json("export")).ai)).toContain(`"x-lab":"(hidden)"`);
    const names = (exported.stderr.match(/^ {2}\w+$/gm) ?? []).map((name) => name.trim());
    expect(names).toContain("LAB_HEADERS_X_LAB");
    const env = Object.fromEntries(names.map((name) => [name, SECRET]));
    const again = await admin.run(["apply", "-f", "lab.yaml", "--dry-run", "--exit-code"], { env });
    expect(again, again.stdout).toMatchObject({ code: EXIT.ok });
    write("lab.yaml", "version: 1\nproviders: [{ id: new, kind: openai, keys: [{ id: main }] }]\n");
    expect((await apply("--dry-run")).code).not.toBe(EXIT.ok);
    const idsOf = async (what: "providers" | "models") => {
      return (await admin.json(what, "list")).map(({ id, name }: { id?: string; name?: string }) => id ?? name);
    };
    write("lab.yaml", "version: 1\nproviders: []\nmodels: []\n");
    const kept = await apply();
    expect(kept.stdout).toContain("not in the files, removed with --prune: model route quick, provider lab");
    const pruned = await apply("--prune", "--yes");
    expect(pruned, pruned.stdout).toMatchObject({ code: EXIT.ok });
    expect(pruned.stdout).toMatch(/- delete model route quick\n- delete provider lab\n/);
    expect(await idsOf("providers")).not.toContain("lab");
    expect(await idsOf("models")).not.toContain("quick");
  });

  it("applies, exports, lists and explains an MCP server", async () => {
    const mcp = await startMcpServer();
    try {
      const file = `version: 1
teams: [{ id: agents }]
services:
  - id: crm
    team: agents
    kind: mcp
    approval: automatic
    publish: true
    routes: [{ path: /crm/mcp }]
    upstream: { targets: [{ url: "${mcp.url}" }] }
    policies: { tools: { deny: ["delete_*"] } }
applications:
  - id: agent
    team: agents
    policies: { tools: { allow: ["crm/*"] } }
    subscriptions: [{ service: crm, policies: { tools: { deny: [never] } } }]
`;
      write("crm.yaml", file);
      await admin.do("apply", "-f", "crm.yaml");
      const exported = await admin.do("export", "--team", "agents");
      expect(exported).toMatch(/kind: mcp/);
      const again = await admin.run(["apply", "-f", "-", "--dry-run"], { input: exported });
      expect(again.stdout).toMatch(/^nothing to do/m);
      write("wrong.yaml", file.replace("path: /crm/mcp", "path: /crm/mcp, methods: [POST]"));
      const wrong = await admin.run(["apply", "-f", "wrong.yaml"]);
      expect(wrong).toMatchObject({ code: EXIT.configuration, stderr: expect.stringContaining("leave `methods` out") });
      const kinds = (await admin.json("services", "list", "--kind", "mcp")) as { id: string; kind: string }[];
      expect(kinds).toMatchObject([{ id: "crm", kind: "mcp" }]);
      expect(await admin.do("services")).toMatch(/^crm +mcp +agents +published/m);

      const { key } = await admin.json("keys", "create", "--application", "agent");
      const call = (tool: string) => {
        const message = { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: tool } };
        const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
        return fetch(`${tidegate.url}/crm/mcp`, { method: "POST", headers, body: JSON.stringify(message) });
      };
      const refused = await waitFor(async () => {
        const answer = await call("delete_all");
        return answer.status === 403 ? answer : undefined;
      }, "the gateways' news");
      const { error } = (await refused.json()) as { error: { data: { code: string; request_id: string } } };
      expect(error.data.code).toBe("tool_not_allowed");
      const seen = () => admin.do("logs", "-n", "50");
      await waitFor(async () => ((await seen()).includes("tools/call delete_all") ? true : undefined), "its record");
      write("call.json", '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"never"}}');
      const explained = await admin.run([
        ...["explain", "POST", `${tidegate.url}/crm/mcp`, "--key", key],
        ...["--body-file", "call.json"],
      ]);
      expect(explained.stdout).toMatch(/refused: 403 tool_not_allowed/);
      expect(explained.stdout).toMatch(/tools of the subscription: deny never/);
      await admin.do("services", "retire", "crm", "--force");
    } finally {
      await mcp.close();
    }
  });

  it("gives an owner who lost theirs a new password while everything runs", async () => {
    const [other, nowhere] = await Promise.all([
      admin.run(["admin-password", "--email", "pat@example.org"]),
      admin.run(["admin-password"], { env: { TIDEGATE_HOME: join(folder, "nowhere") } }),
    ]);
    expect(other).toMatchObject({ code: EXIT.refused, stderr: expect.stringContaining("owners: admin@localhost") });
    const password = (await admin.do("admin-password")).trim();
    const before = await admin.run(["login", "--email", admin.email, "--password-stdin"], { input: PASSWORD });
    expect(before.code).toBe(EXIT.noPermission);
    await admin.signIn(password);
    expect(await admin.do("audit", "-n", "20")).toMatch(/system +user\.password_reset/);
    expect(nowhere).toMatchObject({ code: EXIT.dataDirectory, stderr: expect.stringContaining("no database at") });
  });

  it("signs out: the token is good for nothing then", async () => {
    const file = join(publisher.home, ".config/tidegate/credentials.json");
    const { token } = JSON.parse(readFileSync(file, "utf8")).servers[tidegate.adminUrl];
    expect(await publisher.do("logout")).toBe(`signed out at ${tidegate.adminUrl}\n`);
    expect((await AdminClient.at(tidegate.adminUrl).withToken(token).get("/session")).status).toBe(401);
    expect((await publisher.run(["services"])).code).toBe(EXIT.noPermission);
    expect(await publisher.json("logout")).toEqual({ url: tidegate.adminUrl, token: "none" });
    expect(readFileSync(file, "utf8")).not.toContain(token);
  });

  it("explains a wrong command line, also of a command within another", async () => {
    const [bare, unnamed, vague, away, help] = await Promise.all([
      admin.run(["services", "publish"]),
      admin.run(["keys", "create"]),
      admin.run(["services", "deprecate", "x", "--sunset", "soon"]),
      admin.run(["whoami", "--url", "http://127.0.0.1:1"]),
      admin.do("--help"),
    ]);
    expect(bare.code).toBe(EXIT.usage);
    expect(unnamed).toMatchObject({ code: EXIT.usage, stderr: expect.stringContaining("--application <id>") });
    expect(vague).toMatchObject({ code: EXIT.usage, stderr: expect.stringContaining("such as 2027-01-31") });
    expect(away).toMatchObject({ code: EXIT.unreachable, stderr: expect.stringContaining("connection refused") });
    for (const word of ["apply", "admin-password", "TIDEGATE_TOKEN", "79  conflict"]) expect(help).toContain(word);
  });
});
