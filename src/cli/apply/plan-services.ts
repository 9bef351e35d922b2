import { isDeepStrictEqual } from "node:util";
import type { Path } from "../../snapshot/schema/introspection.ts";
import { differencesOf, differencesOfNew, mayBeSecretInService } from "../diff.ts";
import { changedFields } from "./fields.ts";
import { ABOUT_SERVICE } from "./file-schema.ts";
import type { PlanNotebook } from "./plan-notebook.ts";
import type { ActualService, ActualState, DesiredService, DesiredState } from "./state.ts";
import type { ServiceFields, Subject } from "./steps.ts";

/** What will be of each service once the steps are done: whether applications can subscribe to it. */
export type Outlook = "served" | "waits for a second person" | "not published" | "retired";
export type ServiceOutlook = ReadonlyMap<string, Outlook>;

export function planServices(notebook: PlanNotebook, desired: DesiredState, actual: ActualState): ServiceOutlook {
  const outlook = new Map<string, Outlook>();
  const byId = new Map(actual.services.map((one) => [one.id, one]));
  for (const one of actual.services) outlook.set(one.id, outlookNow(one));
  for (const service of desired.services) {
    const before = byId.get(service.id) ?? null;
    const subject: Subject = { kind: "service", id: service.id, team: service.team };
    notebook.wanted(subject);
    const obstacle = before === null ? null : obstacleOf(service, before);
    if (obstacle !== null) {
      notebook.obstacle(subject, obstacle);
      continue;
    }
    const hasNewContent = planContent(notebook, subject, service, before);
    planShares(notebook, subject, service, before);
    const publication = planPublication(notebook, subject, service, before, { actor: actual.actor, hasNewContent });
    if (publication !== null) outlook.set(service.id, publication);
    else if (before === null) outlook.set(service.id, "not published");
  }
  return outlook;
}

function outlookNow({ state }: ActualService): Outlook {
  if (state === "retired") return "retired";
  return state === "draft" ? "not published" : "served";
}

function obstacleOf(service: DesiredService, before: ActualService): string | null {
  if (before.team !== service.team) {
    return `it belongs to team ${before.team}: a service can't go to another team`;
  }
  if (before.state === "retired") return "it is retired: take it out of the files, or choose another id";
  return null;
}

/** True: the draft will be another one. */
function planContent(
  notebook: PlanNotebook,
  subject: Subject,
  service: DesiredService,
  before: ActualService | null,
): boolean {
  const wanted = fieldsOf(service);
  if (before === null) {
    const differences = differencesOfNew({ ...DEFAULTS, name: service.id }, flat(wanted), mayBeSecret);
    notebook.step(subject, { type: "create-service", service }, differences);
    return true;
  }
  const is = fieldsOf(before);
  const fields = changedFields(is, wanted);
  if (fields === null) return false;
  const { id, revision } = before;
  notebook.step(
    subject,
    { type: "update-service", id, fields, revision },
    differencesOf(flat(is), flat(wanted), mayBeSecret),
  );
  return fields.draft !== undefined || fields.openapi !== undefined;
}

function planShares(
  notebook: PlanNotebook,
  subject: Subject,
  { id, sharedWith }: DesiredService,
  before: ActualService | null,
): void {
  const wanted = [...new Set(sharedWith)].sort();
  const is = [...(before?.shared_with ?? [])].sort();
  if (isDeepStrictEqual(is, wanted)) return;
  const differences = differencesOf({ shared_with: is }, { shared_with: wanted }, () => false);
  notebook.step(subject, { type: "share-service", id, teams: wanted }, differences);
}

/** What it will be afterwards; null: as before. */
function planPublication(
  notebook: PlanNotebook,
  subject: Subject,
  service: DesiredService,
  before: ActualService | null,
  { actor, hasNewContent }: { actor: string; hasNewContent: boolean },
): Outlook | null {
  if (!service.publish || isServed(service, before)) return null;
  const review = before?.review ?? null;
  if (review !== null && review.requested_by === actor && !hasNewContent) {
    // Asking again would change nothing but the time of the request.
    notebook.note(
      `service ${service.id}: the publication that you asked for waits for somebody else who may publish it`,
    );
    return before?.state === "draft" ? "waits for a second person" : null;
  }
  const { id, note } = service;
  notebook.step(subject, { type: "publish-service", id, note, revision: before?.revision ?? null });
  return "served";
}

function isServed({ draft, openapi }: DesiredService, before: ActualService | null): boolean {
  if (before === null || before.released === null || before.current_release === null) return false;
  return isDeepStrictEqual(before.released.configuration, draft) && before.released.openapi === openapi;
}

function fieldsOf(one: DesiredService | ActualService): Required<ServiceFields> {
  const { name, description, category, tags, documentation, openapi, visibility, approval, draft } = one;
  return { name, description, category, tags, documentation, openapi, visibility, approval, draft };
}

/** What a new service has unless it is said. */
const DEFAULTS = {
  description: "",
  category: "",
  tags: [],
  documentation: "",
  visibility: "team",
  approval: "manual",
};

function mayBeSecret([key = "", ...rest]: Path): boolean {
  return !ABOUT_SERVICE.has(String(key)) && mayBeSecretInService([key, ...rest]);
}

/** With the draft's fields beside the others, as in the file. */
function flat({ draft, openapi, ...about }: Required<ServiceFields>): object {
  return { ...about, ...(openapi === null ? {} : { openapi }), ...draft };
}
