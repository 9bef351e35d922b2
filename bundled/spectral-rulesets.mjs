// Stands for Spectral's rule sets in the bundles: those for AsyncAPI and Arazzo, too, are 2.8 MB for each linting thread to
// compile.
import ruleset from "@stoplight/spectral-rulesets/dist/oas/index.js";

export const oas = ruleset.default;
