import { z } from "@hono/zod-openapi";
import { SEVERITIES } from "../../../governance/linting/finding.ts";
import { checkAudit, exportAudit, listAudit } from "../../entities/audit-trail.ts";
import { changeSettings, getSettings, settingsSchema } from "../../entities/settings.ts";
import { type Endpoint, endpoint, pageOf, pageQuery, pageRequest } from "../endpoint.ts";
import { auditEntry, id, origin, policies, shortText, timeInput } from "../schemas.ts";

// Made anew: one that is older than this module's `z`, whatever loads first, knows nothing of OpenAPI.
const settings = z.strictObject(settingsSchema.shape).openapi("Settings");
/** Defaults must not come back as changes. */
const settingsInput = z.strictObject({
  publish_needs_second_person: z.boolean().optional(),
  publish_blocking_severity: z.enum(["off", ...SEVERITIES]).optional(),
  publish_blocks_breaking_changes: z.boolean().optional(),
  public_url: origin.nullable().optional(),
  password_sign_in: z.boolean().optional(),
  policies: policies.optional(),
  idempotency_hours: z.int().min(1).max(168).optional(),
});

export const organisationEndpoints: readonly Endpoint[] = [
  endpoint(
    {
      method: "get",
      path: "/settings",
      operationId: "getSettings",
      summary: "The organisation's settings",
      tag: "Settings",
      needs: "setting.read",
      answers: settings,
    },
    async ({ plane, actor }) => ({ body: await getSettings(plane, actor) }),
  ),
  endpoint(
    {
      method: "patch",
      path: "/settings",
      operationId: "changeSettings",
      summary: "Change settings",
      tag: "Settings",
      needs: "setting.manage",
      body: settingsInput,
      answers: settings,
    },
    async ({ plane, actor, body }) => {
      const given = Object.entries(body).filter(([, value]) => value !== undefined);
      return { body: await changeSettings(plane, actor, Object.fromEntries(given)) };
    },
  ),
  endpoint(
    {
      method: "get",
      path: "/audit",
      operationId: "listAudit",
      summary: "Who changed what, newest first",
      tag: "Audit",
      needs: "audit.read",
      query: {
        ...pageQuery,
        action: shortText.optional(),
        subject_type: shortText.optional(),
        subject_id: shortText.optional(),
        actor: shortText.optional(),
        team: id.optional(),
        from: timeInput.optional(),
        to: timeInput.optional(),
      },
      answers: pageOf(auditEntry),
    },
    async ({ plane, actor, query }) => {
      const filter = {
        action: query.action ?? null,
        subjectType: query.subject_type ?? null,
        subjectId: query.subject_id ?? null,
        actor: query.actor ?? null,
        team: query.team ?? null,
        fromMs: query.from ?? null,
        toMs: query.to ?? null,
      };
      return { body: await listAudit(plane, actor, pageRequest(query), filter) };
    },
  ),
  endpoint(
    {
      method: "get",
      path: "/audit/verification",
      operationId: "verifyAudit",
      summary: "Whether the audit trail is as it was written",
      tag: "Audit",
      needs: "audit.read",
      answers: z.object({
        intact: z.boolean(),
        entries: z.int(),
        last_hash: z.string(),
        broken_at: z.int().nullable(),
      }),
    },
    async ({ plane, actor }) => {
      const { intact, entries, lastHash, brokenAt } = await checkAudit(plane, actor);
      return { body: { intact, entries, last_hash: lastHash, broken_at: brokenAt } };
    },
  ),
  endpoint(
    {
      method: "get",
      path: "/audit/export",
      operationId: "exportAudit",
      summary: "All of it, a JSON line each",
      tag: "Audit",
      needs: "audit.read",
      answers: z.string(),
      mediaType: "application/x-ndjson",
    },
    async ({ plane, actor }) => {
      const lines = exportAudit(plane, actor);
      // The first lines now: whoever may not hears of it with the status.
      const first = await lines.next();
      return { body: restOf(first, lines), headers: { "content-type": "application/x-ndjson" } };
    },
  ),
];

async function* restOf(first: IteratorResult<string>, rest: AsyncGenerator<string>): AsyncGenerator<string> {
  if (first.done === true) return;
  yield first.value;
  yield* rest;
}
