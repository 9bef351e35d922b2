import type { Logger } from "../../contracts/logger.ts";
import type { ApplicationSnapshot, LimitSnapshot, ServiceSnapshot } from "../../contracts/snapshot.ts";
import { readLimitsDocument } from "../../snapshot/service-document.ts";
import { stateOf } from "../entities/credentials.ts";
import { parseJson } from "../entities/rows.ts";
import type { Plane, Touched } from "../plane.ts";
import type { Connection } from "../storage/database.ts";
import type { CredentialTable, Row, ServiceTable, SubscriptionTable } from "../storage/tables.ts";
import type { Additions } from "./additions.ts";
import { type LiveRelease, liveNumbers, liveService, routeKey } from "./live-service.ts";

/** So many ids in one question: databases bound the parameters of a statement. */
const IDS_PER_QUERY = 500;
const MAX_KNOWN_LIMITS = 10_000;

/**
 * Reads what gateways serve from the database: whole at the start, then only what was touched. A release never changes, so it
 * is compiled once.
 */
export class DatabaseSource {
  readonly #plane: Plane;
  readonly #logger: Logger;
  /** One entry for each live release. */
  readonly #services = new Map<string, ServiceSnapshot[]>();
  readonly #applications = new Map<string, ApplicationSnapshot>();
  /** By their text. */
  readonly #limits = new Map<string, LimitSnapshot[]>();
  /** When something expires next: it has to be taken out then. */
  readonly #expiries = new Map<string, number>();

  constructor(plane: Plane) {
    this.#plane = plane;
    this.#logger = plane.logger;
  }

  get additions(): Additions {
    return { services: [...this.#services.values()].flat(), applications: [...this.#applications.values()] };
  }

  /** The earliest time at which a credential ends; null: none does. Subscriptions end by themselves. */
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
      let services = db.selectFrom("services").selectAll().where("state", "!=", "draft");
      if (part !== null) services = services.where("id", "in", part);
      for (const id of part ?? []) this.#services.delete(id);
      const rows = await services.execute();
      const releases = await this.#liveReleases(db, rows, part);
      const routes = await this.#routesOfRetired(db, rows);
      for (const row of rows) {
        const live = liveService(row, releases.get(row.id) ?? [], routes, (release, problems) => {
          // It was good when it was published: this version of Tidegate asks for more.
          this.#logger.error({ service: row.id, release, problems }, "a release can't be served");
        });
        if (live.length > 0) this.#services.set(row.id, live);
      }
    }
  }

  async #liveReleases(
    db: Connection,
    rows: readonly Row<ServiceTable>[],
    part: readonly string[] | null,
  ): Promise<Map<string, LiveRelease[]>> {
    let query = db.selectFrom("releases").select(["service_id", "number", "configuration", "compiled"]);
    if (part !== null) query = query.where("service_id", "in", part);
    const wanted = new Map(rows.map((row) => [row.id, liveNumbers(row)]));
    const live = new Map<string, LiveRelease[]>();
    for (const release of await query.execute()) {
      if (!wanted.get(release.service_id)?.includes(release.number)) continue;
      const known = live.get(release.service_id);
      if (known === undefined) live.set(release.service_id, [release]);
      else known.push(release);
    }
    return live;
  }

  /** Those that no other service has taken since. */
  async #routesOfRetired(db: Connection, rows: readonly Row<ServiceTable>[]): Promise<ReadonlySet<string>> {
    const retired = rows.filter(({ state }) => state === "retired").map(({ id }) => id);
    const routes = new Set<string>();
    for (const part of parts(retired)) {
      const found = await db
        .selectFrom("live_routes")
        .selectAll()
        .where("service_id", "in", part ?? [])
        .execute();
      for (const { service_id, method, shape } of found) routes.add(routeKey(service_id, method, shape));
    }
    return routes;
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

  /** Many applications have the same ones: they are read once. */
  #limitsOf(application: string, text: string): LimitSnapshot[] {
    const known = this.#limits.get(text);
    if (known !== undefined) return known;
    const read = readLimitsDocument(parseJson(text));
    if (!read.ok) {
      this.#logger.error({ application, problems: read.problems }, "an application's limits can't be read");
      return [];
    }
    if (this.#limits.size >= MAX_KNOWN_LIMITS) this.#limits.clear();
    this.#limits.set(text, read.limits);
    return read.limits;
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
    this.#applications.set(id, {
      id,
      team,
      credentials: active.map(({ id: credential, digest, expires_at }) => {
        return { kind: "api-key", id: credential, digest, expiresAtMs: expires_at, addresses: [] };
      }),
      subscriptions: subscriptions.map(({ service_id, state, expires_at, limits: own }) => {
        return { service: service_id, state, expiresAtMs: expires_at, limits: this.#limitsOf(id, own) };
      }),
      limits: this.#limitsOf(id, limits),
    });
    const ends = active.flatMap(({ expires_at }) => expires_at ?? []);
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
