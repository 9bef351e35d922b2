import { Command } from "commander";
import { EXIT } from "../../bootstrap/exit-codes.ts";
import type { Finish } from "../command.ts";
import type { AdminClient } from "./client.ts";
import { signedInClient } from "./server.ts";

export interface AdminOptions {
  url?: string;
  json?: boolean;
}

/** A command that speaks to the admin API: with `--url` and `--json`. */
export function adminCommand(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .option("--url <url>", "the admin API (default: TIDEGATE_ADMIN_URL, or where you signed in last)")
    .option("--json", "print what the API answers");
}

/** A command that only holds others. */
export function groupOf(name: string, description: string, commands: readonly Command[]): Command {
  const group = new Command(name).description(description);
  commands.forEach((command, index) => {
    group.addCommand(command, { isDefault: index === 0 && command.name() === "list" });
  });
  return group;
}

/**
 * Runs one command: asks the API, and prints its answer as JSON or for people. `show` gives lines with their ends, or ""; what
 * `work` gives is what the API answered.
 */
export async function run<Answer>(
  finish: Finish,
  options: AdminOptions,
  work: (client: AdminClient) => Promise<Answer>,
  show: (answer: Answer, client: AdminClient) => string,
): Promise<void> {
  const client = signedInClient(options.url, process.env);
  const answer = await work(client);
  process.stdout.write(options.json === true ? jsonText(answer) : show(answer, client));
  finish(EXIT.ok);
}

export function jsonText(value: unknown): string {
  return `${JSON.stringify(value ?? null, null, 2)}\n`;
}
