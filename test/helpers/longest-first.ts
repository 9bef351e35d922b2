import { BaseSequencer, type TestSpecification } from "vitest/node";

/**
 * Files that wait for processes or for the clock, and so take a quarter of a minute and more, whatever their size: with one of
 * them at the end, a worker runs while the others have nothing left. One that keeps the processors busy is followed by others
 * that mostly wait; the first of them judges delays.
 */
const LONGEST = [
  ...["control-plane/cluster", "supervisor/start", "control-plane/backup"],
  ...["e2e/bench", "control-plane/oidc", "data-plane/broken-answers"],
  ...["control-plane/processes", "governance/lint", "data-plane/cache"],
  ...["control-plane/walk-through", "data-plane/cluster-limits", "supervisor/workers"],
  ...["native/leaks", "control-plane/lifecycle", "data-plane/fast-path-ai", "native/call-journal-gateway"],
].map((name) => `/${name}.test.ts`);

/** Those first. Of the others the largest first, or where they have run before, those that took longest. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => {
      const index = LONGEST.findIndex((name) => moduleId.endsWith(name));
      return index === -1 ? LONGEST.length : index;
    };
    return (await super.sort(files)).sort((one, other) => rank(one) - rank(other));
  }
}
