import { Command } from "commander";
import { EXIT } from "../../bootstrap/exit-codes.ts";
import { type AdminOptions, jsonText } from "../admin/admin-command.ts";
import { CredentialsFile, credentialsPath } from "../admin/credentials.ts";
import { serverUrl } from "../admin/server.ts";
import { revokeToken } from "../admin/sign-in.ts";
import type { Finish } from "../command.ts";

export function logoutCommand(finish: Finish): Command {
  return new Command("logout")
    .description("revoke the token that login made, and forget it")
    .option("--url <url>", "the admin API (default: TIDEGATE_ADMIN_URL, or where you signed in last)")
    .option("--json", "print where, and what became of the token, as JSON")
    .action(async (options: AdminOptions) => {
      const file = new CredentialsFile(credentialsPath(process.env));
      const url = serverUrl(options.url, process.env, file);
      const saved = file.find(url);
      let token: keyof typeof OUTCOMES = "none";
      if (saved !== null) {
        // Revoked first: a token that is forgotten but good can be revoked by nobody here.
        token = (await revokeToken(url, saved)) ? "revoked" : "ended";
        file.forget(url);
      }
      process.stdout.write(options.json === true ? jsonText({ url, token }) : OUTCOMES[token](url));
      finish(EXIT.ok);
    });
}

const OUTCOMES = {
  none: (url: string) => `not signed in at ${url}\n`,
  revoked: (url: string) => `signed out at ${url}\n`,
  ended: (url: string) => `signed out at ${url}: the token had ended already\n`,
} as const;
