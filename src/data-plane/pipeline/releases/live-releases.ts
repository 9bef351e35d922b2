import type { ReleaseSelectionSnapshot, ServiceSnapshot } from "../../../contracts/snapshot.ts";
import type { RouteMatch } from "../router.ts";

/** One of several releases of a service, with a router of its own. */
export interface LiveRelease {
  readonly snapshot: ServiceSnapshot;
  readonly selection: ReleaseSelectionSnapshot;
  /** Among this release's routes alone. */
  readonly find: (method: string, host: string, path: string) => RouteMatch;
}

/** The releases of a service that are live at once. */
export interface LiveReleases {
  readonly serviceId: string;
  /** The default first, then the newest first; retired ones last, but for the default. */
  readonly releases: readonly LiveRelease[];
  /** Names of the headers that ask for a version. */
  readonly versionHeaders: readonly string[];
  /** In the order of their releases, which is that of their shares. */
  readonly canaries: readonly LiveCanary[];
  /** Some share is drawn anew for each call. */
  readonly draws: boolean;
  readonly isSticky: boolean;
}

export interface LiveCanary {
  readonly release: LiveRelease;
  readonly header: { name: string; value: string } | null;
  readonly sticky: boolean;
  /** Its share: from here (inclusive) to there (exclusive), of 0 to 100. */
  readonly from: number;
  readonly to: number;
}

/** What a service says for all of its releases. */
export function defaultRelease(releases: readonly ServiceSnapshot[]): ServiceSnapshot {
  const [first] = releases;
  if (first === undefined) throw new TypeError("a service has at least one release");
  if (releases.length === 1) return first;
  const defaults = releases.filter(({ selection }) => selection?.isDefault === true);
  if (defaults.length !== 1 || defaults[0] === undefined) {
    throw new Error(`service ${first.id} has ${defaults.length} default releases: exactly one of several must be it`);
  }
  return defaults[0];
}

/** `finderOf`: makes a router of the routes of one release. */
export function compileLiveReleases(
  snapshots: readonly ServiceSnapshot[],
  finderOf: (release: ServiceSnapshot) => LiveRelease["find"],
): LiveReleases {
  const byDefault = defaultRelease(snapshots);
  const all = snapshots.map((snapshot): LiveRelease => {
    const selection = snapshot.selection ?? { isDefault: snapshot === byDefault, version: null, canary: null };
    return { snapshot, selection, find: finderOf(snapshot) };
  });
  const rank = ({ snapshot }: LiveRelease) => (snapshot === byDefault ? 0 : snapshot.retired ? 2 : 1);
  const releases = all.sort((a, b) => rank(a) - rank(b) || numberOf(b) - numberOf(a));
  const canaries = compileCanaries(releases);
  return {
    serviceId: byDefault.id,
    releases,
    versionHeaders: [...new Set(releases.flatMap(({ selection }) => selection.version?.header ?? []))],
    canaries,
    draws: canaries.some(isDrawn),
    isSticky: canaries.some(({ sticky, from, to }) => sticky && to > from),
  };
}

/** Whether chance has a say in its share. */
export function isDrawn({ sticky, from, to }: LiveCanary): boolean {
  return !sticky && to > from && to - from < 100;
}

function numberOf({ snapshot }: LiveRelease): number {
  return snapshot.release ?? 0;
}

function compileCanaries(releases: readonly LiveRelease[]): LiveCanary[] {
  let from = 0;
  return [...releases]
    .sort((a, b) => numberOf(a) - numberOf(b))
    .flatMap((release) => {
      const { canary } = release.selection;
      // A retired release gets no share, and the default has all that is left.
      if (canary === null || release.snapshot.retired) return [];
      const to = Math.min(100, from + (release.selection.isDefault ? 0 : canary.percent));
      const live: LiveCanary = { release, header: canary.header, sticky: canary.sticky, from, to };
      from = to;
      return [live];
    });
}

/** Whether calls can say, or chance decides, which release they go to: not their path alone. */
export function isSelective({ versionHeaders, canaries }: LiveReleases): boolean {
  return versionHeaders.length > 0 || canaries.length > 0;
}
