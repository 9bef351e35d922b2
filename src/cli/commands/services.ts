import { type Command, Option } from "commander";
import { stringify } from "yaml";
import { type AdminOptions, adminCommand, groupOf, run } from "../admin/admin-command.ts";
import { caller, type Service, type ServiceWithDraft, service, serviceWithDraft } from "../admin/answers.ts";
import { type AdminClient, step } from "../admin/client.ts";
import { type Finish, timeToCome } from "../command.ts";
import { withoutSecretsInDraft } from "../diff.ts";
import { type Column, facts, shortTime, table } from "../output/table.ts";
import { tryService } from "./try-service.ts";

const KINDS = ["rest", "ai", "mcp"];
const STATES = ["draft", "published", "deprecated", "retired"];

const COLUMNS: readonly Column<Service>[] = [
  { title: "ID", text: ({ id }) => id },
  { title: "KIND", text: ({ kind }) => kind },
  { title: "TEAM", text: ({ team }) => team },
  { title: "STATE", text: ({ state }) => state },
  { title: "RELEASE", right: true, text: ({ current_release }) => current_release },
  { title: "VISIBILITY", text: ({ visibility }) => visibility },
  { title: "APPROVAL", text: ({ approval }) => approval },
  { title: "CHANGED", text: ({ updated_at }) => shortTime(updated_at) },
  { title: "NAME", text: ({ name }) => name },
];

export function servicesCommand(finish: Finish): Command {
  const list = adminCommand("list", "services of your teams")
    .option("--team <id>", "of this team")
    .addOption(new Option("--state <state>", "in this state").choices(STATES))
    .addOption(new Option("--kind <kind>", "of this kind").choices(KINDS))
    .action((options: AdminOptions & { team?: string; state?: string; kind?: string }) => {
      const { team, state, kind } = options;
      return run(
        finish,
        options,
        (client) => client.list("/services", service, { team, state, kind }),
        (services) => table(COLUMNS, services),
      );
    });
  const get = serviceCommand("get", "a service with its draft").action((id: string, options: AdminOptions) =>
    run(
      finish,
      options,
      async (client) => withoutSecretsInDraft(await client.get(`/services/${step(id)}`, serviceWithDraft)),
      details,
    ),
  );
  const callers = serviceCommand("callers", "applications that may call it").action(
    (id: string, options: AdminOptions) =>
      run(
        finish,
        options,
        (client) => client.items(`/services/${step(id)}/callers`, caller),
        (found) =>
          table(
            [
              { title: "APPLICATION", text: ({ application }) => application },
              { title: "TEAM", text: ({ team }) => team },
              { title: "SUBSCRIPTION", text: ({ subscription }) => subscription },
            ],
            found,
          ),
      ),
  );
  return groupOf("services", "services: from a draft to their end", [
    list,
    get,
    publish(finish),
    deprecate(finish),
    retire(finish),
    callers,
    purgeCache(finish),
    tryService(finish),
  ]);
}

function publish(finish: Finish): Command {
  return serviceCommand("publish", "make a release of the draft, and serve it")
    .option("--note <text>", "what is new", "")
    .action((id: string, options: AdminOptions & { note: string }) => {
      const body = { note: options.note };
      return run(
        finish,
        options,
        (client) => tell(client, id, "publish", body),
        (after) =>
          after.review === null
            ? `${id}: release ${after.current_release} is served\n`
            : `${id}: publication requested; it waits for somebody else who may publish it\n`,
      );
    });
}

function deprecate(finish: Finish): Command {
  return serviceCommand("deprecate", "say to all callers that it will end")
    .option("--sunset <date>", "when it ends", timeToCome)
    .option("--link <url>", "where callers read what to do")
    .action((id: string, options: AdminOptions & { sunset?: string; link?: string }) => {
      const body = { sunset_at: options.sunset ?? null, link: options.link ?? null };
      return run(
        finish,
        options,
        (client) => tell(client, id, "deprecate", body),
        ({ sunset_at }) => `${id} is deprecated${sunset_at === null ? "" : `, and ends ${sunset_at.slice(0, 10)}`}\n`,
      );
    });
}

function retire(finish: Finish): Command {
  return serviceCommand("retire", "serve it no longer; refused while applications hold subscriptions")
    .option("--force", "also when somebody may still call it")
    .action((id: string, options: AdminOptions & { force?: boolean }) => {
      const body = { force: options.force === true };
      return run(
        finish,
        options,
        (client) => tell(client, id, "retire", body),
        () => `${id} is retired\n`,
      );
    });
}

function purgeCache(finish: Finish): Command {
  return serviceCommand("purge-cache", "drop its stored answers in all gateways; `ai`: those of models").action(
    (id: string, options: AdminOptions) =>
      run(
        finish,
        options,
        async (client) => {
          await client.tell("DELETE", `/services/${step(id)}/cache`);
          return { service: id, purged: true };
        },
        () => `${id}: stored answers are dropped\n`,
      ),
  );
}

async function tell(client: AdminClient, id: string, verb: string, body: object): Promise<ServiceWithDraft> {
  return withoutSecretsInDraft(await client.send("POST", `/services/${step(id)}/${verb}`, serviceWithDraft, { body }));
}

function serviceCommand(name: string, description: string): Command {
  return adminCommand(name, description).argument("<id>", "the service's id");
}

function details(one: ServiceWithDraft): string {
  const head = facts([
    ["id", one.id],
    ["kind", one.kind],
    ["team", one.team],
    ["name", one.name],
    ["state", one.state],
    ["release", one.current_release],
    ["description", one.description],
    ["category", one.category],
    ["tags", one.tags.join(", ")],
    ["visibility", one.visibility],
    ["approval", one.approval],
    ["shared with", one.shared_with.join(", ")],
    ["OpenAPI", one.has_openapi ? "yes" : "no"],
    ["sunset", shortTime(one.sunset_at)],
    ["link", one.deprecation_link],
    ["changed", shortTime(one.updated_at)],
  ]);
  const draft = stringify(one.draft, { lineWidth: 0 });
  return `${head}\ndraft:\n${draft.replace(/^(?=.)/gm, "  ")}`;
}
