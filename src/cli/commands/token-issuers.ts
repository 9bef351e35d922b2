import { readFileSync } from "node:fs";
import { type Command, Option } from "commander";
import { EXIT, StartError } from "../../bootstrap/exit-codes.ts";
import { type AdminOptions, adminCommand, groupOf, run } from "../admin/admin-command.ts";
import { type TokenIssuer, tokenIssuer } from "../admin/answers.ts";
import { step } from "../admin/client.ts";
import type { Finish } from "../command.ts";
import { type Column, table } from "../output/table.ts";

interface IssuerOptions extends AdminOptions {
  issuer?: string;
  algorithm?: string[];
  audience?: string[];
  anyAudience?: true;
  jwksUrl?: string;
  jwkSet?: string;
  publicKey?: string[];
  secretFile?: string;
  /** False: none. */
  applicationClaim?: string | false;
  forwardToken?: boolean;
}

const PATH = "/token-issuers";
const ISSUER = "`iss` of its tokens, letter by letter";
const ALGORITHM = "signature algorithms that are accepted, e.g. RS256";

const COLUMNS: readonly Column<TokenIssuer>[] = [
  { title: "ID", text: ({ id }) => id },
  { title: "ISSUER", text: ({ issuer }) => issuer },
  { title: "ALGORITHMS", text: ({ algorithms }) => algorithms.join(" ") },
  { title: "KEYS", text: keysOf },
];

export function tokenIssuersCommand(finish: Finish): Command {
  const list = adminCommand("list", "whose JSON Web Tokens are believed").action((options: AdminOptions) =>
    run(
      finish,
      options,
      (client) => client.items(PATH, tokenIssuer),
      (issuers) => table(COLUMNS, issuers),
    ),
  );
  const create = withKeys(
    adminCommand("create", "believe an issuer's tokens")
      .argument("<id>", "what credentials name it by")
      .requiredOption("--issuer <iss>", ISSUER)
      .requiredOption("--algorithm <name...>", ALGORITHM),
  ).action((id: string, options: IssuerOptions) => {
    const body = { id, ...bodyOf(options) };
    const work: Parameters<typeof run<TokenIssuer>>[2] = (client) => client.send("POST", PATH, tokenIssuer, { body });
    return run(finish, options, work, ({ issuer }) => `tokens of ${issuer} are believed\n`);
  });
  const update = withKeys(
    adminCommand(
      "update",
      "change how an issuer's tokens are checked; keys that are given take the place of all it has",
    )
      .argument("<id>", "the token issuer's id")
      .option("--issuer <iss>", ISSUER)
      .option("--algorithm <name...>", ALGORITHM),
  )
    .addOption(new Option("--any-audience", "whatever a token's `aud` says").conflicts("audience"))
    .option("--no-application-claim", "no claim names the application")
    .option("--no-forward-token", "do not let tokens go on to services")
    .action((id: string, options: IssuerOptions) => {
      const body = bodyOf(options);
      const path = `${PATH}/${step(id)}`;
      const work: Parameters<typeof run<TokenIssuer>>[2] = (client) =>
        client.send("PATCH", path, tokenIssuer, { body });
      return run(finish, options, work, (one) => table(COLUMNS, [one]));
    });
  const remove = adminCommand("delete", "believe an issuer's tokens no longer; refused while credentials are for them")
    .argument("<id>", "the token issuer's id")
    .action((id: string, options: AdminOptions) =>
      run(
        finish,
        options,
        async (client) => {
          await client.tell("DELETE", `${PATH}/${step(id)}`, {});
          return { id };
        },
        () => `tokens of ${id} are believed no longer\n`,
      ),
    );
  return groupOf("token-issuers", "whose JSON Web Tokens applications may call with", [list, create, update, remove]);
}

function withKeys(command: Command): Command {
  return command
    .option("--audience <aud...>", "of which a token's `aud` must name one (default: any)")
    .option("--jwks-url <url>", "where to fetch its keys")
    .option("--jwk-set <file>", "or a file with its JSON Web Key Set")
    .option("--public-key <file...>", "or files with its public keys, PEM")
    .option("--secret-file <file>", "or a file with the shared secret (HS256, HS384, HS512)")
    .option("--application-claim <claim>", "a claim with the id of the application that calls")
    .option("--forward-token", "let tokens go on to services");
}

function bodyOf(options: IssuerOptions): object {
  const { issuer, algorithm: algorithms, jwksUrl: jwks_url, applicationClaim } = options;
  const { jwkSet, publicKey, secretFile, forwardToken: forward_token } = options;
  const audiences = options.anyAudience === true ? [] : options.audience;
  const keys = [
    ...(publicKey ?? []).map((file) => ({ public_key: textOf(file) })),
    ...(secretFile === undefined ? [] : [{ secret: textOf(secretFile).replace(/\r?\n$/, "") }]),
  ];
  return {
    issuer,
    algorithms,
    audiences,
    jwks_url,
    ...(jwkSet === undefined ? {} : { jwk_set: jsonOf(jwkSet) }),
    ...(keys.length === 0 ? {} : { keys }),
    application_claim: applicationClaim === false ? null : applicationClaim,
    forward_token,
  };
}

function keysOf({ jwks_url, jwk_set, keys }: TokenIssuer): string {
  const count = (jwk_set?.keys ?? keys ?? []).length;
  return jwks_url ?? `${count} ${count === 1 ? "key" : "keys"}`;
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    throw new StartError(EXIT.configuration, `can't read ${file}: ${code}`);
  }
}

/** Nothing of it is repeated: it may hold secrets. */
function jsonOf(file: string): unknown {
  try {
    return JSON.parse(textOf(file));
  } catch (error) {
    if (error instanceof StartError) throw error;
    throw new StartError(EXIT.configuration, `${file} is not JSON`);
  }
}
