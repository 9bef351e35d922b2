import { Command } from "commander";
import { start } from "../../bootstrap/start.ts";
import { type Finish, wholeNumber } from "../command.ts";

interface Options {
  config?: string;
  workers?: number;
}

export function startCommand(finish: Finish): Command {
  return new Command("start")
    .description("start the gateway: supervisor, control process and one gateway worker for each core")
    .option("-c, --config <file>", "configuration file")
    .option("-w, --workers <n>", "gateway workers", wholeNumber(1, 256))
    .action(async (options: Options) => {
      finish(await start({ configPath: options.config ?? null, workers: options.workers ?? null }));
    });
}
