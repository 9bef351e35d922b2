import { isDeepStrictEqual } from "node:util";
import { breakingChanges } from "../../governance/comparison/compare-openapi.ts";
import { GovernanceError } from "../../governance/governance-error.ts";
import { blocksPublishing, type Finding } from "../../governance/linting/finding.ts";
import type { Linter } from "../../governance/linting/lint-openapi.ts";
import type { Actor } from "../access/actor.ts";
import type { Change, Plane } from "../plane.ts";
import { type FieldProblem, ProblemError } from "../problem.ts";
import type { Connection } from "../storage/database.ts";
import { require } from "./rows.ts";
import type { ServiceRow } from "./service-views.ts";
import { serviceRow } from "./services.ts";
import { readSettings, type Settings } from "./settings.ts";

/** What a draft's OpenAPI document is judged by, beside itself. */
interface Basis {
  severity: Settings["publish_blocking_severity"];
  blocksBreakingChanges: boolean;
  openapi: string | null;
  /** Of the release that is served; null: there is none, or it has no document. */
  published: string | null;
  /** The team's; null: `tidegate:default`. */
  ruleset: string | null;
}

export interface Judgement {
  basis: Basis;
  /** Null: nothing is in the way. */
  refusal: ProblemError | null;
}

/** Whether the organisation's settings let the draft be published as it is now. */
export async function judgeDraft(plane: Plane, actor: Actor, id: string): Promise<Judgement> {
  const row = await serviceRow(plane.db, id);
  require(actor, "service.publish", row.team_id);
  const basis = await basisOf(plane.db, row);
  return { basis, refusal: await refusalOf(plane.linter, basis) };
}

/** Throws `not_publishable` where the judgement says so, and `conflict` where it is of something else than is there now. */
export async function requirePublishable(change: Change, row: ServiceRow, judgement: Judgement): Promise<void> {
  if (!isDeepStrictEqual(await basisOf(change.trx, row), judgement.basis)) {
    throw new ProblemError("conflict", `service ${row.id} was changed while it was being checked: publish it again`);
  }
  if (judgement.refusal !== null) throw judgement.refusal;
}

async function basisOf(db: Connection, row: ServiceRow): Promise<Basis> {
  const settings = await readSettings(db);
  const severity = settings.publish_blocking_severity;
  const blocksBreakingChanges = settings.publish_blocks_breaking_changes;
  return {
    severity,
    blocksBreakingChanges,
    openapi: severity === "off" && !blocksBreakingChanges ? null : row.openapi,
    published: blocksBreakingChanges ? await publishedOpenapi(db, row) : null,
    ruleset: severity === "off" ? null : await rulesetOf(db, row.team_id),
  };
}

/** The team's ruleset; null: `tidegate:default`. */
export async function rulesetOf(db: Connection, teamId: string): Promise<string | null> {
  const team = await db.selectFrom("teams").select("ruleset").where("id", "=", teamId).executeTakeFirst();
  return team?.ruleset ?? null;
}

async function publishedOpenapi(db: Connection, row: ServiceRow): Promise<string | null> {
  if (row.current_release === null) return null;
  const release = await db
    .selectFrom("releases")
    .select("openapi")
    .where("service_id", "=", row.id)
    .where("number", "=", row.current_release)
    .executeTakeFirst();
  return release?.openapi ?? null;
}

async function refusalOf(linter: Linter, basis: Basis): Promise<ProblemError | null> {
  try {
    return (await lintRefusal(linter, basis)) ?? (await breakingRefusal(linter, basis));
  } catch (error) {
    return governanceProblem(error);
  }
}

async function lintRefusal(linter: Linter, { severity, openapi, ruleset }: Basis): Promise<ProblemError | null> {
  if (severity === "off" || openapi === null) return null;
  const { findings } = await linter.lintOpenapi(openapi, { ruleset });
  const blocking = findings.filter((finding) => blocksPublishing([finding], severity));
  if (blocking.length === 0) return null;
  const count = `${blocking.length} ${blocking.length === 1 ? "finding" : "findings"}`;
  return refused(
    `the OpenAPI document has ${count} of severity ${severity} or worse, which the organisation does not publish`,
    blocking.map(({ path, ...finding }) => ({ path: fieldOf(path), message: described(finding) })),
  );
}

async function breakingRefusal(linter: Linter, { openapi, published }: Basis): Promise<ProblemError | null> {
  if (published === null || !(await isReadable(linter, published))) return null;
  if (openapi === null) {
    return refused("the draft has no OpenAPI document, which callers of the current release go by", []);
  }
  const { changes, breakingChangesAnnounced } = await linter.compareOpenapi(published, openapi);
  const breaking = breakingChanges(changes);
  if (breaking.length === 0 || breakingChangesAnnounced) return null;
  const what = breaking.length === 1 ? "a change" : `${breaking.length} changes`;
  return refused(
    `the OpenAPI document has ${what} that break callers of the current release: raise the major version of \`info.version\` (below 1.0.0: the minor one), or take them back`,
    breaking.map(({ path, operation, message }) => ({
      path: fieldOf(path),
      message: operation === null ? message : `${operation}: ${message}`,
    })),
  );
}

/** A document that nobody can read promises nothing. */
async function isReadable(linter: Linter, openapi: string): Promise<boolean> {
  try {
    await linter.compareOpenapi(openapi, openapi);
    return true;
  } catch (error) {
    if (error instanceof GovernanceError && error.code === "document_unreadable") return false;
    throw error;
  }
}

const MAX_ERRORS = 100;

function refused(message: string, errors: readonly FieldProblem[]): ProblemError {
  return new ProblemError("not_publishable", message, { errors: errors.slice(0, MAX_ERRORS) });
}

function described({ rule, severity, message, line, column }: Omit<Finding, "path">): string {
  return `${line}:${column} ${severity} ${rule}: ${message}`;
}

function fieldOf(path: string): string {
  return path === "" ? "openapi" : `openapi.${path}`;
}

const BUSY_RETRY_MS = 5_000;

/** Why a document could not be judged, as the admin API says it. */
export function governanceProblem(error: unknown): ProblemError {
  if (!(error instanceof GovernanceError)) throw error;
  const { code, message, problems } = error;
  if (code === "lint_busy")
    return new ProblemError("unavailable", message, { retryAfterMs: BUSY_RETRY_MS, cause: error });
  if (code === "ruleset_invalid" || code === "ruleset_too_large") {
    const errors = problems.slice(0, MAX_ERRORS).map((problem) => ({
      path: problem.path === "" ? "ruleset" : `ruleset.${problem.path}`,
      message: `${problem.line}:${problem.column} ${problem.message}`,
    }));
    return new ProblemError("invalid_request", `the ruleset can't be used: ${message}`, { errors });
  }
  return refused(`the OpenAPI document can't be judged: ${message}`, [{ path: "openapi", message }]);
}
