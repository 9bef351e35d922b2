import fc from "fast-check";
import { defaultRuns } from "./property-runs.ts";

/**
 * Property tests try the same values in each run, so that a check of a change judges the change. To look further: see
 * property-runs.ts.
 */
fc.configureGlobal({ seed: Number(process.env.TIDEGATE_PROPERTY_SEED ?? 20_261), numRuns: defaultRuns() });
