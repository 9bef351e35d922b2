import { breakingChanges } from "../../governance/comparison/compare-openapi.ts";
import type { OpenapiComparison } from "../../governance/comparison/run-comparison.ts";
import { type ConfigurationChange, diffConfiguration } from "../../governance/diff/diff-configuration.ts";
import { formatDiff } from "../../governance/diff/format-diff.ts";
import { GovernanceError } from "../../governance/governance-error.ts";
import { blocksPublishing, type LintResult } from "../../governance/linting/finding.ts";
import type { Actor } from "../access/actor.ts";
import type { Plane } from "../plane.ts";
import type { Connection } from "../storage/database.ts";
import { releaseRow } from "./lifecycle.ts";
import { governanceProblem, rulesetOf } from "./publish-gate.ts";
import { found, parseJson, require, requireRevision } from "./rows.ts";
import type { ServiceRow } from "./service-views.ts";
import { serviceRow } from "./services.ts";
import { readSettings, type Settings } from "./settings.ts";
import { teamRow } from "./teams.ts";

// --- a team's ruleset ---

export interface RulesetView {
  /** YAML or JSON; null: `tidegate:default`. */
  ruleset: string | null;
  /** The team's. */
  revision: number;
}

export async function getRuleset(plane: Plane, actor: Actor, teamId: string): Promise<RulesetView> {
  require(actor, "team.read", teamId);
  const { ruleset, revision } = await teamRow(plane.db, teamId);
  return { ruleset, revision };
}

/** Throws `invalid_request` that names what is wrong with the ruleset, with line and column. */
export async function setRuleset(
  plane: Plane,
  actor: Actor,
  teamId: string,
  ruleset: string | null,
  revision: number | null,
): Promise<RulesetView> {
  require(actor, "team.manage", teamId);
  if (ruleset !== null) await tryRuleset(plane, ruleset);
  return plane.change(actor, async (change) => {
    const before = await teamRow(change.trx, teamId);
    requireRevision(before, revision);
    const after = { ...before, ruleset, revision: before.revision + 1 };
    await change.trx.updateTable("teams").set(after).where("id", "=", teamId).execute();
    await change.audit({
      action: "team.ruleset",
      subjectType: "team",
      subjectId: teamId,
      teamId,
      before: { ruleset: before.ruleset },
      after: { ruleset },
    });
    return { ruleset, revision: after.revision };
  });
}

/** Some mistakes show only when rules are applied to something. */
const ANY_DOCUMENT = '{"openapi": "3.1.0", "info": {"title": "any", "version": "1.0.0"}, "paths": {}}';

async function tryRuleset(plane: Plane, ruleset: string): Promise<void> {
  await plane.linter.lintOpenapi(ANY_DOCUMENT, { ruleset }).catch((error: unknown) => {
    throw governanceProblem(error);
  });
}

// --- a draft's OpenAPI document ---

export interface DraftLint extends LintResult {
  /** The setting `publish_blocking_severity`. */
  blockingSeverity: Settings["publish_blocking_severity"];
  blocksPublishing: boolean;
}

/** By the rules of the service's team; `not_found` when the draft has no document. */
export async function lintDraft(plane: Plane, actor: Actor, id: string): Promise<DraftLint> {
  const row = await serviceRow(plane.db, id);
  require(actor, "service.read", row.team_id);
  const openapi = found(row.openapi ?? undefined);
  const ruleset = await rulesetOf(plane.db, row.team_id);
  const { publish_blocking_severity: severity } = await readSettings(plane.db);
  const result = await plane.linter.lintOpenapi(openapi, { ruleset }).catch((error: unknown) => {
    throw governanceProblem(error);
  });
  const isBlocked = severity !== "off" && blocksPublishing(result.findings, severity);
  return { ...result, blockingSeverity: severity, blocksPublishing: isBlocked };
}

// --- what changed ---

export interface ServiceDiff {
  /** A release; null: there was none. */
  from: number | null;
  /** A release; null: the draft. */
  to: number | null;
  changes: readonly ConfigurationChange[];
  /** The same in lines; "" where nothing changed. */
  text: string;
  /** Null: one of the two has no document. */
  openapi: (OpenapiComparison & { breaking: number }) | { problem: string } | null;
}

/** `from` null: the release that is served; `to` null: the draft. */
export async function diffService(
  plane: Plane,
  actor: Actor,
  id: string,
  { from, to }: { from: number | null; to: number | null },
): Promise<ServiceDiff> {
  const row = await serviceRow(plane.db, id);
  require(actor, "service.read", row.team_id);
  const base = from ?? row.current_release;
  const before = base === null ? null : await releaseRow(plane.db, id, base);
  const after = await sideOf(plane.db, row, to);
  const changes = diffConfiguration(
    before === null ? {} : parseJson(before.configuration),
    parseJson(after.configuration),
  );
  const openapi = await compareDocuments(plane, before?.openapi ?? null, after.openapi);
  return { from: base, to, changes, text: formatDiff(changes), openapi };
}

async function sideOf(db: Connection, row: ServiceRow, number: number | null) {
  return number === null ? { configuration: row.draft, openapi: row.openapi } : releaseRow(db, row.id, number);
}

async function compareDocuments(
  { linter }: Plane,
  before: string | null,
  after: string | null,
): Promise<ServiceDiff["openapi"]> {
  if (before === null || after === null) return null;
  try {
    const comparison = await linter.compareOpenapi(before, after);
    return { ...comparison, breaking: breakingChanges(comparison.changes).length };
  } catch (error) {
    // The rest of the answer is no less true.
    if (error instanceof GovernanceError && error.code !== "lint_busy") return { problem: error.message };
    throw governanceProblem(error);
  }
}
