import type { DeprecationSnapshot, ReleaseSelectionSnapshot, ServiceSnapshot } from "../../contracts/snapshot.ts";
import { routeShapes } from "../../snapshot/route-shapes.ts";
import type { DocumentProblem } from "../../snapshot/service-document.ts";
import { canaryOf } from "../entities/service-views.ts";
import type { Row, ServiceTable } from "../storage/tables.ts";
import { releasedService, type StoredRelease } from "./compiled-release.ts";

export interface LiveRelease extends StoredRelease {
  service_id: string;
  number: number;
}

type ServiceRow = Row<ServiceTable>;

/** The releases of a service that calls can come to; of a retired one, the release whose callers are told so. */
export function liveNumbers(row: ServiceRow): number[] {
  const canary = canaryOf(row);
  return [row.current_release, canary?.release ?? null].filter((number) => number !== null);
}

export function routeKey(service: string, method: string, shape: string): string {
  return `${service} ${method} ${shape}`;
}

/** `routesOfRetired`: those that are still a retired service's own. */
export function liveService(
  row: ServiceRow,
  releases: readonly LiveRelease[],
  routesOfRetired: ReadonlySet<string>,
  onProblems: (release: number, problems: readonly DocumentProblem[]) => void,
): ServiceSnapshot[] {
  const live: ServiceSnapshot[] = [];
  for (const release of releases) {
    const read = releasedService(row.id, row.team_id, release);
    if (!read.ok) {
      onProblems(release.number, read.problems);
      continue;
    }
    const entry = { ...read.service, release: release.number, deprecation: deprecationOf(row) };
    live.push(
      row.state === "retired"
        ? retired(entry, routesOfRetired)
        : { ...entry, selection: selectionOf(row, release.number) },
    );
  }
  const routed = live.filter(({ routes }) => routes.length > 0);
  // A canary alone would be a service without a default.
  return routed.length === 1 ? routed.map((one) => ({ ...one, selection: null })) : routed;
}

function retired(service: ServiceSnapshot, own: ReadonlySet<string>): ServiceSnapshot {
  const routes = service.routes.filter((route) =>
    routeShapes({ routes: [route] }).every(({ method, shape }) => own.has(routeKey(service.id, method, shape))),
  );
  return { ...service, routes, retired: true };
}

function selectionOf(row: ServiceRow, number: number): ReleaseSelectionSnapshot {
  const canary = canaryOf(row);
  if (canary?.release !== number) return { isDefault: true, version: null, canary: null };
  const header = canary.header === null ? null : { ...canary.header, name: canary.header.name.toLowerCase() };
  return { isDefault: false, version: null, canary: { percent: canary.percent, header, sticky: canary.sticky } };
}

function deprecationOf(row: ServiceRow): DeprecationSnapshot | null {
  if (row.deprecated_at === null) return null;
  return { atMs: row.deprecated_at, sunsetAtMs: row.sunset_at, link: row.deprecation_link };
}
