import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ServiceSnapshot } from "../../../src/contracts/snapshot.ts";
import { chooseRelease, stickyPoint } from "../../../src/data-plane/pipeline/releases/choose-release.ts";
import { compileLiveReleases } from "../../../src/data-plane/pipeline/releases/live-releases.ts";
import { runs } from "../../helpers/property-runs.ts";

interface Release {
  number: number;
  version: boolean;
  percent: number | null;
  hasHeader: boolean;
  retired: boolean;
  hasRoute: boolean;
}

const releases = fc
  .array(
    fc.record({
      version: fc.boolean(),
      percent: fc.option(fc.integer({ min: 0, max: 60 })),
      hasHeader: fc.boolean(),
      retired: fc.boolean(),
      hasRoute: fc.boolean(),
    }),
    { minLength: 2, maxLength: 5 },
  )
  .map((all): Release[] => all.map((one, index) => ({ ...one, number: index + 1 })));

function liveOf(all: readonly Release[]) {
  const snapshots = all.map(
    ({ number, version, percent, hasHeader, retired }) =>
      ({
        id: "shop",
        release: number,
        retired,
        selection: {
          isDefault: number === 1,
          version: version ? { header: "x-version", value: String(number) } : null,
          canary:
            percent === null
              ? null
              : { percent, sticky: false, header: hasHeader ? { name: "x-canary", value: String(number) } : null },
        },
      }) as ServiceSnapshot,
  );
  return compileLiveReleases(snapshots, ({ release }) => () => {
    const { hasRoute } = all.find(({ number }) => number === release) as Release;
    return hasRoute
      ? { found: true, target: { kind: "health", check: "liveness" } }
      : { found: false, allowedMethods: null };
  });
}

/** The rules of decision 009, one after the other. */
function expected(all: readonly Release[], headers: Record<string, string>, point: number): number | "404" {
  const withRoute = (one: Release | undefined) => (one?.hasRoute === true ? one.number : undefined);
  const asked = headers["x-version"];
  if (asked !== undefined && all.some(({ version }) => version)) {
    return withRoute(all.find(({ version, number }) => version && String(number) === asked)) ?? "404";
  }
  const canaries = all.filter(({ percent, retired }) => percent !== null && !retired);
  const byHeader = canaries.find(
    ({ hasHeader, number, hasRoute }) => hasRoute && hasHeader && headers["x-canary"] === String(number),
  );
  if (byHeader !== undefined) return byHeader.number;
  let from = 0;
  for (const one of canaries) {
    const to = Math.min(100, from + (one.number === 1 ? 0 : (one.percent ?? 0)));
    if (point >= from && point < to && one.hasRoute) return one.number;
    from = to;
  }
  const others = all.filter(({ number }) => number !== 1).reverse();
  return (
    [all[0], ...others.filter(({ retired }) => !retired), ...others.filter(({ retired }) => retired)]
      .map(withRoute)
      .find((number) => number !== undefined) ?? "404"
  );
}

describe("the choice of a release", () => {
  it("follows the rules, for any releases and any call", () => {
    const value = fc.constantFrom("1", "2", "3", "9");
    const headers = fc.record({ "x-version": value, "x-canary": value }, { requiredKeys: [] });
    fc.assert(
      fc.property(releases, headers, fc.integer({ min: 0, max: 99 }), (all, sent, point) => {
        const asked = {
          method: "GET",
          host: "a",
          path: "/",
          clientAddress: "::1",
          header: (name: string) => (sent as Record<string, string>)[name],
        };
        let actual: number | null | "404";
        try {
          actual = chooseRelease(liveOf(all), asked, { drawn: point, sticky: Number.NaN }).release.snapshot.release;
        } catch {
          actual = "404";
        }
        expect(actual).toBe(expected(all, sent, point));
      }),
      { numRuns: runs(2_000) },
    );
  });
});

describe("the place of a caller in the shares", () => {
  it("is spread evenly, and another one in another service", () => {
    const points = Array.from({ length: 10_000 }, (_, i) => stickyPoint("shop", `application app-${i}`));
    for (const percent of [1, 10, 50]) {
      const within = points.filter((point) => point < percent).length / 100;
      // Five standard deviations.
      expect(Math.abs(within - percent)).toBeLessThan(5 * Math.sqrt((percent * (100 - percent)) / 10_000));
    }
    const elsewhere = points.map((_, i) => stickyPoint("billing", `application app-${i}`));
    const inBoth = points.filter((point, i) => point < 10 && (elsewhere[i] ?? 100) < 10).length;
    expect(inBoth).toBeGreaterThan(50);
    expect(inBoth).toBeLessThan(150);
  });
});
