import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { backUp, restore } from "../../../src/bootstrap/backup.ts";
import { EXIT } from "../../../src/bootstrap/exit-codes.ts";
import { verifyAudit } from "../../../src/control-plane/entities/audit.ts";
import { type Database, openDatabase } from "../../../src/control-plane/storage/database.ts";
import { ensureBuilt } from "../../helpers/build.ts";
import { runCli } from "../../helpers/cli.ts";
import { DATABASES, type DatabaseKind, PostgresCluster } from "../../helpers/databases.ts";
import { draftAt, OWNER, PASSWORD, TestPlane } from "../../helpers/test-plane.ts";

/** See `LEFT_OUT` of backup.ts, and what is Kysely's own. */
const NOT_KEPT = ["sessions", "idempotency", "changes", "kysely_migration", "kysely_migration_lock", "sqlite_sequence"];
const NOBODY = { debug() {}, info() {}, warn() {}, error() {}, child: () => NOBODY };

let folder: string;
let cluster: PostgresCluster;
let count = 0;

beforeAll(async () => {
  await ensureBuilt();
  folder = mkdtempSync(join(tmpdir(), "tidegate-backup-"));
  cluster = await PostgresCluster.shared();
}, 60_000);
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
});

const newFile = () => join(folder, `backup-${++count}.gz`);
/** Where a database of nothing is, or is to be. */
const newPlace = async (kind: DatabaseKind) => ({
  homeDirectory: mkdtempSync(join(folder, "home-")),
  env: kind === "postgres" ? { DATABASE_URL: await cluster.createDatabase() } : {},
});
type Place = Awaited<ReturnType<typeof newPlace>>;

async function withDatabase<Result>(
  { homeDirectory, env }: Place,
  use: (database: Database) => Promise<Result>,
): Promise<Result> {
  const url = "DATABASE_URL" in env ? env.DATABASE_URL : undefined;
  const database = await openDatabase({ url, homeDirectory, logger: NOBODY });
  return use(database).finally(() => database.close());
}

async function dump(database: Database): Promise<Record<string, unknown[]>> {
  const tables = await database.db.introspection.getTables();
  const kept = tables.map(({ name }) => name).filter((name) => !NOT_KEPT.includes(name));
  const dumped: Record<string, unknown[]> = {};
  for (const name of kept) {
    const { rows } = await sql<Record<string, unknown>>`select * from ${sql.table(name)}`.execute(database.db);
    const sorted = rows.map((row) => JSON.stringify(Object.entries({ ...row, compiled: null }).sort())).sort();
    dumped[name] = sorted;
  }
  return dumped;
}

/** A plane with something of everything. */
async function filledPlane(kind: DatabaseKind): Promise<TestPlane> {
  const test = await TestPlane.open(kind);
  const { owner } = test;
  await test.team("finance", "shop");
  await test.person("ada@example.org", { teams: { finance: "owner" } });
  await owner.do("PUT", "/roles/approver", { name: "Approver", scope: "team", permissions: ["service.read"] });
  await owner.do("POST", "/services", {
    id: "billing",
    team: "finance",
    approval: "automatic",
    draft: draftAt("/billing"),
  });
  await owner.do("PATCH", "/services/billing", {
    visibility: "organisation",
    documentation: "# Billing\n\n“é” \u0001",
  });
  await owner.do("POST", "/services/billing/publish", { note: "first" });
  await owner.do("POST", "/applications", { id: "web", team: "shop", name: "Web" });
  const keys = [{ secret: "canary-secret-of-the-issuer-0123456789" }];
  await owner.do("POST", "/token-issuers", { id: "corp", issuer: "corp", algorithms: ["HS256"], keys });
  await owner.do("POST", "/providers", {
    id: "own",
    kind: "openai",
    keys: [{ value: "canary-provider-key-0123456789" }],
  });
  await owner.do("POST", "/models", { name: "fast", targets: [{ provider: "own", model: "gpt-4o-mini" }] });
  const jwt = { issuer: "corp", claim: "azp", values: ["web"] };
  for (const kind of [{}, { basic: { username: "cron" } }, { hmac: { key_id: "web-1" } }, { jwt }]) {
    await owner.do("POST", "/applications/web/credentials", { name: "one", ...kind });
  }
  await owner.do("POST", "/subscriptions", { application: "web", service: "billing", reason: "invoices" });
  await owner.do("POST", "/webhooks", { team: null, name: "ours", url: "https://example.org/hook", events: ["*"] });
  await owner.do("POST", "/identity-providers", {
    id: "acme",
    name: "Acme",
    issuer: "https://idp.example.org",
    client_id: "tidegate",
    client_secret: "canary-client-secret",
  });
  const { items } = await owner.do("GET", "/users");
  const linked = { provider_id: "acme", user_id: items[0].id, issuer: "https://idp.example.org", subject: "ada" };
  await test.database.db
    .insertInto("identities")
    .values({ id: "ada-at-acme", ...linked, created_at: 1, last_sign_in_at: 1 })
    .execute();
  await owner.do("POST", "/me/tokens", { name: "laptop" });
  await owner.do("PATCH", "/settings", { publish_needs_second_person: true });
  // More than one page, and more than one insert.
  const values = Array.from({ length: 2_100 }, (_, i) => ({ key: `filler-${i}`, value: JSON.stringify(i) }));
  await test.database.db.insertInto("settings").values(values).execute();
  return test;
}

describe.each(DATABASES)("a backup of %s", (kind) => {
  let test: TestPlane;
  let source: Place;
  let file: string;

  beforeAll(async () => {
    test = await filledPlane(kind);
    source = { homeDirectory: test.home, env: test.url === undefined ? {} : { DATABASE_URL: test.url } };
    file = newFile();
    // Connections of the plane are open all the while.
    const progress: [number, number][] = [];
    await backUp({ ...source, file }, (...step) => progress.push(step));
    expect(progress.at(-1)?.[0]).toBe(progress[0]?.[1]);
  }, 60_000);
  afterAll(() => test.close());

  it.each(DATABASES)("brings everything back, in %s, and the audit trail goes on", async (target) => {
    const place = await newPlace(target);
    const progress: [number, number][] = [];
    const summary = await restore({ ...place, file }, (...step) => progress.push(step));
    expect(progress.at(-1)).toEqual([statSync(file).size, statSync(file).size]);
    expect(summary.tables).toMatchObject({ teams: 2, services: 1, releases: 1, settings: 2_101, webhooks: 1 });
    expect(summary.tables).toMatchObject({
      identity_providers: 1,
      identities: 1,
      providers: 1,
      provider_keys: 1,
      model_routes: 1,
    });
    await withDatabase(place, async (database) => {
      const restored = await dump(database);
      expect(Object.keys(restored).length).toBeGreaterThan(15);
      expect(restored).toEqual(await dump(test.database));
      const entry = await database.db
        .selectFrom("audit")
        .selectAll()
        .orderBy("sequence", "desc")
        .executeTakeFirstOrThrow();
      expect(await verifyAudit(database.db)).toMatchObject({ intact: true });
      const { sequence: _, ...next } = { ...entry, previous_hash: entry.hash, hash: "f".repeat(64) };
      await database.db.insertInto("audit").values(next).execute();
      const last = await database.db
        .selectFrom("audit")
        .select("sequence")
        .where("hash", "=", next.hash)
        .executeTakeFirst();
      expect(last?.sequence).toBe(entry.sequence + 1);
    });
  });

  it("is for its owner's eyes alone, whole or not there, and holds no secret in clear", () => {
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder).filter((name) => name.includes("partial"))).toEqual([]);
    const text = gunzipSync(readFileSync(file)).toString();
    expect(text).toContain(OWNER);
    expect(text).not.toMatch(/canary-client-secret|canary-secret-of-the-issuer/);
    for (const secret of [PASSWORD, "tg_", "whsec_"]) {
      // Prefixes of keys are kept to tell them apart; nothing longer is.
      for (const match of text.matchAll(new RegExp(`${secret}[\\w-]*`, "g"))) expect(match[0].length).toBeLessThan(14);
    }
  });

  it("never overwrites a file, and never adds to a database that is in use", async () => {
    const before = readFileSync(file);
    await expect(backUp({ ...source, file })).rejects.toMatchObject({ exitCode: EXIT.conflict });
    expect(readFileSync(file)).toEqual(before);
    const message = expect.stringContaining("the database is in use: there are rows in ");
    await expect(restore({ ...source, file })).rejects.toMatchObject({ exitCode: EXIT.conflict, message });
    expect((await test.owner.get("/services/billing")).status).toBe(200);
  });

  const lines = () => gunzipSync(readFileSync(file)).toString().trimEnd().split("\n");
  const summed = (kept: string[]) => {
    const body = kept.map((line) => `${line}\n`).join("");
    const sha256 = createHash("sha256").update(body).digest("hex");
    return `${body}${JSON.stringify({ end: true, rows: kept.length - 1, sha256 })}\n`;
  };
  const written = (bytes: Buffer | string) => {
    const path = newFile();
    writeFileSync(path, bytes);
    return path;
  };

  it.each<[string, () => string, string]>([
    [
      "is altered",
      () => written(gzipSync(gunzipSync(readFileSync(file)).toString().replace("invoices", "invoiced"))),
      "its sum is another",
    ],
    ["lacks its end", () => written(gzipSync(`${lines().slice(0, -1).join("\n")}\n`)), "its end is missing"],
    [
      "is cut",
      () => {
        const path = written(readFileSync(file));
        truncateSync(path, statSync(path).size - 2_000);
        return path;
      },
      "it can't be unpacked",
    ],
    ["is no backup", () => written(gzipSync('{"teams":[]}\n')), "no backup of Tidegate"],
    ["is not packed", () => written("hello\n"), "it can't be unpacked"],
    ["is empty", () => written(gzipSync("")), "no JSON"],
    [
      "names a migration that is not known",
      () => {
        const [head = "", ...rest] = lines().slice(0, -1);
        return written(gzipSync(summed([head.replace(/"[^"]+"\](?=,"createdAt)/, '"999-tomorrow"]'), ...rest])));
      },
      "newer Tidegate",
    ],
    [
      "names a table that is not known",
      () => written(gzipSync(summed([...lines().slice(0, -1), '["moons",{"id":1}]']))),
      "a table moons",
    ],
  ])("leaves nothing behind when it %s", async (_name, make, message) => {
    const place = await newPlace(kind);
    const failure = restore({ ...place, file: make() });
    await expect(failure).rejects.toMatchObject({
      exitCode: EXIT.configuration,
      message: expect.stringContaining(message),
    });
    const tables = await withDatabase(place, dump);
    expect(Object.values(tables).every((rows) => rows.length === 0)).toBe(true);
    // And the place is as good as new.
    await restore({ ...place, file });
  });

  it("of an older Tidegate is brought up to date", async () => {
    const [head = "", ...rest] = lines().slice(0, -1);
    const kept = rest.filter((line) => !/^\["identit/.test(line));
    const older = kept.map((line) => line.replace(/,"ruleset":null|,"role_from_groups":0/g, ""));
    expect(older).not.toEqual(kept);
    const place = await newPlace(kind);
    const olderHead = head.replace(',"007-rulesets","008-identity-providers"', "");
    await restore({ ...place, file: written(gzipSync(summed([olderHead, ...older]))) });
    const expected = { ...(await dump(test.database)), identities: [], identity_providers: [] };
    expect(await withDatabase(place, dump)).toEqual(expected);
  });
});

describe("tidegate backup and restore", () => {
  const run = (args: string[], { env, homeDirectory }: Place) =>
    runCli(args, { ...process.env, ...env, TIDEGATE_HOME: homeDirectory }, process.cwd());

  it("say what was done, and what is wrong", async () => {
    const test = await filledPlane("sqlite");
    const file = newFile();
    const source = { homeDirectory: test.home, env: {} };
    const made = await run(["backup", file], source);
    expect(made).toMatchObject({ code: 0, stderr: expect.stringContaining("Keep the master key") });
    expect(made.stdout).toMatch(
      /^\S+ holds 2 teams, 1 services, 1 applications, 1 subscriptions, 2 users; \d+ rows in all\n$/,
    );
    expect((await run(["backup", file], source)).code).toBe(EXIT.conflict);
    const empty = await newPlace("sqlite");
    expect(await run(["backup", newFile()], empty)).toMatchObject({
      code: EXIT.dataDirectory,
      stderr: expect.stringContaining("there is no database at"),
    });
    const restored = await run(["restore", file, "--json"], empty);
    expect(JSON.parse(restored.stdout)).toMatchObject({ file, tables: { teams: 2, users: 2 } });
    expect((await run(["restore", file], empty)).code).toBe(EXIT.conflict);
    expect((await run(["restore", `${file}.nowhere`], await newPlace("sqlite"))).code).toBe(EXIT.configuration);
    expect((await run(["backup", join(folder, "nowhere", "file.gz")], source)).code).toBe(EXIT.failed);
    await test.close();
  });
});
