import type { Command } from "commander";
import { type AdminOptions, adminCommand, run } from "../admin/admin-command.ts";
import { session } from "../admin/answers.ts";
import type { Finish } from "../command.ts";
import { facts } from "../output/table.ts";

export function whoamiCommand(finish: Finish): Command {
  return adminCommand("whoami", "say who is signed in, where, and in which teams").action((options: AdminOptions) => {
    return run(
      finish,
      options,
      (client) => client.get("/session", session),
      ({ user, kind, name, permissions }, { url }) => {
        const teams = Object.keys(permissions.teams);
        return facts([
          ["server", url],
          ["name", user?.email ?? name],
          ["kind", kind],
          ["role", user?.role ?? null],
          ["teams", teams.length > 0 ? teams.join(", ") : null],
        ]);
      },
    );
  });
}
