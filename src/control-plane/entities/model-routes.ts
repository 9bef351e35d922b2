import type { ModelRouteSnapshot } from "../../contracts/snapshot.ts";
import { readModelRouteDocument } from "../../snapshot/provider-document.ts";
import type { Actor } from "../access/actor.ts";
import type { Change, Plane } from "../plane.ts";
import { type FieldProblem, ProblemError } from "../problem.ts";
import type { Connection } from "../storage/database.ts";
import type { ModelRouteTable, Row } from "../storage/tables.ts";
import { decodeCursor, type Page, type PageRequest, pageOf } from "./pages.ts";
import { found, inserting, isoTime, parseJson, require, requireRevision } from "./rows.ts";
import { providersOf, refused, withoutUndefined } from "./stored-provider.ts";

type ModelRouteRow = Row<ModelRouteTable>;

/** As an entry of `models` in `tidegate.yaml` has them. */
export type ModelRouteFields = Readonly<Record<string, unknown>>;

export interface ModelRouteView {
  name: string;
  source: "database" | "configuration";
  /** Why gateways do not have it; null: they do. */
  not_served: string | null;
  created_by: string | null;
  created_at: string | null;
  revision: number | null;
  /** The other fields of `tidegate.yaml`, where they are given. */
  [field: string]: unknown;
}

export async function listModelRoutes(plane: Plane, actor: Actor, page: PageRequest): Promise<Page<ModelRouteView>> {
  require(actor, "provider.read", null);
  const after = decodeCursor(page.cursor) ?? "";
  const rows = await plane.db.selectFrom("model_routes").selectAll().execute();
  const known = await whatIsKnown(plane.db, plane);
  const stored = rows.map((row) => viewOf(plane, row, known));
  const names = new Set(rows.map(({ name }) => name));
  const configured = plane.configured().models.filter(({ name }) => !names.has(name));
  // Compared here: databases have orders of their own for what is no ASCII.
  const all = [...configured.map(configuredView), ...stored]
    .filter(({ name }) => name > after)
    .sort((one, other) => (one.name < other.name ? -1 : 1));
  return pageOf(
    all.slice(0, page.limit + 1),
    page,
    ({ name }) => name,
    (view) => view,
  );
}

export async function getModelRoute(plane: Plane, actor: Actor, name: string): Promise<ModelRouteView> {
  require(actor, "provider.read", null);
  const row = await plane.db.selectFrom("model_routes").selectAll().where("name", "=", name).executeTakeFirst();
  if (row === undefined) return configuredView(found(plane.configured().models.find((one) => one.name === name)));
  return viewOf(plane, row, await whatIsKnown(plane.db, plane));
}

export function createModelRoute(
  plane: Plane,
  actor: Actor,
  name: string,
  fields: ModelRouteFields,
): Promise<ModelRouteView> {
  require(actor, "provider.manage", null);
  return plane.change(actor, async (change) => {
    const { source, models } = plane.configured();
    if (models.some((one) => one.name === name)) {
      throw new ProblemError("already_exists", `a model route ${name} is in ${source}: choose another name`);
    }
    const known = await whatIsKnown(change.trx, plane);
    const row: ModelRouteRow = {
      name,
      document: JSON.stringify(withoutNull(fields)),
      created_by: actor.name,
      created_at: change.nowMs,
      revision: 1,
    };
    requireGood(row, known);
    await inserting(`a model route ${name}`, () => change.trx.insertInto("model_routes").values(row).execute());
    await auditRoute(change, "model_route.create", name, null, viewOf(plane, row, known));
    return viewOf(plane, row, known);
  });
}

/** What is absent stays; null takes a field away. */
export function updateModelRoute(
  plane: Plane,
  actor: Actor,
  name: string,
  fields: ModelRouteFields,
  revision: number | null,
): Promise<ModelRouteView> {
  require(actor, "provider.manage", null);
  return plane.change(actor, async (change) => {
    const before = await routeRow(change.trx, name);
    requireRevision(before, revision);
    const known = await whatIsKnown(change.trx, plane);
    const document = withoutNull({ ...parseJson<object>(before.document), ...withoutUndefined(fields) });
    const after: ModelRouteRow = { ...before, document: JSON.stringify(document), revision: before.revision + 1 };
    requireGood(after, known);
    await change.trx.updateTable("model_routes").set(after).where("name", "=", name).execute();
    await auditRoute(change, "model_route.update", name, viewOf(plane, before, known), viewOf(plane, after, known));
    return viewOf(plane, after, known);
  });
}

export function deleteModelRoute(plane: Plane, actor: Actor, name: string, revision: number | null): Promise<void> {
  require(actor, "provider.manage", null);
  return plane.change(actor, async (change) => {
    const row = await routeRow(change.trx, name);
    requireRevision(row, revision);
    const known = await whatIsKnown(change.trx, plane);
    await change.trx.deleteFrom("model_routes").where("name", "=", name).execute();
    await auditRoute(change, "model_route.delete", name, viewOf(plane, row, known), null);
  });
}

type KnownProvider = { id: string; kind: string };

/** What a model route may lead to. */
interface Known {
  providers: readonly KnownProvider[];
  /** Other model routes. */
  models: readonly string[];
}

export type CompiledRoute = { route: ModelRouteSnapshot } | { problems: readonly FieldProblem[] };

/** As gateways get it. */
export function compiledRoute({ name, document }: ModelRouteRow, { providers, models }: Known): CompiledRoute {
  const others = models.filter((one) => one !== name);
  const read = readModelRouteDocument({ ...parseJson<object>(document), name }, distinct(providers), others);
  return read.ok ? { route: read.route } : { problems: read.problems };
}

async function whatIsKnown(db: Connection, plane: Plane): Promise<Known> {
  const { providers, models } = plane.configured();
  const stored = await db.selectFrom("providers").select(["id", "kind"]).execute();
  const routes = await db.selectFrom("model_routes").select("name").execute();
  const names = new Set([...models, ...routes].map(({ name }) => name));
  return { providers: [...providers.map(({ id, kind }) => ({ id, kind })), ...stored], models: [...names] };
}

/** The configuration's win. */
function distinct(providers: readonly KnownProvider[]): KnownProvider[] {
  return [...new Map([...providers].reverse().map((one) => [one.id, one])).values()];
}

function requireGood(row: ModelRouteRow, known: Known): void {
  const unknown = providersOf(row.document).flatMap(({ path, id }) => {
    if (known.providers.some((one) => one.id === id)) return [];
    return [{ path, message: `there is no provider ${id}` }];
  });
  if (unknown.length > 0) throw refused(unknown);
  const compiled = compiledRoute(row, known);
  if ("problems" in compiled) throw refused(compiled.problems);
}

async function routeRow(db: Connection, name: string): Promise<ModelRouteRow> {
  return found(await db.selectFrom("model_routes").selectAll().where("name", "=", name).executeTakeFirst());
}

function viewOf(plane: Plane, row: ModelRouteRow, known: Known): ModelRouteView {
  return {
    ...parseJson<object>(row.document),
    name: row.name,
    source: "database",
    not_served: notServed(plane, row, known),
    created_by: row.created_by,
    created_at: isoTime(row.created_at),
    revision: row.revision,
  };
}

function notServed(plane: Plane, row: ModelRouteRow, known: Known): string | null {
  const { source, models } = plane.configured();
  if (models.some(({ name }) => name === row.name)) return `a model route of this name is in ${source}, which wins`;
  const compiled = compiledRoute(row, known);
  return "problems" in compiled ? `it can't be read: ${refused(compiled.problems).message}` : null;
}

function configuredView({ name, strategy, targets }: ModelRouteSnapshot): ModelRouteView {
  const own = { created_by: null, created_at: null, revision: null };
  return { name, strategy, targets, source: "configuration", not_served: null, ...own };
}

function withoutNull(fields: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null && value !== undefined));
}

async function auditRoute(
  change: Change,
  action: string,
  name: string,
  before: object | null,
  after: object | null,
): Promise<void> {
  change.touch({ kind: "organisation", id: "models" });
  await change.audit({ action, subjectType: "model_route", subjectId: name, teamId: null, before, after });
}
