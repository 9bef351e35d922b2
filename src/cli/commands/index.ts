import type { Command } from "commander";
import type { Finish } from "../command.ts";

export type MakeCommand = (finish: Finish) => Command;

/**
 * All commands, in the order of the help. Each is loaded when it is called: a command that looks at a file needs not wait for
 * what others need.
 */
export const COMMANDS: Readonly<Record<string, () => Promise<MakeCommand>>> = {
  start: async () => (await import("./start.ts")).startCommand,
  check: async () => (await import("./check.ts")).checkCommand,
  explain: async () => (await import("./explain.ts")).explainCommand,
  import: async () => (await import("./import.ts")).importCommand,
  lint: async () => (await import("./lint.ts")).lintCommand,
  logs: async () => (await import("./logs.ts")).logsCommand,
  doctor: async () => (await import("./doctor.ts")).doctorCommand,
  login: async () => (await import("./login.ts")).loginCommand,
  logout: async () => (await import("./logout.ts")).logoutCommand,
  whoami: async () => (await import("./whoami.ts")).whoamiCommand,
  apply: async () => (await import("./apply.ts")).applyCommand,
  export: async () => (await import("./export.ts")).exportCommand,
  services: async () => (await import("./services.ts")).servicesCommand,
  releases: async () => (await import("./releases.ts")).releasesCommand,
  subscriptions: async () => (await import("./subscriptions.ts")).subscriptionsCommand,
  keys: async () => (await import("./keys.ts")).keysCommand,
  credentials: async () => (await import("./credentials.ts")).credentialsCommand,
  "token-issuers": async () => (await import("./token-issuers.ts")).tokenIssuersCommand,
  providers: async () => (await import("./providers.ts")).providersCommand,
  models: async () => (await import("./models.ts")).modelsCommand,
  teams: async () => (await import("./teams.ts")).teamsCommand,
  users: async () => (await import("./users.ts")).usersCommand,
  tokens: async () => (await import("./tokens.ts")).tokensCommand,
  webhooks: async () => (await import("./webhooks.ts")).webhooksCommand,
  settings: async () => (await import("./settings.ts")).settingsCommand,
  calls: async () => (await import("./calls.ts")).callsCommand,
  audit: async () => (await import("./audit.ts")).auditCommand,
  backup: async () => (await import("./backup.ts")).backupCommand,
  restore: async () => (await import("./backup.ts")).restoreCommand,
  "master-key": async () => (await import("./master-key.ts")).masterKeyCommand,
  "admin-password": async () => (await import("./admin-password.ts")).adminPasswordCommand,
};

export async function loadCommand(name: string): Promise<MakeCommand> {
  const load = COMMANDS[name];
  if (load === undefined) throw new TypeError(`there is no command ${name}`);
  return load();
}
