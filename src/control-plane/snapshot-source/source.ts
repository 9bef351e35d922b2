import type { Logger } from "../../contracts/logger.ts";
import type { ApplicationSnapshot, ServiceSnapshot } from "../../contracts/snapshot.ts";
import { readLimitsDocument, readServiceDocument } from "../../snapshot/service-document.ts";
import { stateOf } from "../entities/credentials.ts";
import type { Plane, Touched } from "../plane.ts";
import type { Connection } from "../storage/database.ts";
import type { ApplicationTable, CredentialTable, Row, ServiceTable, SubscriptionTable } from "../storage/tables.ts";
import type { Additions } from "./additions.ts";

type LiveService = Pick<Row<ServiceTable>, "id" | "team_id" | "current_release">;

interface LiveApplication {
  application: ApplicationSnapshot;
  /** When one of its credentials or subscriptions ends next. */
  expiresAtMs: number | null;
}

/** What was read of some ids: those that are not in it are served no longer. */
interface Read {
  services: Map<string, ServiceSnapshot>;
  applications: Map<string, LiveApplication>;
}

/** So many ids in one question: databases bound the parameters of a statement. */
const IDS_PER_QUERY = 500;

/**
 * Reads what gateways serve from the database: whole at the start, then only what was touched. Reading takes a while, so it is
 * done aside and taken over at once: `additions` never shows half of a change. One reading at a time: an older state must not
 * come after a newer one.
 */
export class DatabaseSource {
  readonly #plane: Plane;
  readonly #logger: Logger;
  #services: ReadonlyMap<string, ServiceSnapshot> = new Map();
  #applications: ReadonlyMap<string, LiveApplication> = new Map();
  #reading: Promise<unknown> = Promise.resolve();

  constructor(plane: Plane) {
    this.#plane = plane;
    this.#logger = plane.logger;
  }

  /** In the order of their ids, so that the same content is the same snapshot, however it came about. */
  get additions(): Additions {
    const applications = inOrder(this.#applications).map(({ application }) => application);
    return { services: inOrder(this.#services), applications };
  }

  /** The earliest time at which a credential or a subscription ends; null: none does. */
  get nextExpiryMs(): number | null {
    let earliest: number | null = null;
    for (const { expiresAtMs } of this.#applications.values()) {
      if (expiresAtMs !== null && (earliest === null || expiresAtMs < earliest)) earliest = expiresAtMs;
    }
    return earliest;
  }

  /** All of it. */
  load(): Promise<void> {
    return this.#inTurn(async () => {
      const { services, applications } = await this.#read(null, null);
      this.#services = services;
      this.#applications = applications;
    });
  }

  update(touched: readonly Touched[]): Promise<void> {
    const idsOf = (kind: Touched["kind"]) => new Set(touched.filter((one) => one.kind === kind).map(({ id }) => id));
    return this.#inTurn(() => this.#readAgain([...idsOf("service")], [...idsOf("application")]));
  }

  /** Applications of which something has expired since. */
  expire(nowMs: number): Promise<void> {
    return this.#inTurn(() => {
      const isDue = ({ expiresAtMs }: LiveApplication) => expiresAtMs !== null && expiresAtMs <= nowMs;
      const due = [...this.#applications].filter(([, one]) => isDue(one)).map(([id]) => id);
      return this.#readAgain([], due);
    });
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#reading.then(work);
    this.#reading = turn.catch(() => {});
    return turn;
  }

  async #readAgain(serviceIds: readonly string[], applicationIds: readonly string[]): Promise<void> {
    if (serviceIds.length === 0 && applicationIds.length === 0) return;
    const { services, applications } = await this.#read(serviceIds, applicationIds);
    this.#services = replaced(this.#services, serviceIds, services);
    this.#applications = replaced(this.#applications, applicationIds, applications);
  }

  /** `null`: all. In one state of the database. */
  #read(serviceIds: readonly string[] | null, applicationIds: readonly string[] | null): Promise<Read> {
    const { db, kind } = this.#plane.database;
    const transaction = db.transaction();
    // SQLite's transactions are snapshots anyway.
    const snapshot = kind === "postgres" ? transaction.setIsolationLevel("repeatable read") : transaction;
    return snapshot.execute(async (trx) => {
      const read: Read = { services: new Map(), applications: new Map() };
      await this.#readServices(trx, serviceIds, read);
      await this.#readApplications(trx, applicationIds, read);
      return read;
    });
  }

  async #readServices(db: Connection, ids: readonly string[] | null, { services }: Read): Promise<void> {
    for (const part of parts(ids)) {
      let query = db.selectFrom("services").select(["id", "team_id", "current_release"]);
      query = query.where("current_release", "is not", null);
      if (part !== null) query = query.where("id", "in", part);
      for (const row of await query.execute()) {
        const service = await this.#readService(db, row);
        if (service !== null) services.set(row.id, service);
      }
    }
  }

  async #readService(db: Connection, { id, team_id, current_release }: LiveService): Promise<ServiceSnapshot | null> {
    const release = await db
      .selectFrom("releases")
      .select("configuration")
      .where("service_id", "=", id)
      .where("number", "=", current_release ?? 0)
      .executeTakeFirst();
    const document = jsonOf(release?.configuration ?? "");
    if (typeof document === "object" && document !== null) {
      const read = readServiceDocument(id, team_id, document);
      if (read.ok) return read.service;
      // It was good when it was published: this version of Tidegate asks for more.
      this.#report({ service: id, release: current_release, problems: read.problems }, "a release can't be served");
    } else this.#report({ service: id, release: current_release }, "a release can't be served: it is not readable");
    return null;
  }

  async #readApplications(db: Connection, ids: readonly string[] | null, { applications }: Read): Promise<void> {
    for (const part of parts(ids)) {
      let query = db.selectFrom("applications").select(["id", "team_id", "limits"]);
      let credentials = db.selectFrom("credentials").selectAll().where("revoked_at", "is", null);
      let subscriptions = db.selectFrom("subscriptions").selectAll().where("state", "=", "approved");
      if (part !== null) {
        query = query.where("id", "in", part);
        credentials = credentials.where("application_id", "in", part);
        subscriptions = subscriptions.where("application_id", "in", part);
      }
      const rows = await query.execute();
      const keys = byApplication(await credentials.execute());
      const approvals = byApplication(await subscriptions.execute());
      for (const row of rows) {
        const live = this.#liveApplication(row, keys.get(row.id) ?? [], approvals.get(row.id) ?? []);
        if (live !== null) applications.set(row.id, live);
      }
    }
  }

  #liveApplication(
    { id, team_id, limits }: Pick<Row<ApplicationTable>, "id" | "team_id" | "limits">,
    credentials: readonly Row<CredentialTable>[],
    subscriptions: readonly Row<SubscriptionTable>[],
  ): LiveApplication | null {
    const read = readLimitsDocument(jsonOf(limits));
    if (!read.ok) {
      // Calls without the limits that somebody set could cost more than anybody wants to pay.
      this.#report({ application: id, problems: read.problems }, "an application's limits can't be read: not served");
      return null;
    }
    const nowMs = this.#plane.nowMs();
    const active = credentials.filter((credential) => stateOf(credential, nowMs) === "active");
    const approved = subscriptions.filter(({ expires_at }) => expires_at === null || expires_at > nowMs);
    const ends = [...active, ...approved].flatMap(({ expires_at }) => expires_at ?? []);
    return {
      application: {
        id,
        team: team_id,
        keyDigests: active.map(({ digest }) => digest).sort(),
        subscriptions: approved.map(({ service_id }) => service_id).sort(),
        limits: read.limits,
      },
      expiresAtMs: ends.length === 0 ? null : Math.min(...ends),
    };
  }

  #report(fields: object, message: string): void {
    this.#logger.error(fields, message);
  }
}

function inOrder<One>(map: ReadonlyMap<string, One>): One[] {
  return [...map].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one);
}

function replaced<One>(
  before: ReadonlyMap<string, One>,
  ids: readonly string[],
  read: ReadonlyMap<string, One>,
): ReadonlyMap<string, One> {
  const after = new Map(before);
  for (const id of ids) after.delete(id);
  for (const [id, one] of read) after.set(id, one);
  return after;
}

/** Undefined: it is not JSON. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function* parts(ids: readonly string[] | null): Generator<readonly string[] | null> {
  if (ids === null) yield null;
  else for (let at = 0; at < ids.length; at += IDS_PER_QUERY) yield ids.slice(at, at + IDS_PER_QUERY);
}

function byApplication<One extends { application_id: string }>(rows: readonly One[]): Map<string, One[]> {
  const groups = new Map<string, One[]>();
  for (const row of rows) {
    const group = groups.get(row.application_id);
    if (group === undefined) groups.set(row.application_id, [row]);
    else group.push(row);
  }
  return groups;
}
