import { Command } from "commander";
import { EXIT, StartError } from "../../bootstrap/exit-codes.ts";
import { jsonText } from "../admin/admin-command.ts";
import type { AdminClient } from "../admin/client.ts";
import { CredentialsFile, credentialsPath } from "../admin/credentials.ts";
import { signInWithProvider } from "../admin/provider-sign-in.ts";
import { isInTheClear, serverUrl } from "../admin/server.ts";
import { revokeToken, type SignedIn, signInWithPassword, tokenFor } from "../admin/sign-in.ts";
import type { Finish } from "../command.ts";
import { printable } from "../output/printable.ts";
import { openInBrowser } from "../terminal/browser.ts";
import { ask, canAsk, passwordFrom } from "../terminal/prompt.ts";

interface Options {
  url?: string;
  email?: string;
  passwordStdin?: boolean;
  provider?: string;
  json?: boolean;
}

export function loginCommand(finish: Finish): Command {
  return new Command("login")
    .description("sign in to the admin API: keeps a personal token for this machine that ends after 90 days")
    .option("--url <url>", "the admin API (default: TIDEGATE_ADMIN_URL, or where you signed in last, or this machine)")
    .option("--provider <id>", "sign in with this identity provider, in a browser on this machine")
    .option("--email <email>", "who signs in with a password; asked for when absent")
    .option("--password-stdin", "read the password from standard input")
    .option("--json", "print where, who and until when as JSON; never the token")
    .action(async (options: Options) => {
      const file = new CredentialsFile(credentialsPath(process.env));
      const url = serverUrl(options.url, process.env, file);
      const signIn = await wayIn(options, url);
      const former = file.find(url);
      const token = await tokenFor(url, signIn);
      file.save(url, token);
      // The one before would go on being good until its end, and nobody would know where it is.
      if (former !== null) await revokeToken(url, former).catch(() => false);
      if (process.env.TIDEGATE_TOKEN) warn("TIDEGATE_TOKEN is set: commands go on using that");
      const { email, expires_at } = token;
      const text = `signed in at ${url} as ${printable(email)}, until ${expires_at.slice(0, 10)}\n`;
      process.stdout.write(options.json === true ? jsonText({ url, email, expires_at }) : text);
      finish(EXIT.ok);
    });
}

/** Asks for what is needed first, so that nothing is begun in vain. */
async function wayIn(options: Options, url: string): Promise<(client: AdminClient) => Promise<SignedIn>> {
  const { provider } = options;
  const secret = provider === undefined ? "your password" : "what signs you in";
  if (isInTheClear(url)) warn(`${url} is not encrypted: ${secret} can be read on its way`);
  if (provider !== undefined) {
    if (options.email !== undefined || options.passwordStdin === true) {
      throw new StartError(EXIT.usage, "--provider goes without --email and --password-stdin");
    }
    return (client) => signInWithProvider(client, provider, show);
  }
  const email = options.email ?? (await askEmail());
  const password = await passwordFrom(options);
  return (client) => signInWithPassword(client, { email, password });
}

function show(url: string): void {
  process.stderr.write(`Sign in with a browser on this machine:\n${printable(url)}\n`);
  if (canAsk()) openInBrowser(url);
}

async function askEmail(): Promise<string> {
  if (!canAsk()) throw new StartError(EXIT.usage, "who signs in? Give --email");
  return ask("E-mail: ");
}

function warn(text: string): void {
  process.stderr.write(`tidegate: ${text}\n`);
}
