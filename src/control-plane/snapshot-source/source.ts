import type { Logger } from "../../contracts/logger.ts";
import type { ApplicationSnapshot, ServiceSnapshot } from "../../contracts/snapshot.ts";
import { readLimitsDocument, readServiceDocument } from "../../snapshot/service-document.ts";
import { stateOf } from "../entities/credentials.ts";
import { parseJson } from "../entities/rows.ts";
import type { Plane, Touched } from "../plane.ts";
import type { Connection } from "../storage/database.ts";
import type { CredentialTable, Row, ServiceTable, SubscriptionTable } from "../storage/tables.ts";
import type { Additions } from "./additions.ts";

type LiveService = Pick<Row<ServiceTable>, "id" | "team_id" | "current_release">;

/** So many ids in one question: databases bound the parameters of a statement. */
const IDS_PER_QUERY = 500;

/**
 * Reads what gateways serve from the database: whole at the start, then only what was touched. A release never changes, so it
 * is compiled once.
 */
export class DatabaseSource {
  readonly #plane: Plane;
  readonly #logger: Logger;
  readonly #services = new Map<string, ServiceSnapshot>();
  readonly #applications = new Map<string, ApplicationSnapshot>();
  /** When something expires next: it has to be taken out then. */
  readonly #expiries = new Map<string, number>();

  constructor(plane: Plane) {
    this.#plane = plane;
    this.#logger = plane.logger;
  }

  get additions(): Additions {
    return { services: [...this.#services.values()], applications: [...this.#applications.values()] };
  }

  /** The earliest time at which a credential or a subscription ends; null: none does. */
  get nextExpiryMs(): number | null {
    let earliest: number | null = null;
    for (const ms of this.#expiries.values()) if (earliest === null || ms < earliest) earliest = ms;
    return earliest;
  }

  /** All of it, in one state of the database. */
  async load(): Promise<void> {
    await this.#plane.database.db.transaction().execute(async (db) => {
      this.#services.clear();
      this.#applications.clear();
      this.#expiries.clear();
      await this.#readServices(db, null);
      await this.#readApplications(db, null);
    });
  }

  async update(touched: readonly Touched[]): Promise<void> {
    const idsOf = (kind: Touched["kind"]) => [
      ...new Set(touched.filter((one) => one.kind === kind).map(({ id }) => id)),
    ];
    await this.#readServices(this.#plane.db, idsOf("service"));
    await this.#readApplications(this.#plane.db, idsOf("application"));
  }

  /** Applications of which something has expired since. */
  async expire(nowMs: number): Promise<void> {
    const due = [...this.#expiries].filter(([, ms]) => ms <= nowMs).map(([id]) => id);
    await this.#readApplications(this.#plane.db, due);
  }

  /** `ids` null: all. */
  async #readServices(db: Connection, ids: readonly string[] | null): Promise<void> {
    for (const part of parts(ids)) {
      let query = db.selectFrom("services").select(["id", "team_id", "current_release"]);
      query = query.where("current_release", "is not", null);
      if (part !== null) query = query.where("id", "in", part);
      const rows = await query.execute();
      for (const id of part ?? []) this.#services.delete(id);
      for (const row of rows) await this.#readService(db, row);
    }
  }

  async #readService(db: Connection, row: LiveService): Promise<void> {
    const { id, team_id, current_release } = row;
    const release = await db
      .selectFrom("releases")
      .select("configuration")
      .where("service_id", "=", id)
      .where("number", "=", current_release ?? 0)
      .executeTakeFirst();
    if (release === undefined) return;
    const read = readServiceDocument(id, team_id, parseJson<object>(release.configuration));
    // It was good when it was published: this version of Tidegate asks for more.
    if (!read.ok)
      this.#logger.error(
        { service: id, release: current_release, problems: read.problems },
        "a release can't be served",
      );
    else this.#services.set(id, read.service);
  }

  async #readApplications(db: Connection, ids: readonly string[] | null): Promise<void> {
    for (const part of parts(ids)) {
      let applications = db.selectFrom("applications").select(["id", "team_id", "limits"]);
      let credentials = db.selectFrom("credentials").selectAll().where("revoked_at", "is", null);
      let subscriptions = db.selectFrom("subscriptions").selectAll();
      if (part !== null) {
        applications = applications.where("id", "in", part);
        credentials = credentials.where("application_id", "in", part);
        subscriptions = subscriptions.where("application_id", "in", part);
      }
      const rows = await applications.execute();
      const keys = byApplication(await credentials.execute());
      const approvals = byApplication(await subscriptions.execute());
      for (const id of part ?? []) this.#forgetApplication(id);
      for (const { id, team_id, limits } of rows) {
        this.#setApplication(id, team_id, limits, keys.get(id) ?? [], approvals.get(id) ?? []);
      }
    }
  }

  #forgetApplication(id: string): void {
    this.#applications.delete(id);
    this.#expiries.delete(id);
  }

  #setApplication(
    id: string,
    team: string,
    limits: string,
    credentials: readonly Row<CredentialTable>[],
    subscriptions: readonly Row<SubscriptionTable>[],
  ): void {
    const nowMs = this.#plane.nowMs();
    const active = credentials.filter((credential) => stateOf(credential, nowMs) === "active");
    const approved = subscriptions.filter(({ state, expires_at }) => {
      return state === "approved" && (expires_at === null || expires_at > nowMs);
    });
    const read = readLimitsDocument(parseJson(limits));
    if (!read.ok)
      this.#logger.error({ application: id, problems: read.problems }, "an application's limits can't be read");
    this.#applications.set(id, {
      id,
      team,
      keyDigests: active.map(({ digest }) => digest),
      subscriptions: approved.map(({ service_id }) => service_id),
      limits: read.ok ? read.limits : [],
    });
    const ends = [...active, ...approved].flatMap(({ expires_at }) => expires_at ?? []);
    if (ends.length > 0) this.#expiries.set(id, Math.min(...ends));
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
