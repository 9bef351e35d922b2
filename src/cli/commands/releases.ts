import { type Command, InvalidArgumentError } from "commander";
import { EXIT, StartError } from "../../bootstrap/exit-codes.ts";
import { type AdminOptions, adminCommand, groupOf, run } from "../admin/admin-command.ts";
import {
  type OpenapiDifference,
  openapiDifference,
  release,
  releaseWithConfiguration,
  serviceWithDraft,
} from "../admin/answers.ts";
import { type AdminClient, step } from "../admin/client.ts";
import { type Finish, wholeNumber } from "../command.ts";
import {
  type Difference,
  differenceLines,
  differencesOf,
  mayBeSecretInService,
  redacted,
  withoutSecretsInDraft,
} from "../diff.ts";
import { openapiChangeLines } from "../output/openapi-changes.ts";
import { paletteFor } from "../output/palette.ts";
import { oneLine } from "../output/printable.ts";
import { shortTime, table } from "../output/table.ts";

const MAX_RELEASE = 1_000_000;
const releaseNumber = wholeNumber(1, MAX_RELEASE);
const DRAFT = "draft";

export function releasesCommand(finish: Finish): Command {
  const list = adminCommand("list", "a service's releases, the newest first")
    .argument("<service>", "the service's id")
    .action((id: string, options: AdminOptions) =>
      run(
        finish,
        options,
        (client) => client.items(`/services/${step(id)}/releases`, release),
        (releases) =>
          table(
            [
              { title: "RELEASE", right: true, text: ({ number }) => number },
              { title: "SERVES", text: ({ serves }) => serves },
              { title: "MADE", text: ({ created_at }) => shortTime(created_at) },
              { title: "BY", text: ({ created_by }) => created_by },
              { title: "NOTE", text: ({ note }) => note },
            ],
            releases,
          ),
      ),
    );
  const rollback = adminCommand("rollback", "serve a release that was made before")
    .argument("<service>", "the service's id")
    .argument("<release>", "its number", releaseNumber)
    .action((id: string, number: number, options: AdminOptions) =>
      run(
        finish,
        options,
        async (client) => {
          const body = { release: number };
          return withoutSecretsInDraft(
            await client.send("POST", `/services/${step(id)}/rollback`, serviceWithDraft, { body }),
          );
        },
        (after) => `${id}: release ${after.current_release} is served, and the draft is what it was then\n`,
      ),
    );
  return groupOf("releases", "a service's releases", [list, diff(finish), rollback, canary(finish), endCanary(finish)]);
}

interface CanaryOptions extends AdminOptions {
  percent: number;
  header?: { name: string; value: string };
  sticky: boolean;
}

function canary(finish: Finish): Command {
  return adminCommand("canary", "send some of the calls to another release; the rest go where they went")
    .argument("<service>", "the service's id")
    .argument("<release>", "the release that is tried", releaseNumber)
    .option("--percent <share>", "share of the calls, 0 to 100", percentage, 0)
    .option("--header <name=value>", "calls with this header go there in any case", headerOf)
    .option("--no-sticky", "decide anew with each call, not once for each application")
    .action((id: string, number: number, { percent, header, sticky, ...options }: CanaryOptions) => {
      if (percent === 0 && header === undefined) {
        throw new StartError(EXIT.usage, "which calls? Give --percent, --header or both");
      }
      const body = { release: number, percent, header: header ?? null, sticky };
      return run(
        finish,
        options,
        async (client) =>
          withoutSecretsInDraft(await client.send("PUT", `/services/${step(id)}/canary`, serviceWithDraft, { body })),
        () => `${id}: ${callsText(percent, header)} go to release ${number}\n`,
      );
    });
}

function endCanary(finish: Finish): Command {
  return adminCommand("end-canary", "send all calls to the current release again")
    .argument("<service>", "the service's id")
    .action((id: string, options: AdminOptions) =>
      run(
        finish,
        options,
        async (client) =>
          withoutSecretsInDraft(await client.send("DELETE", `/services/${step(id)}/canary`, serviceWithDraft)),
        ({ current_release }) => `${id}: all calls go to release ${current_release}\n`,
      ),
    );
}

function callsText(percent: number, header: CanaryOptions["header"]): string {
  const share = percent === 0 ? [] : [`${percent} % of the calls`];
  const named = header === undefined ? [] : [`those with ${header.name}: ${header.value}`];
  return [...share, ...named].join(", and ");
}

function percentage(text: string): number {
  const value = Number(text);
  if (/^\d+(\.\d+)?$/.test(text) && value <= 100) return value;
  throw new InvalidArgumentError("Expected a number from 0 to 100.");
}

function headerOf(text: string): { name: string; value: string } {
  const at = text.indexOf("=");
  if (at < 1 || at === text.length - 1) throw new InvalidArgumentError("Expected NAME=VALUE, e.g. x-canary=yes.");
  return { name: text.slice(0, at), value: text.slice(at + 1) };
}

function diff(finish: Finish): Command {
  return adminCommand("diff", "what publishing the draft would change, or what changed between two releases")
    .argument("<service>", "the service's id")
    .argument("[from]", "a release (default: the one that is served)", sideOf)
    .argument("[to]", `a release, or \`${DRAFT}\``, sideOf, DRAFT)
    .action((id: string, from: Side | undefined, to: Side, options: AdminOptions) =>
      run(finish, options, (client) => compare(client, id, from, to), formatted),
    );
}

type Side = number | typeof DRAFT;

function sideOf(text: string): Side {
  return text === DRAFT ? DRAFT : releaseNumber(text);
}

interface Comparison {
  from: Side;
  to: Side;
  differences: Difference[];
  /** Null: one of the two has no OpenAPI document, or the draft is what is compared to. */
  openapi: OpenapiDifference;
}

async function compare(client: AdminClient, id: string, from: Side | undefined, to: Side): Promise<Comparison> {
  const service = await client.get(`/services/${step(id)}`, serviceWithDraft);
  const left = from ?? service.current_release;
  if (left === null) throw new StartError(EXIT.conflict, `service ${id} has no release that is served: name two`);
  const sides = [];
  for (const side of [left, to]) {
    if (side === DRAFT) sides.push(service.draft);
    else {
      const path = `/services/${step(id)}/releases/${side}`;
      const found = await client.find(path, releaseWithConfiguration);
      if (found === null) throw new StartError(EXIT.refused, `service ${id} has no release ${side}`);
      sides.push(found.configuration);
    }
  }
  const differences = differencesOf(sides[0], sides[1], mayBeSecretInService);
  // What is hidden from people does not belong into pipes either.
  return {
    from: left,
    to,
    differences: differences.map(redacted),
    openapi: await compareDocuments(client, id, left, to),
  };
}

/** The server has the documents, and the rules for what breaks clients. */
async function compareDocuments(client: AdminClient, id: string, from: Side, to: Side): Promise<OpenapiDifference> {
  if (from === DRAFT) return null;
  const query = { from: String(from), ...(to === DRAFT ? {} : { to: String(to) }) };
  return (await client.get(`/services/${step(id)}/diff`, openapiDifference, query)).openapi;
}

function formatted({ from, to, differences, openapi }: Comparison): string {
  const name = (side: Side) => (side === DRAFT ? "the draft" : `release ${side}`);
  const documents = documentLines(openapi);
  if (differences.length === 0 && documents.length === 0) return `${name(to)} is the same as ${name(from)}\n`;
  const palette = paletteFor(process.stdout, process.env);
  const lines = [...differenceLines(differences, palette), ...documents].map((line) => `  ${line}\n`);
  return `${palette.bold(`from ${name(from)} to ${name(to)}`)}\n${lines.join("")}`;
}

function documentLines(openapi: OpenapiDifference): string[] {
  if (openapi === null) return [];
  if (openapi.problem !== null) return [oneLine(`OpenAPI: not compared: ${openapi.problem}`)];
  const { changes, breaking, breaking_changes_announced: isAnnounced } = openapi;
  if (changes.length === 0) return [];
  const announced = breaking > 0 && isAnnounced ? ", as the new major version says" : "";
  return [
    `OpenAPI: ${breaking} breaking of ${changes.length} changes${announced}`,
    ...openapiChangeLines(changes.map(({ is_breaking, ...change }) => ({ ...change, isBreaking: is_breaking }))),
  ];
}
