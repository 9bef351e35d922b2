import { Command } from "commander";
import { EXIT } from "../../bootstrap/exit-codes.ts";
import { CredentialsFile, credentialsPath } from "../admin/credentials.ts";
import { serverUrl } from "../admin/server.ts";
import { revokeToken } from "../admin/sign-in.ts";
import type { Finish } from "../command.ts";

export function logoutCommand(finish: Finish): Command {
  return new Command("logout")
    .description("revoke the token that login made, and forget it")
    .option("--url <url>", "the admin API (default: TIDEGATE_ADMIN_URL, or where you signed in last)")
    .action(async (options: { url?: string }) => {
      const file = new CredentialsFile(credentialsPath(process.env));
      const url = serverUrl(options.url, process.env, file);
      const saved = file.find(url);
      if (saved === null) {
        process.stdout.write(`not signed in at ${url}\n`);
      } else {
        // Revoked first: a token that is forgotten but good can be revoked by nobody here.
        const wasKnown = await revokeToken(url, saved);
        file.forget(url);
        process.stdout.write(`signed out at ${url}${wasKnown ? "" : ": the token had ended already"}\n`);
      }
      finish(EXIT.ok);
    });
}
