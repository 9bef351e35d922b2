import type { Command } from "commander";
import { type AdminOptions, adminCommand, groupOf, run } from "../admin/admin-command.ts";
import { createdCredential, credential } from "../admin/answers.ts";
import { step } from "../admin/client.ts";
import { type Finish, seconds, timeToCome } from "../command.ts";
import { type Column, shortTime, table } from "../output/table.ts";

type Key = ReturnType<typeof credential.parse>;

interface KeyOptions extends AdminOptions {
  application: string;
}

const COLUMNS: readonly Column<Key>[] = [
  { title: "ID", text: ({ id }) => id },
  { title: "NAME", text: ({ name }) => name },
  { title: "KEY", text: ({ prefix }) => `${prefix ?? ""}…` },
  { title: "STATE", text: ({ state }) => state },
  { title: "MADE", text: ({ created_at }) => shortTime(created_at) },
  { title: "EXPIRES", text: ({ expires_at }) => shortTime(expires_at) },
];

const DEFAULT_OVERLAP_SECONDS = 86_400;

export function keysCommand(finish: Finish): Command {
  const list = keyCommand("list", "keys of an application").action((options: KeyOptions) =>
    run(
      finish,
      options,
      async (client) => (await client.items(pathOf(options), credential)).filter(isKey),
      (keys) => table(COLUMNS, keys),
    ),
  );
  const create = keyCommand("create", "make a key: it is shown this once")
    .option("--name <name>", "what the key is for", "main")
    .option("--expires <date>", "when it ends (default: never)", timeToCome)
    .action((options: KeyOptions & { name: string; expires?: string }) => {
      const body = { name: options.name, expires_at: options.expires ?? null };
      return run(finish, options, (client) => client.send("POST", pathOf(options), createdCredential, { body }), shown);
    });
  const rotate = keyCommand("rotate", "make a new key in place of another, which works on for a while")
    .argument("<id>", "the old key's id")
    .option("--overlap <duration>", "how long the old one works on (default: 1d)", seconds)
    .action((id: string, options: KeyOptions & { overlap?: number }) => {
      const body = { overlap_seconds: options.overlap ?? DEFAULT_OVERLAP_SECONDS };
      const path = `${pathOf(options)}/${step(id)}/rotate`;
      return run(finish, options, (client) => client.send("POST", path, createdCredential, { body }), shown);
    });
  const revoke = keyCommand("revoke", "end a key at once")
    .argument("<id>", "the key's id")
    .action((id: string, options: KeyOptions) =>
      run(
        finish,
        options,
        (client) => client.send("DELETE", `${pathOf(options)}/${step(id)}`, credential),
        ({ name, prefix }) => `revoked ${name} (${prefix ?? ""}…)\n`,
      ),
    );
  return groupOf("keys", "an application's API keys", [list, create, rotate, revoke]);
}

/** Of the other credentials, `tidegate credentials` speaks. */
function isKey({ kind }: Key): boolean {
  return kind === "api-key";
}

function keyCommand(name: string, description: string): Command {
  return adminCommand(name, description).requiredOption("--application <id>", "the application");
}

function pathOf({ application }: KeyOptions): string {
  return `/applications/${step(application)}/credentials`;
}

/** The key alone on standard output, so that `$(tidegate keys create …)` is it. */
function shown({ id, name, key = "" }: ReturnType<typeof createdCredential.parse>): string {
  process.stderr.write(`key ${id} (${name}); it is shown this once:\n`);
  return `${key}\n`;
}
