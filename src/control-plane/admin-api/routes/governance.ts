import { z } from "@hono/zod-openapi";
import { SEVERITIES } from "../../../governance/linting/finding.ts";
import { diffService, getRuleset, lintDraft, setRuleset } from "../../entities/governance.ts";
import { type Endpoint, endpoint } from "../endpoint.ts";
import { id, releaseParameter, revision } from "../schemas.ts";

const service = { service: id };
const team = { team: id };

/** Characters; the bytes are counted where it is read. */
const RULESET = 256 * 1024;

const ruleset = z
  .object({
    ruleset: z.string().nullable().openapi({ description: "YAML or JSON; null: `tidegate:default`." }),
    revision,
  })
  .openapi("Ruleset");

const severity = z.enum(SEVERITIES);
const finding = z
  .object({
    rule: z.string(),
    severity,
    message: z.string(),
    path: z.string(),
    line: z.int(),
    column: z.int(),
    documentation: z.string().nullable(),
  })
  .openapi("Finding");
const lint = z
  .object({
    findings: z.array(finding),
    summary: z.object({ error: z.int(), warn: z.int(), info: z.int(), hint: z.int() }),
    publish_blocking_severity: z.enum(["off", ...SEVERITIES]),
    blocks_publishing: z.boolean(),
  })
  .openapi("Lint");

const openapiChange = z
  .object({
    kind: z.string(),
    is_breaking: z.boolean(),
    path: z.string(),
    operation: z.string().nullable(),
    message: z.string(),
  })
  .openapi("OpenapiChange");
const configurationChange = z
  .object({
    kind: z.enum(["added", "removed", "changed"]),
    path: z.string(),
    before: z.unknown(),
    after: z.unknown(),
  })
  .openapi("ConfigurationChange");
const diff = z
  .object({
    from: z.int().nullable().openapi({ description: "A release; null: there was none." }),
    to: z.int().nullable().openapi({ description: "A release; null: the draft." }),
    changes: z.array(configurationChange),
    text: z.string().openapi({ description: "The same, a line each." }),
    openapi: z
      .object({
        changes: z.array(openapiChange),
        breaking: z.int(),
        breaking_changes_announced: z.boolean(),
        problem: z.string().nullable().openapi({ description: "Why the documents could not be compared." }),
      })
      .nullable()
      .openapi({ description: "Null: one of the two has no OpenAPI document." }),
  })
  .openapi("ServiceDiff");

export const governanceEndpoints: readonly Endpoint[] = [
  endpoint(
    {
      method: "get",
      path: "/services/{service}/lint",
      operationId: "lintService",
      summary: "What is to be said of the draft's OpenAPI document",
      tag: "Governance",
      needs: "service.read",
      params: service,
      answers: lint,
    },
    async ({ plane, actor, params }) => {
      const { findings, summary, blockingSeverity, blocksPublishing } = await lintDraft(plane, actor, params.service);
      const verdict = { publish_blocking_severity: blockingSeverity, blocks_publishing: blocksPublishing };
      return { body: { findings, summary, ...verdict } };
    },
  ),
  endpoint(
    {
      method: "get",
      path: "/services/{service}/diff",
      operationId: "diffService",
      summary: "What publishing would change, or what changed between two releases",
      tag: "Governance",
      needs: "service.read",
      params: service,
      query: {
        from: releaseParameter.optional().openapi({ description: "A release; absent: the one that is served." }),
        to: releaseParameter.optional().openapi({ description: "A release; absent: the draft." }),
      },
      answers: diff,
    },
    async ({ plane, actor, params, query }) => {
      const sides = { from: query.from ?? null, to: query.to ?? null };
      const { openapi, ...rest } = await diffService(plane, actor, params.service, sides);
      return { body: { ...rest, openapi: openapi === null ? null : openapiAnswer(openapi) } };
    },
  ),
  endpoint(
    {
      method: "get",
      path: "/teams/{team}/ruleset",
      operationId: "getRuleset",
      summary: "The rules for a team's OpenAPI documents",
      tag: "Governance",
      needs: "team.read",
      params: team,
      answers: ruleset,
    },
    async ({ plane, actor, params }) => ({ body: await getRuleset(plane, actor, params.team) }),
  ),
  endpoint(
    {
      method: "put",
      path: "/teams/{team}/ruleset",
      operationId: "setRuleset",
      summary: "Give a team rules of its own",
      tag: "Governance",
      needs: "team.manage",
      params: team,
      body: z.strictObject({ ruleset: z.string().max(RULESET).nullable() }),
      answers: ruleset,
    },
    async ({ plane, actor, params, body, revision: expected }) => {
      return { body: await setRuleset(plane, actor, params.team, body.ruleset, expected) };
    },
  ),
];

type Compared = NonNullable<Awaited<ReturnType<typeof diffService>>["openapi"]>;

function openapiAnswer(compared: Compared): z.output<typeof diff>["openapi"] {
  if ("problem" in compared) {
    return { changes: [], breaking: 0, breaking_changes_announced: false, problem: compared.problem };
  }
  const changes = compared.changes.map(({ isBreaking, ...change }) => ({ ...change, is_breaking: isBreaking }));
  const announced = compared.breakingChangesAnnounced;
  return { changes, breaking: compared.breaking, breaking_changes_announced: announced, problem: null };
}
