import type { Logger } from "../../contracts/logger.ts";
import type { PoliciesSnapshot } from "../../contracts/policies.ts";
import type {
  ApplicationSnapshot,
  JwtIssuerSnapshot,
  LimitSnapshot,
  ServiceKind,
  ServiceSnapshot,
  TeamSnapshot,
} from "../../contracts/snapshot.ts";
import { type PoliciesOwner, readLimitsDocument, readPoliciesDocument } from "../../snapshot/service-document.ts";
import { readCachePurges } from "../entities/cache-purges.ts";
import { NO_POLICIES } from "../entities/policies.ts";
import { subscriptionOwner } from "../entities/services.ts";
import type { Plane, Touched } from "../plane.ts";
import type { Connection } from "../storage/database.ts";
import type { ApplicationTable, Row, ServiceTable, SubscriptionTable } from "../storage/tables.ts";
import type { Additions } from "./additions.ts";
import { CallerReader, CREDENTIAL_COLUMNS, type CredentialPart } from "./callers.ts";
import { type LiveRelease, liveNumbers, liveService, routeKey } from "./live-service.ts";
import { NO_PROVIDERS, type ProvidersAndModels, readProviders } from "./providers.ts";

/** What was read of some ids: those that are not in it are served no longer. */
interface Read {
  /** One entry for each live release. */
  services: Map<string, ServiceSnapshot[]>;
  applications: Map<string, ApplicationSnapshot>;
  teams: Map<string, TeamSnapshot>;
  /** Undefined: none, or not read. */
  policies: PoliciesSnapshot | undefined;
  /** Empty: none, or not read. */
  jwtIssuers: readonly JwtIssuerSnapshot[];
  ai: ProvidersAndModels;
  cachePurges: Readonly<Record<string, number>>;
}

/** Whose state is to be read; null: all. */
interface Wanted {
  services: readonly string[] | null;
  applications: readonly string[] | null;
  teams: readonly string[] | null;
  /** Policies, token issuers, providers and models. */
  organisation: boolean;
}

type SubscriptionPart = Pick<
  Row<SubscriptionTable>,
  "id" | "application_id" | "service_id" | "state" | "expires_at" | "limits" | "policies"
> & { service_kind: ServiceKind | null };

const SUBSCRIPTION_COLUMNS = [
  "subscriptions.id",
  "application_id",
  "service_id",
  "subscriptions.state",
  "expires_at",
  "limits",
  "policies",
  "services.kind as service_kind",
] as const;

const ALL: Wanted = { services: null, applications: null, teams: null, organisation: true };

/** So many ids in one question: databases bound the parameters of a statement. */
const IDS_PER_QUERY = 500;
const MAX_KNOWN_LIMITS = 10_000;

/**
 * Reads what gateways serve from the database: whole at the start, then only what was touched. Reading takes a while, so it is
 * done aside and taken over at once: `additions` never shows half of a change. One reading at a time: an older state must not
 * come after a newer one.
 */
export class DatabaseSource {
  readonly #plane: Plane;
  readonly #logger: Logger;
  readonly #callers: CallerReader;
  #services = new Map<string, ServiceSnapshot[]>();
  #applications = new Map<string, ApplicationSnapshot>();
  #teams = new Map<string, TeamSnapshot>();
  #policies: PoliciesSnapshot | undefined;
  #jwtIssuers: readonly JwtIssuerSnapshot[] = [];
  #ai: ProvidersAndModels = NO_PROVIDERS;
  #cachePurges: Readonly<Record<string, number>> = {};
  /** By their text: many have the same ones. Null: they can't be read. */
  readonly #limits = new Map<string, LimitSnapshot[] | null>();
  #reading: Promise<unknown> = Promise.resolve();

  constructor(plane: Plane) {
    this.#plane = plane;
    this.#logger = plane.logger;
    this.#callers = new CallerReader(plane);
  }

  /** In the order of their ids, so that the same content is the same snapshot, however it came about. */
  get additions(): Additions {
    return {
      ...(this.#policies === undefined ? {} : { policies: this.#policies }),
      teams: inOrder(this.#teams),
      services: inOrder(this.#services).flat(),
      applications: inOrder(this.#applications),
      ...(this.#jwtIssuers.length === 0 ? {} : { jwtIssuers: this.#jwtIssuers }),
      ...(this.#ai.providers.length === 0 ? {} : { providers: this.#ai.providers }),
      ...(this.#ai.models.length === 0 ? {} : { models: this.#ai.models }),
      ...(Object.keys(this.#cachePurges).length === 0 ? {} : { cachePurges: this.#cachePurges }),
    };
  }

  /** Null: there is no such one that could be served. */
  application(id: string): ApplicationSnapshot | null {
    return this.#applications.get(id) ?? null;
  }

  /** All of it. */
  load(): Promise<void> {
    return this.#inTurn(async () => {
      const { services, applications, teams, policies, jwtIssuers, ai, cachePurges } = await this.#read(ALL);
      this.#cachePurges = cachePurges;
      this.#services = services;
      this.#applications = applications;
      this.#teams = teams;
      this.#policies = policies;
      this.#jwtIssuers = jwtIssuers;
      this.#ai = ai;
    });
  }

  update(touched: readonly Touched[]): Promise<void> {
    const idsOf = (kind: Touched["kind"]) => [
      ...new Set(touched.filter((one) => one.kind === kind).map(({ id }) => id)),
    ];
    const wanted: Wanted = {
      services: idsOf("service"),
      applications: idsOf("application"),
      teams: idsOf("team"),
      organisation: touched.some(({ kind }) => kind === "organisation"),
    };
    if (touched.length === 0) return Promise.resolve();
    return this.#inTurn(async () => {
      const { services, applications, teams, policies, jwtIssuers, ai, cachePurges } = await this.#read(wanted);
      this.#cachePurges = cachePurges;
      replace(this.#services, wanted.services ?? [], services);
      replace(this.#applications, wanted.applications ?? [], applications);
      replace(this.#teams, wanted.teams ?? [], teams);
      if (!wanted.organisation) return;
      this.#policies = policies;
      this.#jwtIssuers = jwtIssuers;
      this.#ai = ai;
    });
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#reading.then(work);
    this.#reading = turn.catch(() => {});
    return turn;
  }

  /** In one state of the database. */
  #read(wanted: Wanted): Promise<Read> {
    const { db, kind } = this.#plane.database;
    const transaction = db.transaction();
    // SQLite's transactions are snapshots anyway.
    const snapshot = kind === "postgres" ? transaction.setIsolationLevel("repeatable read") : transaction;
    return snapshot.execute(async (trx) => {
      const cachePurges = await readCachePurges(trx);
      const nothing = { services: new Map(), applications: new Map(), teams: new Map(), policies: undefined };
      const read: Read = { ...nothing, jwtIssuers: [], ai: NO_PROVIDERS, cachePurges };
      await this.#readServices(trx, wanted.services, read);
      await this.#readApplications(trx, wanted.applications, read);
      await this.#readTeams(trx, wanted.teams, read);
      if (wanted.organisation) {
        read.policies = this.#policiesOf("organisation", "", await organisationPolicies(trx));
        read.jwtIssuers = await this.#callers.tokenIssuers(trx);
        read.ai = await readProviders(trx, this.#plane);
      }
      return read;
    });
  }

  async #readServices(db: Connection, ids: readonly string[] | null, { services }: Read): Promise<void> {
    for (const part of parts(ids)) {
      let query = db.selectFrom("services").selectAll().where("state", "!=", "draft");
      if (part !== null) query = query.where("id", "in", part);
      const rows = await query.execute();
      const releases = await liveReleases(db, rows, part);
      const routes = await routesOfRetired(db, rows);
      for (const row of rows) {
        const live = liveService(row, releases.get(row.id) ?? [], routes, (release, problems) => {
          // It was good when it was published: this version of Tidegate asks for more.
          this.#logger.error({ service: row.id, release, problems }, "a release can't be served");
        });
        if (live.length > 0) services.set(row.id, live);
      }
    }
  }

  async #readApplications(db: Connection, ids: readonly string[] | null, { applications }: Read): Promise<void> {
    for (const part of parts(ids)) {
      let query = db.selectFrom("applications").select(["id", "team_id", "limits", "policies"]);
      // Put in order here, within each application: the database would sort all of very many.
      let credentials = db.selectFrom("credentials").select(CREDENTIAL_COLUMNS).where("revoked_at", "is", null);
      let subscriptions = db
        .selectFrom("subscriptions")
        .leftJoin("services", "services.id", "subscriptions.service_id")
        .select(SUBSCRIPTION_COLUMNS);
      if (part !== null) {
        query = query.where("id", "in", part);
        credentials = credentials.where("application_id", "in", part);
        subscriptions = subscriptions.where("application_id", "in", part);
      }
      const rows = await query.execute();
      const keys = byApplication(await credentials.execute());
      const leaves = byApplication(await subscriptions.execute());
      for (const row of rows) {
        const live = this.#liveApplication(row, keys.get(row.id) ?? [], leaves.get(row.id) ?? []);
        if (live !== null) applications.set(row.id, live);
      }
    }
  }

  /** What has expired is there too: gateways say so to whoever still comes with it. */
  #liveApplication(
    { id, team_id, limits, policies }: Pick<Row<ApplicationTable>, "id" | "team_id" | "limits" | "policies">,
    credentials: readonly CredentialPart[],
    subscriptions: readonly SubscriptionPart[],
  ): ApplicationSnapshot | null {
    const own = this.#limitsOf(limits);
    const ofSubscriptions = subscriptions.map((one) => this.#limitsOf(one.limits));
    if (own === null || ofSubscriptions.includes(null)) {
      // Calls without the limits that somebody set could cost more than anybody wants to pay.
      this.#logger.error({ application: id }, "an application's limits can't be read: not served");
      return null;
    }
    return {
      id,
      team: team_id,
      credentials: credentials.flatMap((row) => this.#callers.credential(row) ?? []),
      subscriptions: subscriptions.map((subscription, index) => {
        const { service_id, service_kind, state, expires_at, policies: ofSubscription } = subscription;
        const owner = subscriptionOwner(service_id, service_kind);
        return {
          service: service_id,
          state,
          expiresAtMs: expires_at,
          limits: ofSubscriptions[index] ?? [],
          ...given(this.#policiesOf(owner, `${id} to ${service_id}`, ofSubscription)),
        };
      }),
      limits: own,
      ...given(this.#policiesOf("application", id, policies)),
    };
  }

  async #readTeams(db: Connection, ids: readonly string[] | null, { teams }: Read): Promise<void> {
    for (const part of parts(ids)) {
      let query = db.selectFrom("teams").select(["id", "policies"]).where("policies", "!=", NO_POLICIES);
      if (part !== null) query = query.where("id", "in", part);
      for (const { id, policies: text } of await query.execute()) {
        const policies = this.#policiesOf("team", id, text);
        if (policies !== undefined) teams.set(id, { id, policies });
      }
    }
  }

  #policiesOf(owner: PoliciesOwner, id: string, text: string): PoliciesSnapshot | undefined {
    if (text === NO_POLICIES) return undefined;
    // What is no JSON is not the same as nothing.
    const read = readPoliciesDocument(owner, jsonOf(text) ?? null);
    if (read.ok) return read.policies;
    this.#logger.error({ [owner]: id, problems: read.problems }, "policies can't be read: nobody is let in");
    return CLOSED;
  }

  #limitsOf(text: string): LimitSnapshot[] | null {
    const known = this.#limits.get(text);
    if (known !== undefined) return known;
    const read = readLimitsDocument(jsonOf(text));
    const limits = read.ok ? read.limits : null;
    if (this.#limits.size >= MAX_KNOWN_LIMITS) this.#limits.clear();
    this.#limits.set(text, limits);
    return limits;
  }
}

/** In place of policies that can't be read: calls without what somebody demands could come from anywhere. */
const CLOSED: PoliciesSnapshot = { addresses: { allow: [], deny: [] } };

function given(policies: PoliciesSnapshot | undefined): { policies?: PoliciesSnapshot } {
  return policies === undefined ? {} : { policies };
}

async function organisationPolicies(db: Connection): Promise<string> {
  const row = await db.selectFrom("settings").select("value").where("key", "=", "policies").executeTakeFirst();
  return row?.value ?? NO_POLICIES;
}

async function liveReleases(
  db: Connection,
  rows: readonly Row<ServiceTable>[],
  part: readonly string[] | null,
): Promise<Map<string, LiveRelease[]>> {
  let query = db.selectFrom("releases").select(["service_id", "number", "configuration", "compiled"]);
  if (part !== null) query = query.where("service_id", "in", part);
  const wanted = new Map(rows.map((row) => [row.id, liveNumbers(row)]));
  const live = new Map<string, LiveRelease[]>();
  for (const release of await query.orderBy("number").execute()) {
    if (!wanted.get(release.service_id)?.includes(release.number)) continue;
    const known = live.get(release.service_id);
    if (known === undefined) live.set(release.service_id, [release]);
    else known.push(release);
  }
  return live;
}

/** Those that no other service has taken since. */
async function routesOfRetired(db: Connection, rows: readonly Row<ServiceTable>[]): Promise<ReadonlySet<string>> {
  const retired = rows.filter(({ state }) => state === "retired").map(({ id }) => id);
  const routes = new Set<string>();
  for (const part of parts(retired)) {
    const query = db.selectFrom("live_routes").selectAll();
    const found = await query.where("service_id", "in", part ?? []).execute();
    for (const { service_id, method, shape } of found) routes.add(routeKey(service_id, method, shape));
  }
  return routes;
}

function inOrder<One>(map: ReadonlyMap<string, One>): One[] {
  return [...map].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one);
}

/** In place: a copy of all for each change of one would be most of what it costs. */
function replace<One>(all: Map<string, One>, ids: readonly string[], read: ReadonlyMap<string, One>): void {
  for (const id of ids) all.delete(id);
  for (const [id, one] of read) all.set(id, one);
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

/** Of each application in the order of their ids. */
function byApplication<One extends { id: string; application_id: string }>(rows: readonly One[]): Map<string, One[]> {
  const groups = new Map<string, One[]>();
  for (const row of rows) {
    const group = groups.get(row.application_id);
    if (group === undefined) groups.set(row.application_id, [row]);
    else group.push(row);
  }
  for (const group of groups.values()) if (group.length > 1) group.sort((a, b) => (a.id < b.id ? -1 : 1));
  return groups;
}
