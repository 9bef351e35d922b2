import { z } from "zod";
import { SEVERITIES } from "../../governance/linting/finding.ts";
import type { Actor } from "../access/actor.ts";
import type { Plane } from "../plane.ts";
import { ProblemError } from "../problem.ts";
import type { Connection } from "../storage/database.ts";
import { redactedPolicies } from "./audit-redaction.ts";
import { hasLinkedOwner } from "./linked-owners.ts";
import { checkedPolicies } from "./policies.ts";
import { require } from "./rows.ts";

/** Settings of the organisation, with what holds while nobody has changed them. */
export const settingsSchema = z.strictObject({
  publish_needs_second_person: z
    .boolean()
    .default(false)
    .describe("A release is made when somebody else than its author publishes it as well."),
  publish_blocking_severity: z
    .enum(["off", ...SEVERITIES])
    .default("off")
    .describe("A draft whose OpenAPI document has a finding of this severity, or of a worse one, is not published."),
  publish_blocks_breaking_changes: z
    .boolean()
    .default(false)
    .describe(
      "A draft whose OpenAPI document breaks callers of the current release is not published, unless `info.version` announces it.",
    ),
  public_url: z
    .string()
    .nullable()
    .default(null)
    .describe(
      "Where browsers reach the admin API, e.g. `https://tidegate.example.org`; null: where a request says that it goes.",
    ),
  password_sign_in: z
    .boolean()
    .default(true)
    .describe("People may sign in with a password; false: only with an identity provider, as an owner must have done."),
  policies: z
    .record(z.string(), z.unknown())
    .default({})
    .describe("What holds for all calls: `policies`, as in `tidegate.yaml`."),
  idempotency_hours: z.int().min(1).max(168).default(24).describe("How long an `Idempotency-Key` is remembered."),
});

export type Settings = z.output<typeof settingsSchema>;

export async function readSettings(db: Connection): Promise<Settings> {
  const rows = await db.selectFrom("settings").selectAll().execute();
  return settingsSchema.parse(Object.fromEntries(rows.map(({ key, value }) => [key, JSON.parse(value) as unknown])));
}

export async function getSettings(plane: Plane, actor: Actor): Promise<Settings> {
  require(actor, "setting.read", null);
  return readSettings(plane.db);
}

export function changeSettings(plane: Plane, actor: Actor, fields: Partial<Settings>): Promise<Settings> {
  require(actor, "setting.manage", null);
  // Like identity providers: whoever decides how people sign in.
  if (fields.password_sign_in !== undefined) require(actor, "organisation.manage", null);
  return plane.change(actor, async (change) => {
    if (fields.policies !== undefined) {
      checkedPolicies(plane, "organisation", fields.policies, null);
      change.touch({ kind: "organisation", id: "policies" });
    }
    if (fields.password_sign_in === false && !(await hasLinkedOwner(change.trx, null))) {
      const remedy = "sign in with one as an owner first, to see that it works";
      throw new ProblemError("conflict", `no owner has signed in with an identity provider that is enabled: ${remedy}`);
    }
    const before = await readSettings(change.trx);
    for (const [key, value] of Object.entries(fields)) {
      await change.trx
        .insertInto("settings")
        .values({ key, value: JSON.stringify(value) })
        .onConflict((conflict) => conflict.column("key").doUpdateSet({ value: JSON.stringify(value) }))
        .execute();
    }
    const after = await readSettings(change.trx);
    if (before.password_sign_in && !after.password_sign_in) await endPasswordSessions(change.trx, actor);
    const entry = { action: "setting.update", subjectType: "settings", subjectId: "organisation", teamId: null };
    await change.audit({ ...entry, before: redacted(before), after: redacted(after) });
    return after;
  });
}

/** Of everybody but who makes the change, who would be signed out by it. */
async function endPasswordSessions(trx: Connection, { userId }: Actor): Promise<void> {
  const ofPasswords = trx.deleteFrom("sessions").where("identity_provider", "is", null);
  await (userId === null ? ofPasswords : ofPasswords.where("user_id", "!=", userId)).execute();
}

function redacted(settings: Settings): Settings {
  return { ...settings, policies: redactedPolicies(settings.policies) };
}
