import type { Command } from "commander";
import { type AdminOptions, adminCommand, groupOf, run } from "../admin/admin-command.ts";
import { type User, user } from "../admin/answers.ts";
import { step } from "../admin/client.ts";
import type { Finish } from "../command.ts";
import { type Column, shortTime, table } from "../output/table.ts";
import { passwordFrom } from "../terminal/prompt.ts";
import { userByEmail } from "./teams.ts";

const COLUMNS: readonly Column<User>[] = [
  { title: "E-MAIL", text: ({ email }) => email },
  { title: "NAME", text: ({ name }) => name },
  { title: "ROLE", text: ({ role }) => role },
  { title: "DISABLED", text: ({ disabled }) => (disabled ? "yes" : "no") },
  { title: "LAST SIGN-IN", text: ({ last_sign_in_at }) => shortTime(last_sign_in_at) },
];

interface CreateOptions extends AdminOptions {
  name?: string;
  role: string;
  passwordStdin?: boolean;
}

export function usersCommand(finish: Finish): Command {
  const list = adminCommand("list", "all users").action((options: AdminOptions) =>
    run(
      finish,
      options,
      (client) => client.list("/users", user),
      (users) => table(COLUMNS, users),
    ),
  );
  const create = adminCommand("create", "add a user with a password")
    .argument("<email>", "their e-mail address")
    .option("--name <name>", "their name (default: the address)")
    .option("--role <role>", "in the organisation: owner, admin, auditor, member, or one of your own", "member")
    .option("--password-stdin", "read the password from standard input")
    .action(async (email: string, options: CreateOptions) => {
      const password = await passwordFrom(options, `Password for ${email}: `);
      const body = { email, name: options.name ?? email, role: options.role, password };
      await run(
        finish,
        options,
        (client) => client.send("POST", "/users", user, { body }),
        (made) => `added ${made.email} as ${made.role}\n`,
      );
    });
  return groupOf("users", "people who may sign in", [
    list,
    create,
    disabling(finish, "disable", true),
    disabling(finish, "enable", false),
  ]);
}

function disabling(finish: Finish, verb: "disable" | "enable", disabled: boolean): Command {
  const description = disabled ? "keep a user out; their sessions end" : "let a user in again";
  return adminCommand(verb, description)
    .argument("<email>", "their e-mail address")
    .action((email: string, options: AdminOptions) =>
      run(
        finish,
        options,
        async (client) => {
          const { id } = await userByEmail(client, email);
          return client.send("PATCH", `/users/${step(id)}`, user, { body: { disabled } });
        },
        (changed) => `${changed.email} is ${changed.disabled ? "disabled" : "enabled"}\n`,
      ),
    );
}
