import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { migrate, openDatabase } from "../../../src/control-plane/storage/database.ts";
import { migrationsFor } from "../../../src/control-plane/storage/migrations/index.ts";
import { DATABASES, POSTGRES_PASSWORD } from "../../helpers/databases.ts";
import { TestPlane } from "../../helpers/test-plane.ts";

const NOT_OURS = ["kysely_migration", "kysely_migration_lock"];

describe.each(DATABASES)("migrations, on %s", (kind) => {
  let test: TestPlane;

  beforeAll(async () => {
    test = await TestPlane.open(kind);
  });
  afterAll(() => test.close());

  /** Tables with their columns, without what SQLite and Kysely keep for themselves. */
  const schema = async () => {
    const tables = await test.database.db.introspection.getTables();
    return tables
      .filter(({ name }) => !NOT_OURS.includes(name))
      .map(({ name, columns }) => [name, columns.map((one) => `${one.name} ${one.dataType} ${one.isNullable}`).sort()])
      .sort();
  };

  it("goes up, down to nothing, and up to the same again", async () => {
    const before = await schema();
    expect(before.map(([name]) => name)).toEqual(
      expect.arrayContaining([
        "applications",
        "audit",
        "credentials",
        "releases",
        "services",
        "subscriptions",
        "users",
      ]),
    );
    await migrate(test.database, "down");
    expect(await schema()).toEqual([]);
    await migrate(test.database, "up");
    expect(await schema()).toEqual(before);
    await migrate(test.database, "up");
    const applied = await test.database.db.introspection.getTables({ withInternalKyselyTables: true });
    expect(applied.map(({ name }) => name)).toContain("kysely_migration");
    const { getMigrations } = migrationsFor(kind);
    expect(Object.keys(await getMigrations())).toEqual([
      "001-initial",
      "002-audit-guards",
      "003-webhooks",
      "004-changes",
      "005-compiled-releases",
      "006-subscription-limits",
      "007-rulesets",
      "008-identity-providers",
      "009-policies",
      "010-cache-purges",
      "011-session-origins",
      "012-own-keys",
      "013-credentials",
      "014-providers",
    ]);
  });

  it("bug: with SQLite, a migration that was broken off left half of itself, and no later start could go on", async () => {
    await migrate(test.database, "down");
    // In the way of a migration that is not the first.
    await test.run("create table webhooks (id text)");
    await expect(migrate(test.database, "up")).rejects.toThrow(/webhooks/);
    const left = await test.database.db.introspection.getTables();
    expect(left.map(({ name }) => name).filter((name) => !NOT_OURS.includes(name))).toEqual(["webhooks"]);
    await test.run("drop table webhooks");
    await migrate(test.database, "up");
  });

  it("keeps keys, and nothing that would be taken for one, when it goes down past the other kinds of credentials", async () => {
    const { db } = test.database;
    const team = { id: "brief", name: "B", description: "", created_at: 1, revision: 1 };
    await db.insertInto("teams").values(team).execute();
    const web = { id: "brief", team_id: "brief", name: "W", description: "", limits: "[]", created_at: 1, revision: 1 };
    await db.insertInto("applications").values(web).execute();
    const common = {
      application_id: "brief",
      name: "n",
      created_by: "o",
      created_at: 1,
      expires_at: null,
      revoked_at: null,
    };
    const key = { ...common, id: "key", kind: "api-key" as const, prefix: "tg_", digest: "a" };
    const user = { ...common, id: "user", kind: "basic" as const, prefix: "", digest: "b", details: "{}" };
    const signer = { ...common, id: "signer", kind: "hmac" as const, prefix: "", digest: null, details: "{}" };
    for (const row of [key, user, signer]) await db.insertInto("credentials").values(row).execute();
    await migrate(test.database, { upTo: "012-own-keys" });
    const rows = async () => await db.selectFrom("credentials").select(["id", "digest", "prefix"]).execute();
    expect(await rows()).toEqual([{ id: "key", digest: "a", prefix: "tg_" }]);
    await expect(test.run("update credentials set digest = null")).rejects.toThrow();
    await migrate(test.database, "up");
    expect(await rows()).toEqual([{ id: "key", digest: "a", prefix: "tg_" }]);
    await db.deleteFrom("applications").where("id", "=", "brief").execute();
    expect(await rows()).toEqual([]);
    await db.deleteFrom("teams").where("id", "=", "brief").execute();
  });

  it("goes up with what is there, and keeps it", async () => {
    const row = { id: "kept", name: "Kept", description: "", created_at: 1, revision: 1 };
    await test.database.db.insertInto("teams").values(row).execute();
    await migrate(test.database, "up");
    expect(await test.database.db.selectFrom("teams").selectAll().execute()).toMatchObject([row]);
  });
});

describe("a database that can't be opened", () => {
  const logger = { debug() {}, info() {}, warn() {}, error() {}, child: () => logger };

  it.each([
    ["mysql://root:canary-password@localhost/x", "DATABASE_URL must be postgres://"],
    ["postgres://tidegate:canary-password@127.0.0.1:1/x", "the database at 127.0.0.1:1/x can't be used"],
  ])("says which, without its password: %#", async (url, message) => {
    const opening = openDatabase({ url, homeDirectory: "/nowhere", logger });
    const error: unknown = await opening.then(
      () => null,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(Error);
    const text = error instanceof Error ? `${error.message} ${error.stack} ${JSON.stringify(error.cause)}` : "";
    expect(text).toContain(message);
    expect(text).not.toContain("canary-password");
    expect(text).not.toContain(POSTGRES_PASSWORD);
  });

  it("names the file of SQLite", async () => {
    const opening = openDatabase({ url: undefined, homeDirectory: "/nowhere/at/all", logger });
    await expect(opening).rejects.toThrow("/nowhere/at/all/tidegate.db can't be opened");
  });
});
