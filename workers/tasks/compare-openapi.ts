import { runComparisonTask } from "../../src/governance/comparison/run-comparison.ts";

/** Piscina task: comparing, which takes seconds where documents are huge. */
export default runComparisonTask;
