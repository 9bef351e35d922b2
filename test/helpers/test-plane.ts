import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sql } from "kysely";
import type { Logger } from "../../src/contracts/logger.ts";
import { SYSTEM } from "../../src/control-plane/access/actor.ts";
import { createAdminApp } from "../../src/control-plane/admin-api/app.ts";
import { createFirstUser } from "../../src/control-plane/entities/users.ts";
import { Plane, type PlaneOptions } from "../../src/control-plane/plane.ts";
import { type Database, openDatabase } from "../../src/control-plane/storage/database.ts";
import { createLinter } from "../../src/governance/linting/lint-openapi.ts";
import { Sealer } from "../../src/platform/seal.ts";
import { AdminClient } from "./admin-client.ts";
import { type DatabaseKind, PostgresCluster } from "./databases.ts";

export const PASSWORD = "correct horse battery";
export const OWNER = "owner@example.org";
/** Tests make many people, and sign them in: sign-in.test.ts looks at what a password costs elsewhere. */
const PASSWORD_COST = { memoryKib: 64, passes: 1 };

export type Dump = Record<string, Record<string, unknown>[]>;

/** One for all planes of a process: to load Spectral takes longer than to lint. Its thread ends when it has nothing to do. */
const LINTER = createLinter({ tasksDirectory: new URL("../../dist/bundle/workers/tasks/", import.meta.url) });

/** The control plane in this process: a database of its own, a clock that the test turns, and its log. */
export class TestPlane {
  readonly plane: Plane;
  readonly database: Database;
  readonly app: ReturnType<typeof createAdminApp>;
  /** Signed in as the first user, an owner of the organisation. */
  owner: AdminClient;
  nowMs = Date.UTC(2026, 0, 1);
  readonly keys = [randomBytes(32)];
  /** JSON lines. */
  readonly log: string[] = [];
  readonly url: string | undefined;
  readonly home: string;
  static async open(kind: DatabaseKind, options: Partial<PlaneOptions> = {}): Promise<TestPlane> {
    const url = kind === "postgres" ? await newPostgresDatabase() : undefined;
    const home = mkdtempSync(join(tmpdir(), "tidegate-plane-"));
    const log: string[] = [];
    const database = await openDatabase({ url, homeDirectory: home, logger: loggerTo(log) });
    const test = new TestPlane(database, url, home, log, options);
    await createFirstUser(test.plane, SYSTEM, OWNER, PASSWORD);
    test.owner = await test.client().signIn(OWNER, PASSWORD);
    return test;
  }

  private constructor(
    database: Database,
    url: string | undefined,
    home: string,
    log: string[],
    options: Partial<PlaneOptions>,
  ) {
    this.database = database;
    this.url = url;
    this.home = home;
    this.log = log;
    const sealer = new Sealer(this.keys);
    const nowMs = () => this.nowMs;
    const own = { database, sealer, logger: loggerTo(log), nowMs, linter: LINTER };
    this.plane = new Plane({ ...own, passwordCost: PASSWORD_COST, ...options });
    this.app = createAdminApp(this.plane);
    this.owner = this.client();
  }

  /** Somebody who is not signed in. */
  client(remoteAddress = "192.0.2.1"): AdminClient {
    return new AdminClient(async (path, init) => this.app.request(path, init, { remoteAddress }));
  }

  /** The owner, signed in anew: the clock was turned far. */
  again(): Promise<AdminClient> {
    return this.client().signIn(OWNER, PASSWORD);
  }

  async team(...ids: string[]): Promise<void> {
    for (const id of ids) await this.owner.do("POST", "/teams", { id, name: id });
  }

  /** Made by the owner; resolves to the id. */
  async user(email: string, { role = "member", teams = {} }: UserRoles = {}): Promise<string> {
    const { id } = await this.owner.do("POST", "/users", { email, name: email, role, password: PASSWORD });
    for (const [team, teamRole] of Object.entries(teams)) {
      await this.owner.do("PUT", `/teams/${team}/members/${id}`, { role: teamRole });
    }
    return id;
  }

  /** The same, signed in. */
  async person(email: string, roles: UserRoles = {}): Promise<AdminClient> {
    await this.user(email, roles);
    return this.client().signIn(email, PASSWORD);
  }

  /** All rows of all tables. */
  async dump(): Promise<Dump> {
    const tables = await this.database.db.introspection.getTables();
    const dump: Dump = {};
    for (const { name } of tables) {
      const { rows } = await sql<Record<string, unknown>>`select * from ${sql.table(name)}`.execute(this.database.db);
      dump[name] = rows.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
    }
    return dump;
  }

  /** Past all rules of the control plane. */
  async run(text: string): Promise<void> {
    await sql.raw(text).execute(this.database.db);
  }

  async close(): Promise<void> {
    await this.database.close();
    rmSync(this.home, { recursive: true, force: true });
  }
}

let template: Promise<string> | null = null;

/** With all tables: they are made once for all files that a worker runs. */
async function newPostgresDatabase(): Promise<string> {
  const cluster = await PostgresCluster.shared();
  template ??= makeTemplate(cluster);
  return cluster.createDatabase(await template);
}

async function makeTemplate(cluster: PostgresCluster): Promise<string> {
  const url = await cluster.createDatabase();
  const database = await openDatabase({ url, homeDirectory: tmpdir(), logger: loggerTo([]) });
  await database.close();
  return new URL(url).pathname.slice(1);
}

interface UserRoles {
  role?: string;
  teams?: Record<string, string>;
}

export function draftAt(path: string, more: object = {}): Record<string, unknown> {
  return { routes: [{ path }], upstream: { targets: [{ url: "http://127.0.0.1:9001" }] }, ...more };
}

function loggerTo(lines: string[]): Logger {
  const write = (level: string) => (fields: object, message: string) => {
    lines.push(JSON.stringify({ level, message, ...fields }, (_key, value) => errorText(value)));
  };
  const logger = { debug: write("debug"), info: write("info"), warn: write("warn"), error: write("error") };
  return { ...logger, child: () => loggerTo(lines) };
}

function errorText(value: unknown): unknown {
  return value instanceof Error ? { ...value, message: value.message, stack: value.stack } : value;
}
