import type { Command } from "commander";
import { EXIT, StartError } from "../../bootstrap/exit-codes.ts";
import { type AdminOptions, adminCommand, groupOf, run } from "../admin/admin-command.ts";
import { type ProviderKey, type ProviderKeyState, providerKey, providerKeyState } from "../admin/answers.ts";
import { step } from "../admin/client.ts";
import { type Finish, timeToCome, wholeNumber } from "../command.ts";
import { type Column, shortTime, table } from "../output/table.ts";
import { secretFromStandardInput } from "../terminal/prompt.ts";
import { fieldsIn, textOf } from "./document-file.ts";

export interface SecretOptions {
  keyStdin?: boolean;
  keyFile?: string;
  serviceAccount?: string;
}

interface KeyOptions extends AdminOptions, SecretOptions {
  id?: string;
  weight?: number;
  priority?: number;
  expires?: string;
  file?: string;
}

const MAX_WEIGHT = 1_000_000;
const MAX_PRIORITY = 1_000;

export const KEY_COLUMNS: readonly Column<ProviderKey>[] = [
  { title: "KEY", text: ({ id }) => id },
  { title: "KIND", text: ({ kind }) => kind },
  { title: "HINT", text: ({ hint, reference }) => (reference === null ? hint : "in Vault") },
  { title: "WEIGHT", right: true, text: ({ weight }) => weight },
  { title: "PRIORITY", right: true, text: ({ priority }) => priority },
  { title: "EXPIRES", text: ({ expires_at }) => shortTime(expires_at) },
];

const STATE_COLUMNS: readonly Column<ProviderKeyState>[] = [
  { title: "KEY", text: ({ key }) => key },
  { title: "STATE", text: ({ state, workers }) => (state === "mixed" ? countsOf(workers) : state) },
  { title: "TRIED AGAIN", text: ({ tried_again_at }) => shortTime(tried_again_at) },
  { title: "REFUSALS", text: ({ refusals }) => countsOf(refusals) },
];

/** `401: 2, 429: 1` */
function countsOf(counts: Readonly<Record<string, number>>): string {
  const there = Object.entries(counts).filter(([, count]) => count > 0);
  return there.map(([name, count]) => `${name}: ${count}`).join(", ");
}

export function providerKeysCommand(finish: Finish): Command {
  const list = keyCommand("list", "keys of a provider; none is ever shown").action(
    (provider: string, options: AdminOptions) =>
      run(
        finish,
        options,
        (client) => client.items(pathOf(provider), providerKey),
        (keys) => table(KEY_COLUMNS, keys),
      ),
  );
  const states = keyCommand("states", "how the keys do in the gateway workers of that machine").action(
    (provider: string, options: AdminOptions) =>
      run(
        finish,
        options,
        (client) => client.items(`/providers/${step(provider)}/key-states`, providerKeyState),
        (keys) => table(STATE_COLUMNS, keys),
      ),
  );
  const create = withTerms(
    keyCommand("create", "add a key").option("--id <id>", "its name in logs and metrics"),
  ).action(async (provider: string, options: KeyOptions) => {
    const secret = await secretOf(options);
    if (secret === null && options.file === undefined) {
      throw new StartError(EXIT.usage, "give the key with --key-stdin, --key-file, --service-account or --file");
    }
    const body = { ...bodyOf(options, secret), ...(options.id === undefined ? {} : { id: options.id }) };
    const work: Parameters<typeof run<ProviderKey>>[2] = (client) =>
      client.send("POST", pathOf(provider), providerKey, { body });
    await run(finish, options, work, (key) => table(KEY_COLUMNS, [key]));
  });
  const update = withTerms(
    keyCommand("update", "change a key's terms, or replace it").argument("<key>", "the key's id"),
  ).action(async (provider: string, key: string, options: KeyOptions) => {
    const body = bodyOf(options, await secretOf(options));
    const work: Parameters<typeof run<ProviderKey>>[2] = (client) =>
      client.send("PATCH", `${pathOf(provider)}/${step(key)}`, providerKey, { body });
    await run(finish, options, work, (one) => table(KEY_COLUMNS, [one]));
  });
  const remove = keyCommand("delete", "delete a key")
    .argument("<key>", "the key's id")
    .action((provider: string, key: string, options: AdminOptions) =>
      run(
        finish,
        options,
        async (client) => {
          await client.tell("DELETE", `${pathOf(provider)}/${step(key)}`);
          return { id: key };
        },
        () => `key ${key} of ${provider} is deleted\n`,
      ),
    );
  return groupOf("keys", "the keys of a provider", [list, states, create, update, remove]);
}

function keyCommand(name: string, description: string): Command {
  return adminCommand(name, description).argument("<provider>", "the provider's id");
}

const pathOf = (provider: string): string => `/providers/${step(provider)}/keys`;

/** Never as an argument: whoever is on the machine sees those. */
export function withSecret(command: Command): Command {
  return command
    .option("--key-stdin", "read the key from standard input")
    .option("--key-file <file>", "or from a file")
    .option("--service-account <file>", "or the key file of a service account of Google Cloud");
}

function withTerms(command: Command): Command {
  return withSecret(command)
    .option("--weight <n>", "share of the calls, relative to the others", wholeNumber(0, MAX_WEIGHT))
    .option("--priority <n>", "keys of the lowest number are used first", wholeNumber(0, MAX_PRIORITY))
    .option("--expires <date>", "from when on it is not used", timeToCome)
    .option("--file <file>", "all other fields of a key as in tidegate.yaml, e.g. aws, entra, limits (YAML or JSON)");
}

/** As the fields of a key; null: none is given. */
export async function secretOf({ keyStdin, keyFile, serviceAccount }: SecretOptions): Promise<object | null> {
  if (serviceAccount !== undefined) return { service_account: textOf(serviceAccount) };
  if (keyFile !== undefined) return { value: textOf(keyFile).replace(/\r?\n$/, "") };
  return keyStdin === true ? { value: await secretFromStandardInput() } : null;
}

function bodyOf({ weight, priority, expires, file }: KeyOptions, secret: object | null): object {
  const given = Object.entries({ weight, priority, expires_at: expires }).filter(([, value]) => value !== undefined);
  return { ...fieldsIn(file), ...Object.fromEntries(given), ...secret };
}
