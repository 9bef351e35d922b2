import { createHash } from "node:crypto";
import { mkdirSync } from "node:fs";
import type { Logger } from "../../src/contracts/logger.ts";
import type { ServiceSnapshot } from "../../src/contracts/snapshot.ts";
import { compiledText } from "../../src/control-plane/snapshot-source/compiled-release.ts";
import { type Database, openDatabase } from "../../src/control-plane/storage/database.ts";
import type { NewRow, Tables } from "../../src/control-plane/storage/tables.ts";
import { routeShapes } from "../../src/snapshot/route-shapes.ts";
import { readServiceDocument } from "../../src/snapshot/service-document.ts";
import { SMALL_PATH } from "./upstream.ts";

export interface LargeSizes {
  applications: number;
  services: number;
  routesPerService: number;
  /** Of each application. */
  subscriptions: number;
}

export const keyOf = (application: number): string => `tg_large_${application}_0123456789abcdefghijklmn`;
export const applicationOf = (index: number): string => `application-${String(index).padStart(6, "0")}`;
export const serviceOf = (index: number): string => `service-${String(index).padStart(6, "0")}`;
/** Of the application's first subscription. */
export const pathOf = (application: number, { services, subscriptions }: LargeSizes): string =>
  `/api/${serviceOf((application * subscriptions) % services)}/resource-0`;

/** Rows in one statement: SQLite bounds their parameters. */
const ROWS = 500;
const TEAMS = 100;
const LIMITS = JSON.stringify([{ requests: 1_000_000, window: "1m" }]);
const logger: Logger = { debug() {}, info() {}, warn() {}, error() {}, child: () => logger };

/** Writes a configuration into the database of a data directory, as the admin API would have it there in the end. */
export async function fillStore(homeDirectory: string, upstreamPort: number, sizes: LargeSizes): Promise<void> {
  mkdirSync(homeDirectory, { recursive: true });
  const database = await openDatabase({ url: undefined, homeDirectory, logger });
  try {
    await addTeams(database);
    await addServices(database, upstreamPort, sizes);
    await addApplications(database, sizes);
  } finally {
    await database.close();
  }
}

const teamOf = (index: number) => `team-${index % TEAMS}`;

function addTeams(database: Database): Promise<void> {
  const rows = Array.from({ length: TEAMS }, (_, index) => {
    return { id: teamOf(index), name: teamOf(index), description: "", created_at: 0 };
  });
  return insert(database, "teams", rows);
}

async function addServices(database: Database, upstreamPort: number, sizes: LargeSizes): Promise<void> {
  const configuration = (index: number) => ({
    routes: Array.from({ length: sizes.routesPerService }, (_, route) => {
      const path = `/api/${serviceOf(index)}/resource-${route}`;
      return { path, methods: ["GET", "POST"], rewrite: SMALL_PATH };
    }),
    upstream: { targets: [{ url: `http://127.0.0.1:${upstreamPort}` }] },
  });
  const snapshots = Array.from({ length: sizes.services }, (_, index) => serviceSnapshot(index, configuration(index)));
  const indices = [...snapshots.keys()];
  await insert(
    database,
    "services",
    indices.map((index) => ({
      id: serviceOf(index),
      team_id: teamOf(index),
      kind: "rest" as const,
      name: serviceOf(index),
      description: "",
      category: "",
      tags: "[]",
      documentation: "",
      openapi: null,
      visibility: "organisation" as const,
      approval: "automatic" as const,
      draft: JSON.stringify(configuration(index)),
      state: "published" as const,
      current_release: 1,
      canary: null,
      review: null,
      deprecated_at: null,
      sunset_at: null,
      deprecation_link: null,
      retired_at: null,
      created_at: 0,
      updated_at: 0,
    })),
  );
  await insert(
    database,
    "releases",
    snapshots.map((snapshot, index) => ({
      service_id: serviceOf(index),
      number: 1,
      configuration: JSON.stringify(configuration(index)),
      compiled: compiledText(snapshot),
      openapi: null,
      note: "",
      created_by: "bench",
      created_at: 0,
    })),
  );
  await insert(
    database,
    "live_routes",
    snapshots.flatMap((snapshot) =>
      routeShapes(snapshot).map(({ shape, method }) => ({ service_id: snapshot.id, shape, method })),
    ),
  );
}

/** Checked once: the others differ in names alone. */
let checked: ServiceSnapshot | null = null;

function serviceSnapshot(index: number, document: { routes: { path: string }[] }): ServiceSnapshot {
  if (checked === null) {
    const read = readServiceDocument(serviceOf(index), teamOf(index), document);
    if (!read.ok) throw new Error(`the bench's service is wrong: ${read.problems[0]?.message}`);
    checked = read.service;
  }
  const routes = checked.routes.map((route, at) => {
    const path = document.routes[at]?.path ?? route.path;
    return { ...route, id: path, path };
  });
  return { ...checked, id: serviceOf(index), team: teamOf(index), routes };
}

async function addApplications(database: Database, sizes: LargeSizes): Promise<void> {
  const indices = Array.from({ length: sizes.applications }, (_, index) => index);
  await insert(
    database,
    "applications",
    indices.map((index) => ({
      id: applicationOf(index),
      team_id: teamOf(index),
      name: applicationOf(index),
      description: "",
      limits: LIMITS,
      created_at: 0,
    })),
  );
  await insert(
    database,
    "credentials",
    indices.map((index) => ({
      id: `credential-${index}`,
      application_id: applicationOf(index),
      kind: "api-key" as const,
      name: "",
      prefix: keyOf(index).slice(0, 8),
      digest: createHash("sha256").update(keyOf(index)).digest("hex"),
      created_by: "bench",
      created_at: 0,
      expires_at: null,
      revoked_at: null,
    })),
  );
  await insert(
    database,
    "subscriptions",
    indices.flatMap((index) =>
      Array.from({ length: sizes.subscriptions }, (_, at) => ({
        id: `subscription-${index}-${at}`,
        application_id: applicationOf(index),
        service_id: serviceOf((index * sizes.subscriptions + at) % sizes.services),
        state: "approved" as const,
        reason: "",
        note: "",
        requested_by: "bench",
        decided_by: "bench",
        created_at: 0,
        decided_at: 0,
        expires_at: null,
        limits: LIMITS,
      })),
    ),
  );
}

async function insert<Table extends keyof Tables>(
  { db }: Database,
  table: Table,
  rows: readonly NewRow<Tables[Table]>[],
): Promise<void> {
  await db.transaction().execute(async (trx) => {
    for (let at = 0; at < rows.length; at += ROWS) {
      // biome-ignore lint/suspicious/noExplicitAny: Kysely does not follow a table that is a parameter
      await (trx as any)
        .insertInto(table)
        .values(rows.slice(at, at + ROWS))
        .execute();
    }
  });
}
