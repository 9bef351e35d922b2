import type { Command } from "commander";
import { EXIT, StartError } from "../../bootstrap/exit-codes.ts";
import { type AdminOptions, adminCommand, groupOf, run } from "../admin/admin-command.ts";
import { member, team, user } from "../admin/answers.ts";
import { type AdminClient, step } from "../admin/client.ts";
import type { Finish } from "../command.ts";
import { table } from "../output/table.ts";

export function teamsCommand(finish: Finish): Command {
  const list = adminCommand("list", "teams you belong to, or may see").action((options: AdminOptions) =>
    run(
      finish,
      options,
      (client) => client.list("/teams", team),
      (teams) =>
        table(
          [
            { title: "ID", text: ({ id }) => id },
            { title: "NAME", text: ({ name }) => name },
            { title: "DESCRIPTION", text: ({ description }) => description },
          ],
          teams,
        ),
    ),
  );
  const members = adminCommand("members", "a team's members")
    .argument("<team>", "the team's id")
    .action((id: string, options: AdminOptions) =>
      run(
        finish,
        options,
        (client) => client.items(`/teams/${step(id)}/members`, member),
        (found) =>
          table(
            [
              { title: "E-MAIL", text: ({ email }) => email },
              { title: "NAME", text: ({ name }) => name },
              { title: "ROLE", text: ({ role }) => role },
            ],
            found,
          ),
      ),
    );
  return groupOf("teams", "teams and their members", [list, members, addMember(finish), removeMember(finish)]);
}

function addMember(finish: Finish): Command {
  return adminCommand("add-member", "add somebody to a team, or give them another role")
    .argument("<team>", "the team's id")
    .argument("<email>", "the user's e-mail address")
    .requiredOption("--role <role>", "owner, publisher, developer, viewer, or a role of your own")
    .action((id: string, email: string, options: AdminOptions & { role: string }) =>
      run(
        finish,
        options,
        async (client) => {
          await client.tell("PUT", `/teams/${step(id)}/members/${step(email)}`, { body: { role: options.role } });
          const { user_id } = await memberByEmail(client, id, email);
          return { team: id, user_id, role: options.role };
        },
        () => `${email} is ${options.role} of ${id}\n`,
      ),
    );
}

function removeMember(finish: Finish): Command {
  return adminCommand("remove-member", "take somebody out of a team")
    .argument("<team>", "the team's id")
    .argument("<email>", "the member's e-mail address")
    .action((id: string, email: string, options: AdminOptions) =>
      run(
        finish,
        options,
        async (client) => {
          const { user_id } = await memberByEmail(client, id, email);
          await client.tell("DELETE", `/teams/${step(id)}/members/${step(user_id)}`);
          return { team: id, user_id };
        },
        () => `${email} is no member of ${id} any more\n`,
      ),
    );
}

async function memberByEmail(client: AdminClient, team: string, email: string) {
  const members = await client.items(`/teams/${step(team)}/members`, member);
  const found = members.find((one) => one.email === email.trim().toLowerCase());
  if (found === undefined) throw new StartError(EXIT.refused, `${email} is no member of ${team}`);
  return found;
}

export async function userByEmail(client: AdminClient, email: string) {
  const users = await client.list("/users", user);
  const found = users.find((one) => one.email === email.trim().toLowerCase());
  if (found === undefined) {
    throw new StartError(EXIT.refused, `there is no user ${email}; tidegate users create ${email} adds them`);
  }
  return found;
}
