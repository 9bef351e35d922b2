import { Command } from "commander";
import { EXIT } from "../../bootstrap/exit-codes.ts";
import { homeDirectory } from "../../bootstrap/home.ts";
import type { Finish } from "../command.ts";

export function adminPasswordCommand(finish: Finish): Command {
  return new Command("admin-password")
    .description("give an owner a new password, directly in the database (TIDEGATE_HOME or DATABASE_URL)")
    .option("--email <email>", "which owner; needed where there are several")
    .option("--json", "print it as JSON")
    .action(async ({ email, json }: { email?: string; json?: boolean }) => {
      const { env } = process;
      // The database's drivers and the password hash would slow down every other command.
      const { resetOwnerPassword } = await import("../../bootstrap/admin-password.ts");
      const made = await resetOwnerPassword({ homeDirectory: homeDirectory(env), env, email: email ?? null });
      if (json) process.stdout.write(`${JSON.stringify(made, null, 2)}\n`);
      else {
        if (made.turnedPasswordSignInOn) process.stderr.write("passwords are taken again: `password_sign_in` is on\n");
        process.stderr.write(`the new password of ${made.email}; it is shown this once:\n`);
        process.stdout.write(`${made.password}\n`);
      }
      finish(EXIT.ok);
    });
}
