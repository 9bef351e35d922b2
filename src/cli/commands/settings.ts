import { type Command, InvalidArgumentError } from "commander";
import { type AdminOptions, adminCommand, groupOf, run } from "../admin/admin-command.ts";
import { type Settings, settings } from "../admin/answers.ts";
import type { Finish } from "../command.ts";
import { facts } from "../output/table.ts";

const PATH = "/settings";

export function settingsCommand(finish: Finish): Command {
  const list = adminCommand("list", "the organisation's settings; its policies are `tidegate export`'s").action(
    (options: AdminOptions) => run(finish, options, async (client) => shown(await client.get(PATH, settings)), lines),
  );
  const set = adminCommand("set", "change settings, e.g. publish_needs_second_person=true public_url=https://…")
    .argument("<name=value...>", "true, false, null, a number or a text", pairs)
    .action((body: Record<string, unknown>, options: AdminOptions) =>
      run(finish, options, async (client) => shown(await client.send("PATCH", PATH, settings, { body })), lines),
    );
  return groupOf("settings", "the organisation's settings", [list, set]);
}

/** Policies may hold header values; `tidegate apply` and `export` are about them. */
function shown({ policies: _policies, ...others }: Settings): Record<string, unknown> {
  return others;
}

function lines(all: Record<string, unknown>): string {
  return facts(Object.entries(all).map(([name, value]) => [name, value === null ? null : String(value)]));
}

/** Commander hands on what came of the arguments before. */
function pairs(text: string, before: Record<string, unknown> | undefined): Record<string, unknown> {
  const at = text.indexOf("=");
  if (at < 1) throw new InvalidArgumentError("Expected NAME=VALUE, e.g. publish_needs_second_person=true.");
  return { ...before, [text.slice(0, at)]: parsedValue(text.slice(at + 1)) };
}

/** Numbers as JSON has them: `007` is a text. */
function parsedValue(text: string): unknown {
  return /^(true|false|null|-?(0|[1-9]\d*)(\.\d+)?)$/.test(text) ? (JSON.parse(text) as unknown) : text;
}
