import { Command } from "commander";
import { EXIT, StartError } from "../../bootstrap/exit-codes.ts";
import { CredentialsFile, credentialsPath } from "../admin/credentials.ts";
import { isInTheClear, serverUrl } from "../admin/server.ts";
import { revokeToken, tokenFor } from "../admin/sign-in.ts";
import type { Finish } from "../command.ts";
import { ask, canAsk, passwordFrom } from "../terminal/prompt.ts";

interface Options {
  url?: string;
  email?: string;
  passwordStdin?: boolean;
}

export function loginCommand(finish: Finish): Command {
  return new Command("login")
    .description("sign in to the admin API: keeps a personal token for this machine that ends after 90 days")
    .option("--url <url>", "the admin API (default: TIDEGATE_ADMIN_URL, or where you signed in last, or this machine)")
    .option("--email <email>", "who signs in; asked for when absent")
    .option("--password-stdin", "read the password from standard input")
    .action(async (options: Options) => {
      const file = new CredentialsFile(credentialsPath(process.env));
      const url = serverUrl(options.url, process.env, file);
      if (isInTheClear(url)) warn(`${url} is not encrypted: your password can be read on its way`);
      const email = options.email ?? (await askEmail());
      const password = await passwordFrom(options);
      const former = file.find(url);
      const token = await tokenFor(url, { email, password });
      file.save(url, token);
      // The one before would go on being good until its end, and nobody would know where it is.
      if (former !== null) await revokeToken(url, former).catch(() => false);
      if (process.env.TIDEGATE_TOKEN) warn("TIDEGATE_TOKEN is set: commands go on using that");
      process.stdout.write(`signed in at ${url} as ${email}, until ${token.expires_at.slice(0, 10)}\n`);
      finish(EXIT.ok);
    });
}

async function askEmail(): Promise<string> {
  if (!canAsk()) throw new StartError(EXIT.usage, "who signs in? Give --email");
  return ask("E-mail: ");
}

function warn(text: string): void {
  process.stderr.write(`tidegate: ${text}\n`);
}
