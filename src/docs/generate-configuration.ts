import { writeFileSync } from "node:fs";
import { configurationReference } from "../snapshot/reference.ts";

/** Writes `src/docs/configuration.md`. Run from the root of the repository, as `node dist/src/docs/generate-configuration.js`. */
writeFileSync("src/docs/configuration.md", configurationReference());
