import type { Command } from "commander";
import { type AdminOptions, adminCommand, groupOf, run } from "../admin/admin-command.ts";
import { createdToken, type Token, token } from "../admin/answers.ts";
import { step } from "../admin/client.ts";
import { type Finish, timeToCome } from "../command.ts";
import { type Column, shortTime, table } from "../output/table.ts";

interface TokenOptions extends AdminOptions {
  team: string;
}

interface CreateOptions extends TokenOptions {
  role?: string;
  scope?: string[];
  expires?: string;
}

const COLUMNS: readonly Column<Token>[] = [
  { title: "ID", text: ({ id }) => id },
  { title: "NAME", text: ({ name }) => name },
  { title: "TOKEN", text: ({ prefix }) => `${prefix}…` },
  { title: "ROLE", text: ({ role }) => role },
  { title: "USED", text: ({ last_used_at }) => shortTime(last_used_at) },
  { title: "EXPIRES", text: ({ expires_at }) => shortTime(expires_at) },
  { title: "REVOKED", text: ({ revoked_at }) => shortTime(revoked_at) },
];

export function tokensCommand(finish: Finish): Command {
  const list = tokenCommand("list", "a team's machine tokens").action((options: TokenOptions) =>
    run(
      finish,
      options,
      (client) => client.items(pathOf(options), token),
      (tokens) => table(COLUMNS, tokens),
    ),
  );
  const create = tokenCommand("create", "make a token: it is shown this once")
    .argument("<name>", "what it is for")
    .option("--role <role>", "its role in the team (default: developer)")
    .option("--scope <permission...>", "what it may do at most (default: whatever its role may)")
    .option("--expires <date>", "when it ends (default: never)", timeToCome)
    .action((name: string, options: CreateOptions) => {
      const role = options.role === undefined ? {} : { role: options.role };
      const body = { name, ...role, scopes: options.scope ?? null, expires_at: options.expires ?? null };
      return run(
        finish,
        options,
        (client) => client.send("POST", pathOf(options), createdToken, { body }),
        (made) => {
          process.stderr.write(`token ${made.id} (${made.name}); it is shown this once:\n`);
          return `${made.token}\n`;
        },
      );
    });
  const revoke = tokenCommand("revoke", "end a token at once")
    .argument("<id>", "the token's id")
    .action((id: string, options: TokenOptions) =>
      run(
        finish,
        options,
        (client) => client.tell("DELETE", `${pathOf(options)}/${step(id)}`).then(() => ({ id })),
        () => `revoked ${id}\n`,
      ),
    );
  return groupOf("tokens", "tokens of machines, such as pipelines; your own is made by `tidegate login`", [
    list,
    create,
    revoke,
  ]);
}

function tokenCommand(name: string, description: string): Command {
  return adminCommand(name, description).requiredOption("--team <id>", "the team");
}

function pathOf({ team }: TokenOptions): string {
  return `/teams/${step(team)}/tokens`;
}
