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
    ]);
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
