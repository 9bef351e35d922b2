import { Command } from "commander";
import { EXIT } from "../../bootstrap/exit-codes.ts";
import { homeDirectory } from "../../bootstrap/home.ts";
import type { MasterKeyList } from "../../bootstrap/master-key.ts";
import type { Finish } from "../command.ts";

export function masterKeyCommand(finish: Finish): Command {
  const command = new Command("master-key").description(
    "change the key that secrets are sealed with (TIDEGATE_HOME or DATABASE_URL, and TIDEGATE_MASTER_KEY)",
  );
  command
    .command("list")
    .description("the keys by their ids, and how many secrets need each")
    .option("--json", "print them as JSON")
    .action(async ({ json }: { json?: boolean }) => {
      const { listMasterKeys } = await import("../../bootstrap/master-key.ts");
      const list = await listMasterKeys(place());
      print(json, list, lines(list));
      finish(EXIT.ok);
    });
  command
    .command("rotate")
    .description("make a new key, and seal with it what is in the database; old keys stay until they are forgotten")
    .option("--json", "print the keys as JSON")
    .action(async ({ json }: { json?: boolean }) => {
      const { rotateMasterKey } = await import("../../bootstrap/master-key.ts");
      const rotation = await rotateMasterKey(place());
      print(json, rotation, `${lines(rotation)}\nsealed again: ${rotation.sealedAgain}`);
      if (!json) process.stderr.write(`${nextStep(rotation)}\n`);
      finish(EXIT.ok);
    });
  command
    .command("forget-old")
    .description("seal with the first key what needs another, and take the others out of the file")
    .option("--json", "print the keys as JSON")
    .action(async ({ json }: { json?: boolean }) => {
      const { forgetOldMasterKeys } = await import("../../bootstrap/master-key.ts");
      const list = await forgetOldMasterKeys(place());
      print(json, list, lines(list));
      finish(EXIT.ok);
    });
  return command;
}

function place() {
  return { homeDirectory: homeDirectory(process.env), env: process.env };
}

function lines({ file, keys, missing }: MasterKeyList): string {
  const known = keys.map(({ id, seals, secrets }) => `${id}  ${seals ? "seals" : "opens"}  ${secrets} secrets`);
  const lost = missing.map((id) => `${id}  missing`);
  return [`${file ?? "TIDEGATE_MASTER_KEY"}:`, ...known, ...lost].join("\n");
}

function nextStep({ file }: MasterKeyList): string {
  if (file === null) {
    return "To use a new key: put one (openssl rand -base64 32) before the old one in TIDEGATE_MASTER_KEY on all machines, separated by a comma, start Tidegate again, and rotate.";
  }
  return "Copy the file to where your copy of it is and, in a cluster, to all machines; start Tidegate again; then `tidegate master-key forget-old`.";
}

function print(json: boolean | undefined, value: object, text: string): void {
  process.stdout.write(json ? `${JSON.stringify(value, null, 2)}\n` : `${text}\n`);
}
