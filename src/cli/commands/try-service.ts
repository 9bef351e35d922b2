import { readFileSync } from "node:fs";
import { type Command, InvalidArgumentError } from "commander";
import { EXIT, StartError } from "../../bootstrap/exit-codes.ts";
import { reasonOf } from "../../snapshot/checks/file-reason.ts";
import { type AdminOptions, adminCommand, jsonText } from "../admin/admin-command.ts";
import { type TriedAnswer, triedAnswer } from "../admin/answers.ts";
import { step } from "../admin/client.ts";
import { signedInClient } from "../admin/server.ts";
import type { Finish } from "../command.ts";
import { printable } from "../output/printable.ts";

interface Options extends AdminOptions {
  application?: string;
  host?: string;
  header: Record<string, string>;
  data?: string;
  dataFile?: string;
}

export function tryService(finish: Finish): Command {
  return adminCommand("try", "send it one request through the gateway; limits, policies and the call log apply")
    .argument("<id>", "the service's id")
    .argument("<method>", "e.g. GET")
    .argument("<path>", "with its query, e.g. /billing/invoices?limit=10")
    .option("--application <id>", "in whose name; you must manage its keys")
    .option("--host <host>", "where the route is for many hosts")
    .option("-H, --header <name: value>", "a header (repeat it for more)", withHeader, {})
    .option("--data <text>", "the body")
    .option("--data-file <file>", "a file with the body")
    .action(async (id: string, method: string, path: string, options: Options) => {
      const client = signedInClient(options.url, process.env);
      const { application = null, host = null, header: headers } = options;
      const body = { application, method: method.toUpperCase(), path, host, headers, body: bodyOf(options) };
      const answer = await client.send("POST", `/catalogue/${step(id)}/try`, triedAnswer, { body });
      if (options.json) process.stdout.write(jsonText(answer));
      else print(answer);
      finish(EXIT.ok);
    });
}

function bodyOf({ data, dataFile }: Options): string | null {
  if (dataFile === undefined) return data ?? null;
  if (data !== undefined) throw new StartError(EXIT.usage, "--data and --data-file exclude each other");
  try {
    return readFileSync(dataFile, "utf8");
  } catch (error) {
    throw new StartError(EXIT.usage, `can't read ${dataFile}: ${reasonOf(error)}`);
  }
}

function withHeader(text: string, headers: Record<string, string>): Record<string, string> {
  const [, name, value] = /^([^:\s]+):\s*(.*)$/.exec(text) ?? [];
  if (name === undefined || value === undefined) throw new InvalidArgumentError("expected `name: value`");
  return { ...headers, [name]: value };
}

/** The body alone is on standard output, for a pipeline. */
function print({ status, headers, body, body_encoding, body_truncated, first_byte_ms, total_ms }: TriedAnswer): void {
  const lines = [
    `${status} in ${total_ms} ms (first byte after ${first_byte_ms} ms)`,
    ...headers.map(([name, value]) => `${name}: ${value}`),
    ...(body_truncated ? ["(the body is longer, and cut here)"] : []),
  ];
  process.stderr.write(`${lines.map(printable).join("\n")}\n\n`);
  process.stdout.write(body_encoding === "base64" ? Buffer.from(body, "base64") : body);
  if (process.stdout.isTTY && !body.endsWith("\n")) process.stdout.write("\n");
}
