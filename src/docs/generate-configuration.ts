import { readFileSync, writeFileSync } from "node:fs";
import { withCatalogue } from "../snapshot/provider-reference.ts";
import { configurationReference } from "../snapshot/reference.ts";

/**
 * Writes `src/docs/configuration.md`, and the catalogue in `src/docs/providers.md`. Run from the root of the repository, as
 * `node dist/src/docs/generate-configuration.js`.
 */
writeFileSync("src/docs/configuration.md", configurationReference());
const providers = "src/docs/providers.md";
writeFileSync(providers, withCatalogue(readFileSync(providers, "utf8")));
