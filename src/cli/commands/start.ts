import { Command, Option } from "commander";
import { start } from "../../bootstrap/start.ts";
import { ROLES, type Role } from "../../bootstrap/worker-environment.ts";
import { type Finish, wholeNumber } from "../command.ts";

interface Options {
  config?: string | null;
  workers?: number | null;
  role?: Role | null;
}

export function startCommand(finish: Finish): Command {
  return new Command("start")
    .description("start the gateway: supervisor, control process and one gateway worker for each core")
    .option("-c, --config <file>", "configuration file")
    .option("-w, --workers <n>", "gateway workers", wholeNumber(1, 256))
    .addOption(
      new Option(
        "--role <role>",
        "what this machine does: `gateway` serves what `control` publishes over Redis",
      ).choices(ROLES),
    )
    .action(async ({ config = null, workers = null, role = null }: Options) => {
      finish(await start({ configPath: config, workers, role }));
    });
}
