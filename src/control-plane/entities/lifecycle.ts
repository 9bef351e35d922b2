import type { ServiceSnapshot } from "../../contracts/snapshot.ts";
import { routeShapes } from "../../snapshot/route-shapes.ts";
import { type Actor, may } from "../access/actor.ts";
import type { Change, Plane } from "../plane.ts";
import { ProblemError } from "../problem.ts";
import { compiledText } from "../snapshot-source/compiled-release.ts";
import type { Connection } from "../storage/database.ts";
import { judgeDraft, requirePublishable } from "./publish-gate.ts";
import { found, isoTime, parseJson, require } from "./rows.ts";
import {
  type Canary,
  canaryOf,
  type ReleaseRow,
  type ReleaseView,
  releaseView,
  type ServiceRow,
  type ServiceWithDraft,
  type StoredReview,
  serviceView,
  storedReview,
} from "./service-views.ts";
import { auditService, changeableService, checkedDraft, serviceRow, storeService, withDraft } from "./services.ts";
import { readSettings } from "./settings.ts";

/**
 * Makes a release of the draft and serves it. Where the organisation asks for a second person, the first call only asks for
 * the publication; the same call by somebody else makes it. So it is for models, whose calls cost the organisation money: by
 * somebody who may decide on that.
 */
export async function publish(
  plane: Plane,
  actor: Actor,
  id: string,
  note: string,
  revision: number | null,
): Promise<ServiceWithDraft> {
  // Before the change: it may take seconds, and changes are made one at a time.
  const judgement = await judgeDraft(plane, actor, id);
  return plane.change(actor, async (change) => {
    const row = await changeableService(change, id, "service.publish", revision);
    refuseRetired(row);
    const draft = checkedDraft(id, row.team_id, parseJson<Record<string, unknown>>(row.draft));
    await requirePublishable(change, row, judgement);
    const settings = await readSettings(change.trx);
    const isAllowed = mayServe(actor, row);
    const isReviewed = !settings.publish_needs_second_person || isSecondPerson(actor, row);
    if (!isAllowed || !isReviewed) return askForReview(change, row, note);
    const number = await nextNumber(change.trx, id);
    await change.trx
      .insertInto("releases")
      .values({
        service_id: id,
        number,
        configuration: row.draft,
        compiled: compiledText(draft),
        openapi: row.openapi,
        note,
        created_by: actor.name,
        created_at: change.nowMs,
      })
      .execute();
    // A service that is deprecated stays so: its next release does not bring it back.
    const state = row.state === "deprecated" ? "deprecated" : "published";
    const after = await storeService(change, row, { state, current_release: number, review: null });
    await serveRoutes(change, after);
    return served(change, "service.publish", row, after);
  });
}

/** Models are the organisation's to offer: its providers answer, and it pays. */
function mayServe(actor: Actor, { kind }: Pick<ServiceRow, "kind">): boolean {
  return kind !== "ai" || may(actor, "model.publish", null);
}

/** Of releases that were published before: another one may offer more. */
function requireMayServe(actor: Actor, row: ServiceRow): void {
  if (mayServe(actor, row)) return;
  const message = `service ${row.id} offers models: which release of it is served needs the permission \`model.publish\``;
  throw new ProblemError("conflict", message);
}

/** A person, whatever token they come with: machines have no eyes, and one's own tokens are no second pair. */
function isSecondPerson(actor: Actor, row: ServiceRow): boolean {
  const review = storedReview(row);
  return review !== null && actor.userId !== null && review.user_id !== actor.userId;
}

async function askForReview(change: Change, row: ServiceRow, note: string): Promise<ServiceWithDraft> {
  const { name, userId } = change.actor;
  const review: StoredReview = { requested_by: name, requested_at: isoTime(change.nowMs), note, user_id: userId };
  const after = await storeService(change, row, { review: JSON.stringify(review) });
  await auditService(change, "service.publish_request", after, serviceView(row), serviceView(after));
  return withDraft(change.trx, after);
}

/** Serves a release that was made before. The draft becomes that release too: the next one begins with it. */
export function rollBack(
  plane: Plane,
  actor: Actor,
  id: string,
  number: number,
  revision: number | null,
): Promise<ServiceWithDraft> {
  return plane.change(actor, async (change) => {
    const row = await changeableService(change, id, "service.publish", revision);
    refuseRetired(row);
    requireMayServe(actor, row);
    const release = await releaseRow(change.trx, id, number);
    const canary = canaryOf(row)?.release === number ? null : row.canary;
    const fields = {
      current_release: number,
      draft: release.configuration,
      openapi: release.openapi,
      canary,
      // It was of the draft that is gone.
      review: null,
    };
    const after = await storeService(change, row, fields);
    await serveRoutes(change, after);
    return served(change, "service.roll_back", row, after);
  });
}

/** `canary` null: all calls go to the current release. */
export function setCanary(
  plane: Plane,
  actor: Actor,
  id: string,
  canary: Canary | null,
  revision: number | null,
): Promise<ServiceWithDraft> {
  return plane.change(actor, async (change) => {
    const row = await changeableService(change, id, "service.publish", revision);
    refuseRetired(row);
    if (canary !== null) requireMayServe(actor, row);
    if (row.current_release === null)
      throw new ProblemError("conflict", `service ${id} has no release yet: publish one`);
    if (canary?.release === row.current_release) {
      throw new ProblemError("conflict", `release ${canary.release} is the current one: choose another`);
    }
    const after = await storeService(change, row, { canary: canary === null ? null : JSON.stringify(canary) });
    await serveRoutes(change, after);
    return served(change, "service.canary", row, after);
  });
}

/** Still served, and every answer says until when. `sunsetAtMs` null: it is not known yet. */
export function deprecate(
  plane: Plane,
  actor: Actor,
  id: string,
  { sunsetAtMs, link }: { sunsetAtMs: number | null; link: string | null },
  revision: number | null,
): Promise<ServiceWithDraft> {
  return plane.change(actor, async (change) => {
    const row = await changeableService(change, id, "service.publish", revision);
    if (row.state === "draft") throw new ProblemError("conflict", `service ${id} was never published`);
    refuseRetired(row);
    const after = await storeService(change, row, {
      state: "deprecated",
      deprecated_at: row.deprecated_at ?? change.nowMs,
      sunset_at: sunsetAtMs,
      deprecation_link: link,
    });
    return served(change, "service.deprecate", row, after);
  });
}

/** Subscriptions that would find nothing once the service is retired. */
export interface Caller {
  application: string;
  team: string;
  subscription: string;
}

/** `force` false: refused while somebody holds a subscription, with their names. */
export function retire(
  plane: Plane,
  actor: Actor,
  id: string,
  force: boolean,
  revision: number | null,
): Promise<ServiceWithDraft> {
  return plane.change(actor, async (change) => {
    const row = await changeableService(change, id, "service.publish", revision);
    refuseRetired(row);
    const callers = await callersOf(change.trx, id, change.nowMs);
    if (callers.length > 0 && !force) {
      const names = callers.map(({ application, team }) => `${application} (${team})`).join(", ");
      throw new ProblemError(
        "in_use",
        `${callers.length} applications may still call ${id}: ${names}; retire it with force, or wait`,
      );
    }
    const fields = {
      state: "retired",
      canary: null,
      review: null,
      retired_at: change.nowMs,
    } as const;
    const after = await storeService(change, row, fields);
    // Its routes stay its own, to answer that it is gone, until another service takes them.
    await serveRoutes(change, after);
    return served(change, "service.retire", row, after);
  });
}

export async function listCallers(plane: Plane, actor: Actor, id: string): Promise<Caller[]> {
  const row = await serviceRow(plane.db, id);
  require(actor, "subscription.read", row.team_id);
  return callersOf(plane.db, id, plane.nowMs());
}

// --- releases ---

export async function listReleases(plane: Plane, actor: Actor, id: string): Promise<ReleaseView[]> {
  const service = await serviceRow(plane.db, id);
  require(actor, "service.read", service.team_id);
  const rows = await plane.db
    .selectFrom("releases")
    .selectAll()
    .where("service_id", "=", id)
    .orderBy("number", "desc")
    .execute();
  return rows.map((row) => releaseView(row, service));
}

export interface ReleaseWithConfiguration extends ReleaseView {
  configuration: Record<string, unknown>;
}

export async function getRelease(
  plane: Plane,
  actor: Actor,
  id: string,
  number: number,
): Promise<ReleaseWithConfiguration> {
  const service = await serviceRow(plane.db, id);
  require(actor, "service.read", service.team_id);
  const row = await releaseRow(plane.db, id, number);
  return { ...releaseView(row, service), configuration: parseJson<Record<string, unknown>>(row.configuration) };
}

export async function releaseRow(db: Connection, id: string, number: number): Promise<ReleaseRow> {
  const query = db.selectFrom("releases").selectAll().where("service_id", "=", id).where("number", "=", number);
  return found(await query.executeTakeFirst());
}

async function nextNumber(db: Connection, id: string): Promise<number> {
  const last = await db
    .selectFrom("releases")
    .select("number")
    .where("service_id", "=", id)
    .orderBy("number", "desc")
    .limit(1)
    .executeTakeFirst();
  return (last?.number ?? 0) + 1;
}

async function releasedService(db: Connection, row: ServiceRow, number: number) {
  const release = await releaseRow(db, row.id, number);
  return checkedDraft(row.id, row.team_id, parseJson<Record<string, unknown>>(release.configuration));
}

// --- what calls can reach ---

/** Of the release that is served. Throws `conflict` where none is. */
export async function currentRoutes(db: Connection, row: ServiceRow): Promise<ServiceSnapshot["routes"]> {
  if (row.current_release === null || row.state === "retired") {
    throw new ProblemError("conflict", `service ${row.id} is not served`);
  }
  return (await releasedService(db, row, row.current_release)).routes;
}

/**
 * Notes which routes lead to the service from now on: those of its current release, and of its canary. Two services with the
 * same one: a call could go to either.
 */
async function serveRoutes(change: Change, row: ServiceRow): Promise<void> {
  const numbers = [row.current_release, canaryOf(row)?.release ?? null].filter((number) => number !== null);
  const live = await Promise.all(numbers.map((number) => releasedService(change.trx, row, number)));
  await change.trx.deleteFrom("live_routes").where("service_id", "=", row.id).execute();
  const wanted = new Map(
    live.flatMap((service) => routeShapes(service)).map((one) => [`${one.method} ${one.shape}`, one]),
  );
  for (const { shape, method, path } of wanted.values()) {
    let rivals = change.trx
      .selectFrom("live_routes")
      .innerJoin("services", "services.id", "live_routes.service_id")
      .select(["live_routes.service_id", "live_routes.method", "services.state"])
      .where("live_routes.shape", "=", shape)
      .where("live_routes.service_id", "!=", row.id);
    if (method !== "*") rivals = rivals.where("live_routes.method", "in", [method, "*"]);
    for (const rival of await rivals.execute()) {
      if (rival.state !== "retired") {
        const who = `a route of service ${rival.service_id} already`;
        throw new ProblemError("conflict", `${path} is ${who}: a call could go to either`);
      }
      await change.trx
        .deleteFrom("live_routes")
        .where("shape", "=", shape)
        .where("method", "=", rival.method)
        .where("service_id", "=", rival.service_id)
        .execute();
      change.touch({ kind: "service", id: rival.service_id });
    }
    await change.trx.insertInto("live_routes").values({ service_id: row.id, shape, method }).execute();
  }
}

async function served(
  change: Change,
  action: string,
  before: ServiceRow,
  after: ServiceRow,
): Promise<ServiceWithDraft> {
  change.touch({ kind: "service", id: after.id });
  await auditService(change, action, after, serviceView(before), serviceView(after));
  return withDraft(change.trx, after);
}

async function callersOf(db: Connection, id: string, nowMs: number): Promise<Caller[]> {
  const rows = await db
    .selectFrom("subscriptions")
    .innerJoin("applications", "applications.id", "subscriptions.application_id")
    .select(["applications.id as application", "applications.team_id as team", "subscriptions.id as subscription"])
    .where("subscriptions.service_id", "=", id)
    .where("subscriptions.state", "=", "approved")
    .where((where) => where.or([where("expires_at", "is", null), where("expires_at", ">", nowMs)]))
    .orderBy("applications.id")
    .execute();
  return rows;
}

function refuseRetired(row: ServiceRow): void {
  if (row.state === "retired") throw new ProblemError("conflict", `service ${row.id} is retired`);
}
