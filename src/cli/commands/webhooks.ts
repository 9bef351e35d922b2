import type { Command } from "commander";
import { type AdminOptions, adminCommand, groupOf, run } from "../admin/admin-command.ts";
import { createdWebhook, type Delivery, delivery, startedDelivery, type Webhook, webhook } from "../admin/answers.ts";
import { step } from "../admin/client.ts";
import { type Finish, wholeNumber } from "../command.ts";
import { type Column, shortTime, table } from "../output/table.ts";

interface CreateOptions extends AdminOptions {
  team?: string;
  name: string;
  event: string[];
}

interface DeliveriesOptions extends AdminOptions {
  state?: string;
  limit: number;
}

const COLUMNS: readonly Column<Webhook>[] = [
  { title: "ID", text: ({ id }) => id },
  { title: "TEAM", text: ({ team }) => team },
  { title: "NAME", text: ({ name }) => name },
  { title: "URL", text: ({ url }) => url },
  { title: "EVENTS", text: ({ events }) => events.join(" ") },
  { title: "ENABLED", text: ({ enabled }) => (enabled ? "yes" : "no") },
];

const DELIVERY_COLUMNS: readonly Column<Delivery>[] = [
  { title: "ID", text: ({ id }) => id },
  { title: "EVENT", text: ({ event }) => event },
  { title: "STATE", text: ({ state }) => state },
  { title: "ATTEMPTS", right: true, text: ({ attempts }) => attempts },
  { title: "NEXT", text: ({ next_attempt_at }) => shortTime(next_attempt_at) },
  { title: "LAST", text: ({ last_status, last_error }) => last_error ?? last_status },
];

const DELIVERIES_SHOWN = 50;
const MAX_DELIVERIES = 10_000;

export function webhooksCommand(finish: Finish): Command {
  const list = adminCommand("list", "webhooks that you manage").action((options: AdminOptions) =>
    run(
      finish,
      options,
      (client) => client.list("/webhooks", webhook),
      (all) => table(COLUMNS, all),
    ),
  );
  const create = adminCommand("create", "tell a URL what happens; what deliveries are signed with is shown this once")
    .argument("<url>", "an http:// or https:// URL")
    .requiredOption("--event <name...>", "e.g. service.publish subscription.request; '*' for all")
    .option("--team <id>", "what happens to the team (default: in the whole organisation)")
    .option("--name <name>", "what it is for", "main")
    .action((url: string, { name, event: events, ...options }: CreateOptions) => {
      const body = { team: options.team ?? null, name, url, events };
      return run(
        finish,
        options,
        (client) => client.send("POST", "/webhooks", createdWebhook, { body }),
        (made) => {
          process.stderr.write(`webhook ${made.id} (${made.name}); its secret is shown this once:\n`);
          return `${made.secret}\n`;
        },
      );
    });
  const remove = webhookCommand("delete", "tell it nothing any more, and forget its deliveries").action(
    (id: string, options: AdminOptions) =>
      run(
        finish,
        options,
        (client) => client.tell("DELETE", `/webhooks/${step(id)}`).then(() => ({ id })),
        () => `deleted ${id}\n`,
      ),
  );
  const test = webhookCommand("test", "send it a `ping`").action((id: string, options: AdminOptions) =>
    run(
      finish,
      options,
      (client) => client.send("POST", `/webhooks/${step(id)}/test`, startedDelivery, { body: {} }),
      ({ delivery: made }) => `sent as ${made}; \`tidegate webhooks deliveries ${id}\` shows what became of it\n`,
    ),
  );
  const deliveries = webhookCommand("deliveries", "what was sent, the newest first")
    .option("--state <state>", "pending, delivered, or dead: given up")
    .option("--limit <count>", "at most so many", wholeNumber(1, MAX_DELIVERIES), DELIVERIES_SHOWN)
    .action((id: string, options: DeliveriesOptions) =>
      run(
        finish,
        options,
        (client) => client.list(`/webhooks/${step(id)}/deliveries`, delivery, { state: options.state }, options.limit),
        (all) => table(DELIVERY_COLUMNS, all),
      ),
    );
  const redeliver = webhookCommand("redeliver", "try a delivery again that has ended")
    .argument("<delivery>", "its id")
    .action((id: string, one: string, options: AdminOptions) =>
      run(
        finish,
        options,
        (client) =>
          client.send("POST", `/webhooks/${step(id)}/deliveries/${step(one)}/redeliver`, delivery, { body: {} }),
        ({ event }) => `${event} is sent again\n`,
      ),
    );
  return groupOf("webhooks", "who is told what happens", [
    list,
    create,
    enabling(finish, "enable", true),
    enabling(finish, "disable", false),
    remove,
    test,
    deliveries,
    redeliver,
  ]);
}

function enabling(finish: Finish, verb: "enable" | "disable", enabled: boolean): Command {
  return webhookCommand(verb, enabled ? "tell it what happens again" : "tell it nothing for now").action(
    (id: string, options: AdminOptions) =>
      run(
        finish,
        options,
        (client) => client.send("PATCH", `/webhooks/${step(id)}`, webhook, { body: { enabled } }),
        ({ name }) => `${name} is ${enabled ? "enabled" : "disabled"}\n`,
      ),
  );
}

function webhookCommand(name: string, description: string): Command {
  return adminCommand(name, description).argument("<webhook>", "the webhook's id");
}
