import { runLintTask } from "../../src/governance/linting/run-lint.ts";

/** Piscina task: linting, which takes a while, and as long as a team's ruleset makes it. */
export default runLintTask;
