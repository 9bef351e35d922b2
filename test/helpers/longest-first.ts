import { BaseSequencer, type TestSpecification } from "vitest/node";

/**
 * Files that wait for processes or for the clock, and so take a quarter of a minute and more, whatever their size: with one of
 * them at the end, a worker runs while the others have nothing left.
 */
const LONGEST = [
  "control-plane/processes",
  "data-plane/cluster-limits",
  "supervisor/start",
  "control-plane/cluster",
  "control-plane/walk-through",
  "e2e/bench",
  "governance/lint",
  "control-plane/oidc",
  "control-plane/backup",
  "data-plane/broken-answers",
  "native/leaks",
  "native/call-journal-gateway",
  "supervisor/workers",
  "data-plane/fast-path-ai",
  "control-plane/lifecycle",
  "data-plane/cache",
].map((name) => `/${name}.test.ts`);

/** The longest first. Of the others the largest first, or where they have run before, those that took longest. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => {
      const index = LONGEST.findIndex((name) => moduleId.endsWith(name));
      return index === -1 ? LONGEST.length : index;
    };
    return (await super.sort(files)).sort((one, other) => rank(one) - rank(other));
  }
}
