/**
 * How often a property is tried. With one seed each run tries the same values, so where the suite runs once more (on another
 * Node, under sanitizers) a part of them is enough. To look further than the suite does, with values of your own:
 * `TIDEGATE_PROPERTY_SEED=7 TIDEGATE_PROPERTY_RUNS=20 npx vitest run --project unit property`.
 */
export function runs(count: number): number {
  return Math.ceil(count * factor);
}

/** Where a property does not say how often: as often as fast-check does in the suite's first run, and less where it runs once more. */
export function defaultRuns(): number {
  return factor > 1 ? runs(100) : Math.min(100, runs(250));
}

/**
 * Of places that are all tried, each in a test of its own or in a loop: one in ten where the suite runs once more, and no more
 * than a tenth of the values are tried, too.
 */
export function triedHere<Place>(places: readonly Place[]): readonly Place[] {
  return factor <= 0.1 ? places.filter((_, index) => index % 10 === 0) : places;
}

const factor = Number(process.env.TIDEGATE_PROPERTY_RUNS ?? 1);
if (!(factor > 0)) throw new Error(`TIDEGATE_PROPERTY_RUNS is a factor, e.g. 0.1 or 20, not ${factor}`);
