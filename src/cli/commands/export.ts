import { writeFileSync } from "node:fs";
import type { Command } from "commander";
import { EXIT, StartError } from "../../bootstrap/exit-codes.ts";
import { type AdminOptions, adminCommand, jsonText } from "../admin/admin-command.ts";
import { team } from "../admin/answers.ts";
import type { AdminClient } from "../admin/client.ts";
import { signedInClient } from "../admin/server.ts";
import { exportState } from "../apply/export.ts";
import { readProviders, withoutSecretsInProvider } from "../apply/providers.ts";
import { readActual, readIdentityProviders, readPolicies, readTokenIssuers } from "../apply/read-actual.ts";
import { type ActualState, listsBy } from "../apply/state.ts";
import type { Finish } from "../command.ts";
import { withoutSecretsInDraft, withoutSecretsInPolicies } from "../diff.ts";
import { Progress } from "../output/progress.ts";

interface Options extends AdminOptions {
  team?: string[];
  output?: string;
  headerValues?: boolean;
}

export function exportCommand(finish: Finish): Command {
  return adminCommand("export", "write what is there as a file for apply; keys and passwords are not in it")
    .option(
      "--team <id...>",
      "only what these teams own (default: all teams you may see, and what is the organisation's)",
    )
    .option("-o, --output <file>", "write to a file, not to standard output")
    .option("--header-values", "write header values as they are, though they may be credentials")
    .action(async (options: Options) => {
      const client = signedInClient(options.url, process.env);
      const state = await stateOf(client, options.team ?? null);
      if (options.json) process.stdout.write(jsonText(options.headerValues ? state : withoutSecretsIn(state)));
      else write(state, options);
      finish(EXIT.ok);
    });
}

async function stateOf(client: AdminClient, wanted: readonly string[] | null): Promise<ActualState> {
  const teams = (await client.list("/teams", team)).filter(({ id }) => wanted === null || wanted.includes(id));
  const missing = (wanted ?? []).find((id) => !teams.some((one) => one.id === id));
  if (missing !== undefined) {
    throw new StartError(EXIT.refused, `there is no team ${missing}, or none that you may see`);
  }
  const progress = new Progress();
  const lists = listsBy((section) => section === "services" || section === "applications");
  const scope = {
    policies: null,
    teams,
    roles: [],
    identityProviders: [],
    tokenIssuers: [],
    services: [],
    applications: [],
    lists,
  };
  try {
    const tell = (done: number, total: number) => progress.show(done, total, `reading ${done} of ${total}`);
    const state = await readActual(client, scope, tell, { allCredentials: true });
    if (wanted !== null) return { ...state, teams, roles: [] };
    // What is the organisation's, for those who may see it.
    const [policies, identityProviders, tokenIssuers, ai] = await Promise.all([
      readPolicies(client),
      readIdentityProviders(client, []),
      readTokenIssuers(client, []),
      readProviders(client, []),
    ]);
    return { ...state, teams, policies, identityProviders, tokenIssuers, ai };
  } finally {
    progress.clear();
  }
}

function withoutSecretsIn(state: ActualState): ActualState {
  const services = state.services.map((one) => {
    const { released } = one;
    if (released === null) return withoutSecretsInDraft(one);
    const { draft: configuration } = withoutSecretsInDraft({ draft: released.configuration });
    return { ...withoutSecretsInDraft(one), released: { ...released, configuration } };
  });
  const { policies } = state.policies === null ? state : withoutSecretsInPolicies({ policies: state.policies });
  return {
    ...state,
    policies,
    ...(state.ai ? { ai: { ...state.ai, providers: state.ai.providers.map(withoutSecretsInProvider) } } : {}),
    teams: state.teams.map(withoutSecretsInPolicies),
    services,
    applications: state.applications.map(withoutSecretsInPolicies),
    subscriptions: state.subscriptions.map(withoutSecretsInPolicies),
  };
}

function write(state: ActualState, { output, headerValues = false }: Options): void {
  const { yaml, variables, notes } = exportState(state, { headerValues });
  for (const note of notes) process.stderr.write(`${note}\n`);
  if (variables.length > 0) {
    const list = variables.map((name) => `  ${name}\n`).join("");
    process.stderr.write(`header values may be credentials: variables stand for them, to be set for apply:\n${list}`);
  }
  if (output === undefined) {
    process.stdout.write(yaml);
    return;
  }
  try {
    writeFileSync(output, yaml, { mode: 0o600 });
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    throw new StartError(EXIT.failed, `can't write ${output}: ${code}`);
  }
}
