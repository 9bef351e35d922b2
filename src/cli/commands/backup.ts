import { Command } from "commander";
import type { BackupSummary } from "../../bootstrap/backup.ts";
import { EXIT } from "../../bootstrap/exit-codes.ts";
import { homeDirectory } from "../../bootstrap/home.ts";
import type { Finish } from "../command.ts";
import { Progress } from "../output/progress.ts";

const MASTER_KEY_HINT =
  "Keep the master key as well, elsewhere: master.key in the data directory, or TIDEGATE_MASTER_KEY. Without it the secrets in the backup are lost.";

export function backupCommand(finish: Finish): Command {
  return new Command("backup")
    .description("write all that is stored to a new file, from the database itself (TIDEGATE_HOME or DATABASE_URL)")
    .argument("<file>", "for example tidegate-backup.gz; made, never overwritten")
    .option("--json", "print what was written as JSON")
    .action(async (file: string, { json }: { json?: boolean }) => {
      // The database's drivers would slow down every other command.
      const { backUp } = await import("../../bootstrap/backup.ts");
      const place = { homeDirectory: homeDirectory(process.env), env: process.env, file };
      const summary = await withProgress("rows", (onProgress) => backUp(place, onProgress));
      print(json, { file, ...summary }, `${file} holds ${contents(summary)}`);
      if (!json) process.stderr.write(`${MASTER_KEY_HINT}\n`);
      finish(EXIT.ok);
    });
}

export function restoreCommand(finish: Finish): Command {
  return new Command("restore")
    .description("fill an empty database from a backup (TIDEGATE_HOME or DATABASE_URL)")
    .argument("<file>", "what `tidegate backup` wrote")
    .option("--json", "print what was restored as JSON")
    .action(async (file: string, { json }: { json?: boolean }) => {
      const { restore } = await import("../../bootstrap/backup.ts");
      const place = { homeDirectory: homeDirectory(process.env), env: process.env, file };
      const summary = await withProgress("bytes", (onProgress) => restore(place, onProgress));
      print(json, { file, ...summary }, `restored ${contents(summary)}`);
      finish(EXIT.ok);
    });
}

async function withProgress<Result>(
  unit: string,
  work: (onProgress: (done: number, total: number) => void) => Promise<Result>,
): Promise<Result> {
  const progress = new Progress();
  return work((done, total) => progress.show(done, total, `${done} of ${total} ${unit}`)).finally(() =>
    progress.clear(),
  );
}

function contents({ rows, tables }: BackupSummary): string {
  const named = ["teams", "services", "applications", "subscriptions", "users"].map(
    (table) => `${tables[table] ?? 0} ${table}`,
  );
  return `${named.join(", ")}; ${rows} rows in all`;
}

function print(json: boolean | undefined, value: object, text: string): void {
  process.stdout.write(json ? `${JSON.stringify(value, null, 2)}\n` : `${text}\n`);
}
