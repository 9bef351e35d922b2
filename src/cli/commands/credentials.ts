import { type Command, Option } from "commander";
import { EXIT, StartError } from "../../bootstrap/exit-codes.ts";
import { type AdminOptions, adminCommand, groupOf, run } from "../admin/admin-command.ts";
import { type Credential, createdCredential, credential } from "../admin/answers.ts";
import { step } from "../admin/client.ts";
import { type Finish, seconds, timeToCome } from "../command.ts";
import { type Column, shortTime, table } from "../output/table.ts";
import { secretFromStandardInput } from "../terminal/prompt.ts";

interface CredentialOptions extends AdminOptions {
  application: string;
}

interface Kind {
  username?: string;
  keyId?: string;
  maxAge?: string;
  issuer?: string;
  claim?: string;
  value?: string[];
  subject?: string;
  san?: string;
  fingerprint?: string;
}

interface Terms {
  name?: string;
  expires?: string;
  address?: string[];
}

interface Secret {
  secretStdin?: boolean;
}

const COLUMNS: readonly Column<Credential>[] = [
  { title: "ID", text: ({ id }) => id },
  { title: "KIND", text: ({ kind }) => kind },
  { title: "NAME", text: ({ name }) => name },
  { title: "FOUND BY", text: foundBy },
  { title: "STATE", text: ({ state }) => state },
  { title: "ADDRESSES", text: ({ addresses }) => addresses.join(", ") },
  { title: "EXPIRES", text: ({ expires_at }) => shortTime(expires_at) },
];

const DEFAULT_OVERLAP_SECONDS = 86_400;

export function credentialsCommand(finish: Finish): Command {
  const list = credentialCommand("list", "credentials of an application, API keys too").action(
    (options: CredentialOptions) =>
      run(
        finish,
        options,
        (client) => client.items(pathOf(options), credential),
        (credentials) => table(COLUMNS, credentials),
      ),
  );
  const rotate = withSecret(
    credentialCommand("rotate", "make a new password or secret; the old one works on for a while"),
  )
    .argument("<id>", "the old credential's id")
    .option("--overlap <duration>", "how long the old one works on (default: 1d)", seconds)
    .action(async (id: string, options: CredentialOptions & Secret & { overlap?: number }) => {
      const path = `${pathOf(options)}/${step(id)}`;
      const given = await secretOf(options);
      return run(
        finish,
        options,
        async (client) => {
          const { kind } = await client.get(path, credential);
          const overlap_seconds = options.overlap ?? DEFAULT_OVERLAP_SECONDS;
          const body = { overlap_seconds, ...(given === null ? {} : { [SECRETS[kind] ?? "secret"]: given }) };
          return client.send("POST", `${path}/rotate`, createdCredential, { body });
        },
        shown,
      );
    });
  const revoke = credentialCommand("revoke", "end a credential at once")
    .argument("<id>", "the credential's id")
    .action((id: string, options: CredentialOptions) =>
      run(
        finish,
        options,
        (client) => client.send("DELETE", `${pathOf(options)}/${step(id)}`, credential),
        (one) => `revoked ${one.name} (${foundBy(one)})\n`,
      ),
    );
  const commands = [list, createCommand(finish), updateCommand(finish), rotate, revoke];
  return groupOf("credentials", "how an application proves that it calls", commands);
}

function createCommand(finish: Finish): Command {
  const command = credentialCommand(
    "create",
    "make a user, a secret for signed requests, or name a token or certificate",
  )
    .option("--username <name>", "user name and password: which is made, and shown this once")
    .option("--key-id <id>", "signed requests: their key id; the secret is made, and shown this once")
    .option("--max-age <duration>", "how old signatures may be (default: 5m)")
    .option("--issuer <id>", "JSON Web Tokens: the token issuer")
    .option("--claim <name>", "the claim that tells the application")
    .option("--value <value...>", "its values")
    .option("--subject <subject>", "client certificates: their subject")
    .option("--san <name>", "or an alternative name")
    .option("--fingerprint <sha256>", "or their SHA-256");
  return withSecret(withTerms(command)).action(async (options: CredentialOptions & Kind & Terms & Secret) => {
    const kind = kindOf(options, await secretOf(options));
    const body = { ...termsOf({ name: "main", ...options }), ...kind };
    return run(finish, options, (client) => client.send("POST", pathOf(options), createdCredential, { body }), shown);
  });
}

function updateCommand(finish: Finish): Command {
  return withTerms(credentialCommand("update", "change a credential's name, end or addresses"))
    .argument("<id>", "the credential's id")
    .addOption(new Option("--for-ever", "it does not end").conflicts("expires"))
    .addOption(new Option("--any-address", "it may be used from everywhere").conflicts("address"))
    .action((id: string, options: CredentialOptions & Terms & { forEver?: true; anyAddress?: true }) => {
      const body = {
        ...termsOf(options),
        ...(options.forEver ? { expires_at: null } : {}),
        ...(options.anyAddress ? { addresses: [] } : {}),
      };
      const path = `${pathOf(options)}/${step(id)}`;
      const work: Parameters<typeof run<Credential>>[2] = (client) => client.send("PATCH", path, credential, { body });
      return run(finish, options, work, (one) => table(COLUMNS, [one]));
    });
}

function credentialCommand(name: string, description: string): Command {
  return adminCommand(name, description).requiredOption("--application <id>", "the application");
}

function withTerms(command: Command): Command {
  return command
    .option("--name <name>", "what it is for")
    .option("--expires <date>", "when it ends", timeToCome)
    .option("--address <range...>", "addresses or CIDR ranges it may be used from");
}

function withSecret(command: Command): Command {
  return command.option("--secret-stdin", "read the password or secret from standard input, not to have one made");
}

function termsOf({ name, expires, address }: Terms): object {
  return {
    ...(name === undefined ? {} : { name }),
    ...(expires === undefined ? {} : { expires_at: expires }),
    ...(address === undefined ? {} : { addresses: address }),
  };
}

async function secretOf({ secretStdin }: Secret): Promise<string | null> {
  return secretStdin === true ? secretFromStandardInput() : null;
}

/** Under which name a kind's secret is given. */
const SECRETS: Readonly<Record<string, string>> = { basic: "password", hmac: "secret" };

function kindOf(options: Kind, given: string | null): object {
  const { username, keyId: key_id, maxAge: max_age, issuer, claim, value: values, subject, san, fingerprint } = options;
  const secret = (name: string) => (given === null ? {} : { [name]: given });
  const kinds: object[] = [];
  if (username !== undefined) kinds.push({ basic: { username, ...secret("password") } });
  if (key_id !== undefined) kinds.push({ hmac: { key_id, max_age, ...secret("secret") } });
  if (issuer !== undefined) kinds.push({ jwt: { issuer, claim, values } });
  if ([subject, san, fingerprint].some((one) => one !== undefined)) kinds.push({ mtls: { subject, san, fingerprint } });
  const [kind] = kinds;
  if (kind !== undefined && kinds.length === 1) return kind;
  const message =
    "a credential is of one kind: --username, --key-id, --issuer with --claim and --value, or --subject, --san or --fingerprint; `tidegate keys create` makes API keys";
  throw new StartError(EXIT.usage, message);
}

function foundBy({ prefix, basic, hmac, jwt, mtls }: Credential): string {
  if (basic !== undefined) return basic.username;
  if (hmac !== undefined) return hmac.key_id;
  if (jwt !== undefined) return `${jwt.issuer}: ${jwt.claim} = ${jwt.values.join(", ")}`;
  if (mtls !== undefined) return Object.values(mtls).join("");
  return prefix === null ? "" : `${prefix}…`;
}

function pathOf({ application }: CredentialOptions): string {
  return `/applications/${step(application)}/credentials`;
}

/** What was made alone on standard output, so that `$(tidegate credentials create …)` is it. */
function shown(one: ReturnType<typeof createdCredential.parse>): string {
  const made = one.password ?? one.secret ?? one.key;
  const what = `${one.kind} credential ${one.id} (${foundBy(one)})`;
  process.stderr.write(made === undefined ? `${what}\n` : `${what}; it is shown this once:\n`);
  return made === undefined ? "" : `${made}\n`;
}
