import type { Command } from "commander";
import { EXIT } from "../../bootstrap/exit-codes.ts";
import { type AdminOptions, adminCommand, groupOf, jsonText, run } from "../admin/admin-command.ts";
import { type Provider, provider, providerKind, providerTest } from "../admin/answers.ts";
import { step } from "../admin/client.ts";
import { signedInClient } from "../admin/server.ts";
import { withoutSecretsInProvider } from "../apply/providers.ts";
import type { Finish } from "../command.ts";
import { type Column, facts, table } from "../output/table.ts";
import { fieldsIn, pairsOf } from "./document-file.ts";
import { KEY_COLUMNS, providerKeysCommand, type SecretOptions, secretOf, withSecret } from "./provider-keys.ts";

interface ProviderOptions extends AdminOptions, SecretOptions {
  kind: string;
  baseUrl?: string;
  setting?: string[];
  header?: string[];
  model?: string[];
  file?: string;
}

const PATH = "/providers";

const COLUMNS: readonly Column<Provider>[] = [
  { title: "ID", text: ({ id }) => id },
  { title: "KIND", text: ({ kind }) => kind },
  { title: "ADDRESS", text: ({ address }) => address },
  { title: "KEYS", right: true, text: ({ keys }) => keys.length },
  { title: "FROM", text: ({ source }) => source },
  { title: "NOT SERVED", text: ({ not_served }) => not_served },
];

type Kind = ReturnType<typeof providerKind.parse>;
const KIND_COLUMNS: readonly Column<Kind>[] = [
  { title: "KIND", text: ({ kind }) => kind },
  { title: "DIALECT", text: ({ dialect }) => dialect },
  {
    title: "SETTINGS",
    text: ({ settings }) => settings.map(({ name, required }) => (required ? name : `[${name}]`)).join(" "),
  },
  { title: "KEYS", text: ({ key_kinds }) => key_kinds.join(" ") },
  { title: "MODELS", right: true, text: ({ models }) => models },
  { title: "ADDRESS", text: ({ base_url }) => base_url ?? "to be given" },
];

type Result = ReturnType<typeof providerTest.parse>["results"][number];
const RESULT_COLUMNS: readonly Column<Result>[] = [
  { title: "KEY", text: ({ key }) => key },
  { title: "RESULT", text: ({ result }) => result },
  { title: "MS", right: true, text: ({ elapsed_ms }) => elapsed_ms },
  { title: "", text: ({ message }) => message },
];

export function providersCommand(finish: Finish): Command {
  const list = adminCommand("list", "providers of models, those of the configuration file as well").action(
    (options: AdminOptions) =>
      run(
        finish,
        options,
        async (client) => (await client.list(PATH, provider)).map(withoutSecretsInProvider),
        (providers) => table(COLUMNS, providers),
      ),
  );
  const show = adminCommand("show", "a provider with its keys, none of which is shown")
    .argument("<id>", "the provider's id")
    .action((id: string, options: AdminOptions) =>
      run(
        finish,
        options,
        async (client) => withoutSecretsInProvider(await client.get(`${PATH}/${step(id)}`, provider)),
        shown,
      ),
    );
  const create = withSecret(
    withFields(adminCommand("create", "add a provider").argument("<id>", "its models are called <id>/<model>")),
  )
    .requiredOption("--kind <kind>", "what it is: see `tidegate providers kinds`")
    .action(async (id: string, options: ProviderOptions) => {
      const secret = await secretOf(options);
      const keys = secret === null ? {} : { keys: [secret] };
      const body = { ...bodyOf(options), id, kind: options.kind, ...keys };
      await run(
        finish,
        options,
        async (client) => withoutSecretsInProvider(await client.send("POST", PATH, provider, { body })),
        shown,
      );
    });
  const update = withFields(
    adminCommand("update", "change a provider; what is not given stays").argument("<id>", "the provider's id"),
  ).action((id: string, options: ProviderOptions) => {
    const body = bodyOf(options);
    return run(
      finish,
      options,
      async (client) => withoutSecretsInProvider(await client.send("PATCH", `${PATH}/${step(id)}`, provider, { body })),
      shown,
    );
  });
  const remove = adminCommand("delete", "delete a provider with its keys; refused while model routes lead to it")
    .argument("<id>", "the provider's id")
    .action((id: string, options: AdminOptions) =>
      run(
        finish,
        options,
        async (client) => {
          await client.tell("DELETE", `${PATH}/${step(id)}`);
          return { id };
        },
        () => `provider ${id} is deleted\n`,
      ),
    );
  const kinds = adminCommand("kinds", "kinds of providers, with the settings and keys they take").action(
    (options: AdminOptions) =>
      run(
        finish,
        options,
        (client) => client.items("/provider-kinds", providerKind),
        (all) => table(KIND_COLUMNS, all),
      ),
  );
  return groupOf("providers", "providers of models", [
    list,
    show,
    create,
    update,
    remove,
    testCommand(finish),
    providerKeysCommand(finish),
    kinds,
  ]);
}

/** Ends with 1 when a key is not good: for scripts. */
function testCommand(finish: Finish): Command {
  return adminCommand("test", "make one cheap call with each key, and say what is wrong")
    .argument("<id>", "the provider's id")
    .option("--model <model>", "call this model for a few tokens")
    .option("--key <key>", "test this key alone")
    .action(async (id: string, options: AdminOptions & { model?: string; key?: string }) => {
      const client = signedInClient(options.url, process.env);
      const body = { model: options.model ?? null, key: options.key ?? null };
      const test = await client.send("POST", `${PATH}/${step(id)}/test`, providerTest, { body });
      process.stdout.write(options.json === true ? jsonText(test) : table(RESULT_COLUMNS, test.results));
      finish(test.ok ? EXIT.ok : EXIT.failed);
    });
}

function withFields(command: Command): Command {
  return command
    .option("--base-url <url>", "address of the API, where it is not the kind's")
    .option("--setting <name=value...>", "what the kind's address is made of, e.g. region=eu-central-1")
    .option("--header <name=value...>", "sent with every call")
    .option("--model <name...>", "models that are listed; any other may be called all the same")
    .option("--file <file>", "all other fields as in tidegate.yaml (YAML or JSON)");
}

function bodyOf({ baseUrl, setting, header, model, file }: ProviderOptions): object {
  const fields = {
    base_url: baseUrl,
    settings: pairsOf(setting, "--setting"),
    headers: pairsOf(header, "--header"),
    models: model,
  };
  return {
    ...fieldsIn(file),
    ...Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)),
  };
}

function shown({ id, kind, source, address, not_served, keys }: Provider): string {
  const lines = facts([
    ["provider", id],
    ["kind", kind],
    ["address", address],
    ["from", source],
    ["not served", not_served],
  ]);
  return keys.length === 0 ? lines : `${lines}\n${table(KEY_COLUMNS, keys)}`;
}
