import { type Actor, may } from "../access/actor.ts";
import type { Plane } from "../plane.ts";
import { type AuditRow, type AuditVerification, verifyAudit } from "./audit.ts";
import { decodeNumericCursor, type Page, type PageRequest, pageOf } from "./pages.ts";
import { isoTime, parseJson, require } from "./rows.ts";

export interface AuditView {
  sequence: number;
  at: string;
  actor: { kind: AuditRow["actor_kind"]; id: string; name: string; address: string };
  action: string;
  subject: { type: string; id: string };
  team: string | null;
  before: unknown;
  after: unknown;
  hash: string;
}

export interface AuditFilter {
  action: string | null;
  subjectType: string | null;
  subjectId: string | null;
  actor: string | null;
  team: string | null;
  fromMs: number | null;
  toMs: number | null;
}

/** Newest first. Teams read what was done to what is theirs. */
export async function listAudit(
  plane: Plane,
  actor: Actor,
  page: PageRequest,
  filter: AuditFilter,
): Promise<Page<AuditView>> {
  const ofTeam = filter.team !== null && may(actor, "team.manage", filter.team);
  if (!ofTeam) require(actor, "audit.read", null);
  let query = plane.db
    .selectFrom("audit")
    .selectAll()
    .orderBy("sequence", "desc")
    .limit(page.limit + 1);
  const before = decodeNumericCursor(page.cursor);
  if (before !== null) query = query.where("sequence", "<", before);
  if (filter.action !== null) query = query.where("action", "=", filter.action);
  if (filter.subjectType !== null) query = query.where("subject_type", "=", filter.subjectType);
  if (filter.subjectId !== null) query = query.where("subject_id", "=", filter.subjectId);
  if (filter.actor !== null) query = query.where("actor_name", "=", filter.actor);
  if (filter.team !== null) query = query.where("team_id", "=", filter.team);
  if (filter.fromMs !== null) query = query.where("at", ">=", filter.fromMs);
  if (filter.toMs !== null) query = query.where("at", "<", filter.toMs);
  return pageOf(await query.execute(), page, ({ sequence }) => String(sequence), viewOf);
}

export async function checkAudit(plane: Plane, actor: Actor): Promise<AuditVerification> {
  require(actor, "audit.read", null);
  return verifyAudit(plane.db);
}

const EXPORT_ROWS = 500;

/** All of it, oldest first, a JSON line each: with the hashes, so that it can be checked elsewhere. */
export async function* exportAudit(plane: Plane, actor: Actor): AsyncGenerator<string> {
  require(actor, "audit.read", null);
  for (let after = -1; ; ) {
    const rows = await plane.db
      .selectFrom("audit")
      .selectAll()
      .where("sequence", ">", after)
      .orderBy("sequence")
      .limit(EXPORT_ROWS)
      .execute();
    if (rows.length === 0) return;
    after = rows.at(-1)?.sequence ?? after;
    yield rows.map((row) => `${JSON.stringify(row)}\n`).join("");
  }
}

const viewOf = (row: AuditRow): AuditView => ({
  sequence: row.sequence,
  at: isoTime(row.at),
  actor: { kind: row.actor_kind, id: row.actor_id, name: row.actor_name, address: row.address },
  action: row.action,
  subject: { type: row.subject_type, id: row.subject_id },
  team: row.team_id,
  before: row.before === null ? null : parseJson(row.before),
  after: row.after === null ? null : parseJson(row.after),
  hash: row.hash,
});
