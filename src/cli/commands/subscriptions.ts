import { type Command, Option } from "commander";
import { EXIT, StartError } from "../../bootstrap/exit-codes.ts";
import { type AdminOptions, adminCommand, groupOf, run } from "../admin/admin-command.ts";
import { type Subscription, subscription } from "../admin/answers.ts";
import { step } from "../admin/client.ts";
import { type Finish, timeToCome } from "../command.ts";
import { type Column, shortTime, table } from "../output/table.ts";

const STATES = ["pending", "approved", "rejected", "revoked", "cancelled"];

const COLUMNS: readonly Column<Subscription>[] = [
  { title: "ID", text: ({ id }) => id },
  { title: "STATE", text: ({ state }) => state },
  { title: "APPLICATION", text: ({ application, application_team }) => `${application} (${application_team})` },
  { title: "SERVICE", text: ({ service, service_team: team }) => (team === null ? service : `${service} (${team})`) },
  { title: "REQUESTED BY", text: ({ requested_by }) => requested_by },
  { title: "SINCE", text: ({ created_at }) => shortTime(created_at) },
  { title: "EXPIRES", text: ({ expires_at }) => shortTime(expires_at) },
  { title: "NOTE", text: ({ note, reason }) => note || reason },
];

interface ListOptions extends AdminOptions {
  service?: string;
  application?: string;
  state?: string;
}

interface RequestOptions extends AdminOptions {
  application: string;
  service: string;
  reason: string;
}

export function subscriptionsCommand(finish: Finish): Command {
  const list = adminCommand("list", "subscriptions of your teams, as callers and as owners of services")
    .option("--service <id>", "to this service")
    .option("--application <id>", "of this application")
    .addOption(new Option("--state <state>", "in this state").choices(STATES))
    .action((options: ListOptions) => {
      const { service, application, state } = options;
      return run(
        finish,
        options,
        (client) => client.list("/subscriptions", subscription, { service, application, state }),
        (subscriptions) => table(COLUMNS, subscriptions),
      );
    });
  const request = adminCommand("request", "ask for access to a service")
    .requiredOption("--application <id>", "who wants to call")
    .requiredOption("--service <id>", "what it wants to call; `ai` is the unified API")
    .option("--reason <text>", "for whoever approves", "")
    .action((options: RequestOptions) => {
      const { application, service, reason } = options;
      const body = { application, service, reason };
      return run(finish, options, (client) => client.send("POST", "/subscriptions", subscription, { body }), outcome);
    });
  return groupOf("subscriptions", "who may call what", [
    list,
    request,
    approve(finish),
    extend(finish),
    ...decisions(finish),
  ]);
}

function approve(finish: Finish): Command {
  return adminCommand("approve", "let an application call a service")
    .argument("<id>", "the subscription's id")
    .option("--note <text>", "for whoever asked", "")
    .option("--expires <date>", "until when (default: for ever)", timeToCome)
    .action((id: string, options: AdminOptions & { note: string; expires?: string }) => {
      const body = { note: options.note, expires_at: options.expires ?? null };
      const path = `/subscriptions/${step(id)}/approve`;
      return run(finish, options, (client) => client.send("POST", path, subscription, { body }), outcome);
    });
}

function extend(finish: Finish): Command {
  return adminCommand("extend", "let an approved subscription last longer, or shorter")
    .argument("<id>", "the subscription's id")
    .addOption(new Option("--expires <date>", "until when").argParser(timeToCome).conflicts("forEver"))
    .addOption(new Option("--for-ever", "without an end"))
    .option("--note <text>", "for whoever asked")
    .action((id: string, options: AdminOptions & { note?: string; expires?: string; forEver?: true }) => {
      const { expires, forEver, note } = options;
      if (expires === undefined && forEver === undefined) {
        throw new StartError(EXIT.usage, "give --expires with a date, or --for-ever");
      }
      const body = { expires_at: expires ?? null, ...(note === undefined ? {} : { note }) };
      const path = `/subscriptions/${step(id)}`;
      return run(finish, options, (client) => client.send("PATCH", path, subscription, { body }), extended);
    });
}

function extended({ application, service, expires_at }: Subscription): string {
  return `${application} → ${service}: ${expires_at === null ? "for ever" : `until ${shortTime(expires_at)}`}\n`;
}

const DECISIONS = {
  reject: "turn a request down",
  revoke: "take access away",
  cancel: "give access back, or take a request back",
};

function decisions(finish: Finish): Command[] {
  return Object.entries(DECISIONS).map(([verb, description]) =>
    adminCommand(verb, description)
      .argument("<id>", "the subscription's id")
      .option("--note <text>", "why", "")
      .action((id: string, options: AdminOptions & { note: string }) => {
        const path = `/subscriptions/${step(id)}/${verb}`;
        const body = { note: options.note };
        return run(finish, options, (client) => client.send("POST", path, subscription, { body }), outcome);
      }),
  );
}

function outcome({ id, application, service, state }: Subscription): string {
  return `${application} → ${service}: ${state} (${id})\n`;
}
