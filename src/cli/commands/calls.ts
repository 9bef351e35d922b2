import type { Command } from "commander";
import { type AdminOptions, adminCommand, groupOf, jsonText, run } from "../admin/admin-command.ts";
import { type Call, call, callWithBodies } from "../admin/answers.ts";
import { step } from "../admin/client.ts";
import { type Finish, pointInTime, wholeNumber } from "../command.ts";
import { printable } from "../output/printable.ts";
import { facts, shortTime, table } from "../output/table.ts";

interface ListOptions extends AdminOptions {
  limit: number;
  application?: string;
  team?: string;
  service?: string;
  model?: string;
  error?: string;
  status?: string;
  since?: number;
}

const MAX_LIMIT = 10_000;

/** Over the admin API, as far as one may see them; `tidegate logs` reads the files of the machine. */
export function callsCommand(finish: Finish): Command {
  const list = adminCommand("list", "calls of your teams' applications and to their services, the newest at the end")
    .option("-n, --limit <n>", "how many of the last calls to show", wholeNumber(1, MAX_LIMIT), 50)
    .option("--application <id>", "by this application")
    .option("--team <id>", "by applications of this team")
    .option("--service <id>", "to this service")
    .option("--model <name>", "that asked for, or were served by, this model")
    .option("--status <status>", "e.g. 429, 5xx or 400-499")
    .option("--error <code>", "that ended with this error, e.g. rate_limited")
    .option("--since <time>", "a duration back from now (90s, 10m, 2h, 1d), or a time", pointInTime)
    .action((options: ListOptions) => {
      const { application, team, service, model, error, status, since } = options;
      const from = since === undefined ? undefined : new Date(since).toISOString();
      const filter = { application, team, service, model, error, status, from };
      return run(
        finish,
        options,
        async (client) => (await client.list("/calls", call, filter, options.limit)).reverse(),
        (calls) => table(COLUMNS, calls),
      );
    });
  const get = adminCommand("get", "one call, by its x-request-id; with bodies where they are kept and you may see them")
    .argument("<id>", "the `x-request-id` of its answer")
    .action((id: string, options: AdminOptions) =>
      run(
        finish,
        options,
        (client) => client.get(`/calls/${step(id)}`, callWithBodies),
        ({ request_body, response_body, tags, other_attempts, ...rest }) =>
          facts([
            ...Object.entries(rest).map(([name, value]): [string, string] => [
              name.replaceAll("_", " "),
              value === null ? "-" : String(value),
            ]),
            ...jsonFacts({ tags, other_attempts }),
          ]) + bodiesOf({ request: request_body, response: response_body }),
      ),
    );
  return groupOf("calls", "the call log, as far as you may see it", [list, get]);
}

const COLUMNS = [
  { title: "AT", text: ({ started_at }: Call) => shortTime(started_at) },
  { title: "STATUS", text: ({ status }: Call) => String(status) },
  { title: "METHOD", text: ({ method }: Call) => method },
  { title: "PATH", text: ({ path }: Call) => path },
  { title: "APPLICATION", text: ({ application }: Call) => application ?? "-" },
  { title: "SERVICE", text: ({ service }: Call) => service ?? "-" },
  { title: "MODEL", text: ({ model_asked }: Call) => model_asked ?? "-" },
  { title: "TOTAL", text: ({ total_ms }: Call) => `${Math.round(total_ms)} ms` },
  {
    title: "TOKENS",
    text: ({ input_tokens: sent, output_tokens: got }: Call) => (sent === null ? "-" : `${sent}/${got}`),
  },
  { title: "COST", text: ({ cost_usd }: Call) => (cost_usd === null ? "-" : `$${cost_usd.toFixed(6)}`) },
  { title: "ERROR", text: ({ error_code }: Call) => error_code ?? "-" },
  { title: "ID", text: ({ id }: Call) => id },
];

function jsonFacts(values: Record<string, unknown>): [string, string][] {
  return Object.entries(values).flatMap(([name, value]) =>
    value === null || value === undefined ? [] : [[name.replaceAll("_", " "), jsonText(value).trim()]],
  );
}

function bodiesOf(bodies: Record<string, string | null>): string {
  return Object.entries(bodies)
    .map(([name, body]) => (body === null ? "" : `\n${name} body:\n${printable(body)}\n`))
    .join("");
}
