import type { Command } from "commander";
import { EXIT, StartError } from "../../bootstrap/exit-codes.ts";
import { type AdminOptions, adminCommand, groupOf, run } from "../admin/admin-command.ts";
import { type CatalogueModel, catalogueModel, type ModelRoute, modelRoute } from "../admin/answers.ts";
import { step } from "../admin/client.ts";
import { type Finish, wholeNumber } from "../command.ts";
import { type Column, table } from "../output/table.ts";
import { fieldsIn } from "./document-file.ts";

interface RouteOptions extends AdminOptions {
  target?: string[];
  strategy?: string;
  file?: string;
}

interface SearchOptions extends AdminOptions {
  kind?: string;
  type?: string;
  capability?: string;
  contextWindow?: number;
  limit: number;
}

const PATH = "/models";
const MAX_SHOWN = 10_000;

const COLUMNS: readonly Column<ModelRoute>[] = [
  { title: "NAME", text: ({ name }) => name },
  { title: "STRATEGY", text: ({ strategy }) => strategy ?? "failover" },
  { title: "TARGETS", text: ({ targets }) => targets.map(targetText).join(" ") },
  { title: "FROM", text: ({ source }) => source },
  { title: "NOT SERVED", text: ({ not_served }) => not_served },
];

const CATALOGUE_COLUMNS: readonly Column<CatalogueModel>[] = [
  { title: "KIND", text: ({ kind }) => kind },
  { title: "MODEL", text: ({ model }) => model },
  { title: "CONTEXT", right: true, text: ({ context_window }) => context_window },
  { title: "INPUT $/M", right: true, text: ({ price }) => amountOf(price, "input_mtok") },
  { title: "OUTPUT $/M", right: true, text: ({ price }) => amountOf(price, "output_mtok") },
  { title: "CAN", text: ({ capabilities }) => capabilities?.join(" ") ?? null },
];

export function modelsCommand(finish: Finish): Command {
  const list = adminCommand("list", "model routes: public names of models").action((options: AdminOptions) =>
    run(
      finish,
      options,
      (client) => client.list(PATH, modelRoute),
      (routes) => table(COLUMNS, routes),
    ),
  );
  const show = adminCommand("show", "a model route")
    .argument("<name>", "the name callers use")
    .action((name: string, options: AdminOptions) =>
      run(finish, options, (client) => client.get(`${PATH}/${step(name)}`, modelRoute), shown),
    );
  const create = withFields(
    adminCommand("create", "give models a public name").argument("<name>", "the name callers use"),
  ).action((name: string, options: RouteOptions) => {
    const body = { ...bodyOf(options), name };
    return run(finish, options, (client) => client.send("POST", PATH, modelRoute, { body }), shown);
  });
  const update = withFields(
    adminCommand("update", "change a model route; what is not given stays").argument("<name>", "its name"),
  ).action((name: string, options: RouteOptions) => {
    const body = bodyOf(options);
    return run(finish, options, (client) => client.send("PATCH", `${PATH}/${step(name)}`, modelRoute, { body }), shown);
  });
  const remove = adminCommand("delete", "delete a model route")
    .argument("<name>", "its name")
    .action((name: string, options: AdminOptions) =>
      run(
        finish,
        options,
        async (client) => {
          await client.tell("DELETE", `${PATH}/${step(name)}`);
          return { name };
        },
        () => `model route ${name} is deleted\n`,
      ),
    );
  return groupOf("models", "model routes, and what is known of models", [
    list,
    show,
    create,
    update,
    remove,
    searchCommand(finish),
  ]);
}

function searchCommand(finish: Finish): Command {
  return adminCommand("search", "what is known of models: prices, context windows, capabilities")
    .argument("[words...]", "all of which are in `kind/model`")
    .option("--kind <kind>", "of this kind of provider")
    .option("--type <type>", "chat, embedding, …")
    .option("--capability <name>", "vision, tools, json_schema, reasoning, …")
    .option("--context-window <tokens>", "at least this long", wholeNumber(0, Number.MAX_SAFE_INTEGER))
    .option("--limit <n>", "at most so many", wholeNumber(1, MAX_SHOWN), 100)
    .action((words: string[], { kind, type, capability, contextWindow, limit, ...options }: SearchOptions) => {
      const query = { search: words.join(" "), kind, type, capability, min_context_window: contextWindow };
      return run(
        finish,
        options,
        (client) => client.list("/model-catalogue", catalogueModel, query, limit),
        (models) => table(CATALOGUE_COLUMNS, models),
      );
    });
}

function withFields(command: Command): Command {
  return command
    .option("--target <target...>", "models that answer, in this order: provider/model, or provider/model=weight")
    .option("--strategy <name>", "which target comes first: failover, weighted, latency, least-busy, cost, sticky")
    .option("--file <file>", "all other fields as in tidegate.yaml (YAML or JSON)");
}

function bodyOf({ target, strategy, file }: RouteOptions): object {
  const targets = target?.map(targetOf);
  return {
    ...fieldsIn(file),
    ...(targets === undefined ? {} : { targets }),
    ...(strategy === undefined ? {} : { strategy }),
  };
}

function targetOf(text: string): object {
  const [, provider, model, weight] = /^([^/]+)\/(.+?)(?:=(\d+))?$/.exec(text) ?? [];
  if (provider === undefined || model === undefined) {
    throw new StartError(EXIT.usage, "--target: expected provider/model, or provider/model=weight");
  }
  return { provider, model, ...(weight === undefined ? {} : { weight: Number(weight) }) };
}

function targetText({ provider, model, weight = 1 }: ModelRoute["targets"][number]): string {
  return `${provider}/${model}${weight === 1 ? "" : `=${weight}`}`;
}

function shown(route: ModelRoute): string {
  return table(COLUMNS, [route]);
}

function amountOf(price: CatalogueModel["price"], unit: string): string | null {
  const amount = price?.[unit];
  const base: unknown = typeof amount === "object" && amount !== null ? Reflect.get(amount, "base") : amount;
  return typeof base === "number" ? String(base) : null;
}
