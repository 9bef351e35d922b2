import { sql } from "kysely";
import { type Actor, may, teamsWith } from "../access/actor.ts";
import type { Plane } from "../plane.ts";
import { notFound } from "../problem.ts";
import { decodeCursor, type Page, type PageRequest, pageOf } from "./pages.ts";
import { parseJson } from "./rows.ts";
import type { ServiceRow, ServiceView } from "./service-views.ts";
import { isVisible, serviceRow } from "./services.ts";

/** What those see who may subscribe: nothing of upstreams, limits and drafts. */
export interface CatalogueEntry {
  id: string;
  team: string;
  kind: ServiceView["kind"];
  name: string;
  description: string;
  category: string;
  tags: string[];
  state: ServiceView["state"];
  approval: ServiceView["approval"];
  has_openapi: boolean;
  /** Of an MCP service: what clients are given, URLs where a gateway is known and paths where none is. */
  endpoints: string[];
  deprecated_at: string | null;
  sunset_at: string | null;
}

export interface CatalogueDetails extends CatalogueEntry {
  /** Markdown. */
  documentation: string;
  routes: { host: string | null; path: string; match: string; methods: string[] | null }[];
  /** Of kind `ai`: which models may be called, as far as the service says. Null: any. */
  models: { allow: string[] | null; deny: string[] } | null;
  /** Subscriptions of the actor's teams. */
  subscriptions: { application: string; state: string }[];
}

export interface CatalogueFilter {
  /** Words: each must be in id, name, description, category or tags. */
  search: string | null;
  category: string | null;
  tag: string | null;
  kind: ServiceView["kind"] | null;
}

interface WrittenRoute {
  host?: string | null;
  path?: string;
  match?: string;
  methods?: string[] | null;
}

const entryOf = (row: ServiceRow, endpoints: string[]): CatalogueEntry => ({
  id: row.id,
  team: row.team_id,
  kind: row.kind,
  name: row.name,
  description: row.description,
  category: row.category,
  tags: parseJson<string[]>(row.tags),
  state: row.state,
  approval: row.approval,
  has_openapi: row.openapi !== null,
  endpoints,
  deprecated_at: row.deprecated_at === null ? null : new Date(row.deprecated_at).toISOString(),
  sunset_at: row.sunset_at === null ? null : new Date(row.sunset_at).toISOString(),
});

/** Published services that the actor may see: of their own teams, shared with them, or open to the organisation. */
export async function listCatalogue(
  plane: Plane,
  actor: Actor,
  page: PageRequest,
  filter: CatalogueFilter,
): Promise<Page<CatalogueEntry>> {
  const own = teamsWith(actor, "service.read");
  const teams = [...actor.teams.keys(), ""];
  let query = plane.db
    .selectFrom("services")
    .selectAll("services")
    .orderBy("id")
    .limit(page.limit + 1);
  query = query.where("state", "in", ["published", "deprecated"]);
  const after = decodeCursor(page.cursor);
  if (after !== null) query = query.where("id", ">", after);
  if (own !== "all") {
    query = query.where((where) => {
      const shared = where
        .selectFrom("service_shares")
        .select("service_shares.service_id")
        .where("service_shares.team_id", "in", teams);
      return where.or([
        where("visibility", "=", "organisation"),
        where("team_id", "in", [...own, ""]),
        where.and([where("visibility", "=", "team"), where("id", "in", shared)]),
      ]);
    });
  }
  if (filter.category !== null) query = query.where("category", "=", filter.category);
  if (filter.kind !== null) query = query.where("kind", "=", filter.kind);
  if (filter.tag !== null) {
    const pattern = `%${likeText(JSON.stringify(filter.tag.toLowerCase()))}%`;
    query = query.where(sql<boolean>`lower(tags) like ${pattern} escape '!'`);
  }
  for (const word of filter.search?.toLowerCase().split(/\s+/).filter(Boolean) ?? []) {
    const pattern = `%${likeText(word)}%`;
    const fields = ["id", "name", "description", "category", "tags"] as const;
    query = query.where((where) => {
      return where.or(fields.map((field) => sql<boolean>`lower(${sql.ref(field)}) like ${pattern} escape '!'`));
    });
  }
  const rows = await query.execute();
  const endpoints = await endpointsOf(plane, rows);
  return pageOf(
    rows,
    page,
    ({ id }) => id,
    (row) => entryOf(row, endpoints.get(row.id) ?? []),
  );
}

/** By service, of those that are MCP servers. */
async function endpointsOf(plane: Plane, rows: readonly ServiceRow[]): Promise<ReadonlyMap<string, string[]>> {
  const ids = rows.filter(({ kind }) => kind === "mcp").map(({ id }) => id);
  if (ids.length === 0) return new Map();
  const releases = await plane.db
    .selectFrom("releases")
    .innerJoin("services", "services.id", "releases.service_id")
    .select(["service_id", "configuration"])
    .where("service_id", "in", ids)
    .whereRef("number", "=", "services.current_release")
    .execute();
  return new Map(
    releases.map(({ service_id, configuration }) => [
      service_id,
      endpointUrls(plane, parseJson<ReleasedPart>(configuration).routes ?? []),
    ]),
  );
}

/** A route for any host is reached where the gateway is; one for many hosts says no address. */
function endpointUrls(plane: Plane, routes: readonly WrittenRoute[]): string[] {
  const gateway = plane.gateway();
  return routes.map(({ host = null, path = "" }) => {
    if (gateway === null || host?.startsWith("*") === true) return path;
    const url = new URL(path, gateway.url);
    if (host !== null) url.hostname = host;
    return url.href;
  });
}

export async function getCatalogueEntry(plane: Plane, actor: Actor, id: string): Promise<CatalogueDetails> {
  const row = await visibleService(plane, actor, id);
  const number = row.current_release;
  const release = await plane.db
    .selectFrom("releases")
    .select("configuration")
    .where("service_id", "=", id)
    .where("number", "=", number ?? 0)
    .executeTakeFirst();
  const teams = [...actor.teams.keys()].filter((team) => may(actor, "subscription.read", team));
  const subscriptions = await plane.db
    .selectFrom("subscriptions")
    .innerJoin("applications", "applications.id", "subscriptions.application_id")
    .select(["subscriptions.application_id as application", "subscriptions.state"])
    .where("subscriptions.service_id", "=", id)
    .where("applications.team_id", "in", [...teams, ""])
    .orderBy("subscriptions.application_id")
    .execute();
  const isMcp = row.kind === "mcp";
  const { routes = [], policies = {} } = parseJson<ReleasedPart>(release?.configuration ?? "{}");
  return {
    ...entryOf(row, isMcp ? endpointUrls(plane, routes) : []),
    documentation: row.documentation,
    routes: routes.map(({ host = null, path = "", match, methods = null }) => ({
      host,
      path,
      match: match ?? (isMcp ? "exact" : "prefix"),
      methods,
    })),
    models: policies.models === undefined ? null : { allow: null, deny: [], ...policies.models },
    subscriptions,
  };
}

/** What its callers may see of a release's configuration. */
interface ReleasedPart {
  routes?: WrittenRoute[];
  policies?: { models?: Partial<NonNullable<CatalogueDetails["models"]>> };
}

/** The document of the current release; of one that was never published, the draft's; of one that is retired, none. */
export async function getOpenapi(plane: Plane, actor: Actor, id: string): Promise<string> {
  const row = await visibleService(plane, actor, id);
  const release = await plane.db
    .selectFrom("releases")
    .select("openapi")
    .where("service_id", "=", id)
    .where("number", "=", row.current_release ?? 0)
    .executeTakeFirst();
  const openapi = row.state === "draft" ? row.openapi : release?.openapi;
  if (openapi === null || openapi === undefined) throw notFound();
  return openapi;
}

export async function visibleService(plane: Plane, actor: Actor, id: string): Promise<ServiceRow> {
  const row = await serviceRow(plane.db, id);
  if (!(await isVisible(plane.db, actor, row))) throw notFound();
  return row;
}

/** For `like … escape '!'`: `%` and `_` stand for themselves. */
function likeText(text: string): string {
  return text.replace(/[%_!]/g, "!$&");
}
