import type { Command } from "commander";
import { expect, it } from "vitest";
import { COMMANDS, loadCommand } from "../../../src/cli/commands/index.ts";

function leaves(command: Command, path: string): [string, Command][] {
  if (command.commands.length === 0) return [[path, command]];
  return command.commands.flatMap((child) => leaves(child as Command, `${path} ${child.name()}`));
}

it("every command says what it has to say as JSON, but the server itself", async () => {
  const without: string[] = [];
  for (const name of Object.keys(COMMANDS)) {
    const command = (await loadCommand(name))(() => {});
    for (const [path, leaf] of leaves(command, name)) {
      if (!leaf.options.some(({ long }) => long === "--json")) without.push(path);
    }
  }
  expect(without).toEqual(["start"]);
  // All that any command needs is loaded, and compiled for the test.
}, 60_000);
