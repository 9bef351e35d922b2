import type { Command } from "commander";
import { EXIT, type ExitCode, StartError } from "../../bootstrap/exit-codes.ts";
import { formatProblems } from "../../snapshot/problems/problem.ts";
import { type AdminOptions, adminCommand, jsonText } from "../admin/admin-command.ts";
import type { AdminClient } from "../admin/client.ts";
import { signedInClient } from "../admin/server.ts";
import { readDeclarations } from "../apply/declarations.ts";
import { execute, type Outcome } from "../apply/execute.ts";
import { planFor } from "../apply/plan.ts";
import { planJson } from "../apply/plan-json.ts";
import { failureText, obstacleText, phrase, planText } from "../apply/print-plan.ts";
import { readActual } from "../apply/read-actual.ts";
import type { DesiredState, Places } from "../apply/state.ts";
import { effectOf, type Plan } from "../apply/steps.ts";
import type { Finish } from "../command.ts";
import { paletteFor } from "../output/palette.ts";
import { Progress } from "../output/progress.ts";
import { canAsk, confirm } from "../terminal/prompt.ts";

interface Options extends AdminOptions {
  file: string[];
  dryRun?: boolean;
  exitCode?: boolean;
  prune?: boolean;
  yes?: boolean;
  note: string;
}

export function applyCommand(finish: Finish): Command {
  return adminCommand("apply", "make teams, roles, services and applications what files say")
    .requiredOption("-f, --file <path...>", "files, folders (their .yaml, .yml and .json), or - for standard input")
    .option("--dry-run", "only show what would be done")
    .option("--exit-code", `with --dry-run: end with ${EXIT.differs} when something would be done`)
    .option("--prune", "remove what the files list all of, but do not have")
    .option("-y, --yes", "don't ask before removing")
    .option("--note <text>", "note of releases that have none in the files", "")
    .action(async (options: Options) => {
      if (options.exitCode && !options.dryRun) throw new StartError(EXIT.usage, "--exit-code needs --dry-run");
      finish(await apply(options));
    });
}

async function apply(options: Options): Promise<ExitCode> {
  const { desired, places, problems, warnings } = await readDeclarations(options.file, process.env);
  if (warnings.length > 0) process.stderr.write(`${formatProblems(warnings)}\n`);
  if (desired === null) {
    process.stderr.write(`${formatProblems(problems)}\n\n${problems.length} to correct; nothing was changed\n`);
    return EXIT.configuration;
  }
  const client = signedInClient(options.url, process.env);
  const plan = withNote(await makePlan(client, desired, options), options.note);
  if (plan.obstacles.length > 0) {
    process.stderr.write(`${obstacleText(plan.obstacles, places)}nothing was changed\n`);
    return EXIT.conflict;
  }
  if (!options.json) process.stdout.write(planText(plan, paletteFor(process.stdout, process.env)));
  if (options.dryRun || plan.steps.length === 0) {
    if (options.json) process.stdout.write(jsonText(planJson(plan, null)));
    return options.exitCode && plan.steps.length > 0 ? EXIT.differs : EXIT.ok;
  }
  await askBeforeRemoving(plan, options);
  return carryOut(client, plan, places, options);
}

async function makePlan(client: AdminClient, desired: DesiredState, { prune = false }: Options): Promise<Plan> {
  const progress = new Progress();
  try {
    const actual = await readActual(client, desired, (done, total) =>
      progress.show(done, total, `reading ${done} of ${total}`),
    );
    return planFor(desired, actual, { prune });
  } finally {
    progress.clear();
  }
}

async function carryOut(client: AdminClient, plan: Plan, places: Places, options: Options): Promise<ExitCode> {
  const progress = new Progress();
  const outcome = await execute(client, plan.steps, (step, index) => {
    progress.show(index, plan.steps.length, `${index + 1} of ${plan.steps.length}: ${phrase(step)}`);
  }).finally(() => progress.clear());
  if (options.json) process.stdout.write(jsonText(planJson(plan, outcome)));
  else process.stdout.write(outcomeText(outcome));
  if (outcome.failure === null) return EXIT.ok;
  process.stderr.write(`tidegate: ${failureText(outcome, places)}`);
  return outcome.failure.error.exitCode;
}

function outcomeText({ done, failure, notes }: Outcome): string {
  const lines = notes.map((note) => `${note}\n`).join("");
  return failure === null ? `${lines}done: ${done.length} ${done.length === 1 ? "step" : "steps"}\n` : lines;
}

async function askBeforeRemoving(plan: Plan, { yes }: Options): Promise<void> {
  const removals = plan.steps.filter(({ action }) => effectOf(action) === "remove").length;
  if (removals === 0 || yes) return;
  if (!canAsk()) {
    throw new StartError(
      EXIT.usage,
      `${removals} to remove, and nobody can be asked here: give --yes; nothing was changed`,
    );
  }
  if (await confirm(`Remove ${removals}, and do the rest?`)) return;
  throw new StartError(EXIT.failed, "cancelled: nothing was changed");
}

function withNote(plan: Plan, note: string): Plan {
  const steps = plan.steps.map((step) => {
    const { action } = step;
    return action.type === "publish-service" && action.note === "" ? { ...step, action: { ...action, note } } : step;
  });
  return { ...plan, steps };
}
