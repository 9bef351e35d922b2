import { createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { setTimeout as delay } from "node:timers/promises";
import type { Command } from "commander";
import { EXIT, StartError } from "../../bootstrap/exit-codes.ts";
import { type AdminOptions, adminCommand, groupOf, jsonText, run } from "../admin/admin-command.ts";
import { type AuditEntry, auditEntry, auditVerification } from "../admin/answers.ts";
import type { AdminClient, Query } from "../admin/client.ts";
import { signedInClient } from "../admin/server.ts";
import { type Finish, pointInTime, wholeNumber } from "../command.ts";
import { printable } from "../output/printable.ts";
import { facts, shortTime, table } from "../output/table.ts";

interface ListOptions extends AdminOptions {
  follow?: boolean;
  limit: number;
  action?: string;
  actor?: string;
  team?: string;
  since?: number;
}

const MAX_LIMIT = 100_000;
const POLL_MS = 1_000;

export function auditCommand(finish: Finish): Command {
  const list = adminCommand("list", "who changed what, the newest at the end")
    .option("-f, --follow", "go on with changes as they are made; with --json a line each")
    .option("-n, --limit <n>", "how many of the last entries to show", wholeNumber(1, MAX_LIMIT), 50)
    .option("--action <action>", "e.g. service.publish")
    .option("--actor <name>", "by this person or token")
    .option("--team <id>", "of what this team owns")
    .option("--since <time>", "a duration back from now (90s, 10m, 2h, 1d), or a time", pointInTime)
    .action((options: ListOptions) => (options.follow ? follow(finish, options) : show(finish, options)));
  const verify = adminCommand("verify", "check that nobody altered the trail").action(async (options: AdminOptions) => {
    const client = signedInClient(options.url, process.env);
    const found = await client.get("/audit/verification", auditVerification);
    const text = facts([
      ["intact", found.intact ? "yes" : `no: entry ${found.broken_at} does not follow from the one before it`],
      ["entries", found.entries],
      ["last hash", found.last_hash],
    ]);
    process.stdout.write(options.json ? jsonText(found) : text);
    finish(found.intact ? EXIT.ok : EXIT.failed);
  });
  const exportAll = adminCommand("export", "all of it with its hashes, a JSON line each, the oldest first")
    .option("-o, --output <file>", "write to a file, not to standard output")
    .action(async (options: AdminOptions & { output?: string }) => {
      const client = signedInClient(options.url, process.env);
      await writeAll(client.stream("/audit/export"), options.output ?? null);
      finish(EXIT.ok);
    });
  return groupOf("audit", "the audit trail", [list, verify, exportAll]);
}

function show(finish: Finish, options: ListOptions): Promise<void> {
  return run(
    finish,
    options,
    async (client) => (await client.list("/audit", auditEntry, filterOf(options), options.limit)).reverse(),
    (entries) =>
      table(
        [
          { title: "AT", text: ({ at }) => shortTime(at) },
          { title: "ACTOR", text: ({ actor }) => actor.name },
          { title: "ACTION", text: ({ action }) => action },
          { title: "SUBJECT", text: ({ subject }) => `${subject.type} ${subject.id}` },
          { title: "TEAM", text: ({ team }) => team },
          { title: "FROM", text: ({ actor }) => actor.address },
        ],
        entries,
      ),
  );
}

async function follow(finish: Finish, options: ListOptions): Promise<void> {
  const client = signedInClient(options.url, process.env);
  const interrupt = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => interrupt.abort());
  let last = -1;
  let limit = options.limit;
  while (!interrupt.signal.aborted) {
    const entries = await newer(client, filterOf(options), last, limit);
    for (const entry of entries) process.stdout.write(options.json ? `${JSON.stringify(entry)}\n` : lineOf(entry));
    last = entries.at(-1)?.sequence ?? last;
    // From now on all of them.
    limit = Number.POSITIVE_INFINITY;
    await delay(POLL_MS, undefined, { signal: interrupt.signal }).catch(() => {});
  }
  finish(EXIT.ok);
}

const FIRST_LOOK = 50;

/** Entries after `last`, the oldest first. They come newest first, so more are read until one is known. */
async function newer(client: AdminClient, filter: Query, last: number, limit: number): Promise<AuditEntry[]> {
  for (let wanted = last < 0 ? limit : FIRST_LOOK; ; wanted *= 4) {
    const entries = await client.list("/audit", auditEntry, filter, wanted);
    const fresh = entries.filter(({ sequence }) => sequence > last);
    if (last < 0 || fresh.length < entries.length || entries.length < wanted) return fresh.reverse();
  }
}

function filterOf({ action, actor, team, since }: ListOptions): Query {
  return { action, actor, team, from: since === undefined ? undefined : new Date(since).toISOString() };
}

function lineOf({ at, actor, action, subject, team }: AuditEntry): string {
  const where = team === null ? "" : ` (${team})`;
  return `${printable(`${at}  ${actor.name}  ${action}  ${subject.type} ${subject.id}${where}`)}\n`;
}

async function writeAll(bytes: AsyncIterable<Uint8Array>, file: string | null): Promise<void> {
  if (file === null) {
    await pipeline(bytes, process.stdout, { end: false });
    return;
  }
  await pipeline(bytes, createWriteStream(file, { mode: 0o600 })).catch((error: unknown) => {
    const isFile = error instanceof Error && "syscall" in error && "code" in error;
    throw isFile ? new StartError(EXIT.failed, `can't write ${file}: ${String(error.code)}`) : error;
  });
}
