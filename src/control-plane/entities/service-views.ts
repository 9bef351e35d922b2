import type { ReleaseTable, Row, ServiceState, ServiceTable, Visibility } from "../storage/tables.ts";
import { isoTime, parseJson } from "./rows.ts";

export type ServiceRow = Row<ServiceTable>;
export type ReleaseRow = Row<ReleaseTable>;

/** Some of the calls go to another release than the current one. */
export interface Canary {
  release: number;
  /** Of the calls, 0 to 100. */
  percent: number;
  /** Calls with this header go to it, whatever the share. */
  header: { name: string; value: string } | null;
  /** An application gets the same release each time. */
  sticky: boolean;
}

/** A publication that waits for a second person. */
export interface Review {
  requested_by: string;
  requested_at: string;
  note: string;
}

export interface StoredReview extends Review {
  /** Of the person who asked; null: a machine did. */
  user_id: string | null;
}

export interface ServiceView {
  id: string;
  team: string;
  kind: ServiceTable["kind"];
  name: string;
  description: string;
  category: string;
  tags: string[];
  documentation: string;
  has_openapi: boolean;
  visibility: Visibility;
  approval: "automatic" | "manual";
  state: ServiceState;
  current_release: number | null;
  canary: Canary | null;
  review: Review | null;
  deprecated_at: string | null;
  sunset_at: string | null;
  deprecation_link: string | null;
  retired_at: string | null;
  created_at: string;
  updated_at: string;
  revision: number;
}

export interface ServiceWithDraft extends ServiceView {
  /** What the next release will be: the fields of a service in `tidegate.yaml`. */
  draft: Record<string, unknown>;
  /** Teams it is shared with. */
  shared_with: string[];
}

export interface ReleaseView {
  number: number;
  note: string;
  created_by: string;
  created_at: string;
  /** Served, and to which calls. */
  serves: "current" | "canary" | "nothing";
}

export function serviceView(row: ServiceRow): ServiceView {
  return {
    id: row.id,
    team: row.team_id,
    kind: row.kind,
    name: row.name,
    description: row.description,
    category: row.category,
    tags: parseJson<string[]>(row.tags),
    documentation: row.documentation,
    has_openapi: row.openapi !== null,
    visibility: row.visibility,
    approval: row.approval,
    state: row.state,
    // Kept to answer that it is gone; nothing is served of it.
    current_release: row.state === "retired" ? null : row.current_release,
    canary: canaryOf(row),
    review: reviewOf(row),
    deprecated_at: isoTime(row.deprecated_at),
    sunset_at: isoTime(row.sunset_at),
    deprecation_link: row.deprecation_link,
    retired_at: isoTime(row.retired_at),
    created_at: isoTime(row.created_at),
    updated_at: isoTime(row.updated_at),
    revision: row.revision,
  };
}

function servesOf(number: number, service: ServiceRow, isCanary: boolean): ReleaseView["serves"] {
  if (service.state === "retired") return "nothing";
  if (service.current_release === number) return "current";
  return isCanary ? "canary" : "nothing";
}

export function storedReview(row: Pick<ServiceRow, "review">): StoredReview | null {
  return row.review === null ? null : parseJson<StoredReview>(row.review);
}

function reviewOf(row: ServiceRow): Review | null {
  const review = storedReview(row);
  if (review === null) return null;
  const { requested_by, requested_at, note } = review;
  return { requested_by, requested_at, note };
}

export function canaryOf(row: Pick<ServiceRow, "canary">): Canary | null {
  return row.canary === null ? null : parseJson<Canary>(row.canary);
}

export function releaseView(row: ReleaseRow, service: ServiceRow): ReleaseView {
  const isCanary = canaryOf(service)?.release === row.number;
  return {
    number: row.number,
    note: row.note,
    created_by: row.created_by,
    created_at: isoTime(row.created_at),
    serves: servesOf(row.number, service, isCanary),
  };
}
