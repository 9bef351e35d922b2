import { Command, CommanderError } from "commander";
import { EXIT, StartError } from "../bootstrap/exit-codes.ts";
import { VERSION } from "../platform/version.ts";
import { inherit } from "./command.ts";
import { COMMANDS, loadCommand } from "./commands/index.ts";

const AFTER_HELP = `
Environment:
  TIDEGATE_HOME        data directory (default: ./data)
  TIDEGATE_CONFIG      configuration file (default: ./tidegate.yaml if it is there, otherwise quickstart)
  TIDEGATE_PORT        port of the gateway where the configuration names no listener (default: 8080)
  TIDEGATE_ADMIN_HOST  address of health and metrics (default: 127.0.0.1; 0.0.0.0 in a container)
  TIDEGATE_ADMIN_PORT  port of health and metrics (default: 9080)
  TIDEGATE_WORKERS     gateway workers (default: one for each core)
  TIDEGATE_ROLE        all, gateway or control (default: all)
  DATABASE_URL         postgres://user:password@host:port/database (default: SQLite in the data directory)
  REDIS_URL            redis://host:port, over which control processes reach the gateways of other machines
  TIDEGATE_CLUSTER     name of the cluster, where several share a Redis (default: default)
  TIDEGATE_MASTER_KEY  32 bytes in base64 or hex, with which secrets are sealed (default: master.key in the data directory)
  TIDEGATE_ADMIN_EMAIL, TIDEGATE_ADMIN_PASSWORD
                       the first administrator (default: admin@localhost, with a password that is printed once)
  TIDEGATE_LOG_LEVEL   fatal, error, warn, info, debug, trace or silent (default: info)
  TIDEGATE_ADMIN_URL   where commands find the admin API (default: where you signed in last, or this machine)
  TIDEGATE_TOKEN       token for it, in place of what \`tidegate login\` stored

Signals to a running \`tidegate start\`:
  SIGTERM, SIGINT      finish open calls, then end; a second SIGINT ends at once
  SIGHUP               read the configuration again and replace the workers one by one

Exit codes:
  0   done                              73  data directory in use or not writable
  1   failed                            75  a port is in use
  2   apply --dry-run --exit-code:      77  not permitted, e.g. a port below 1024,
      something would be changed            or not signed in
  64  wrong command line                78  the configuration, or a file for apply, is wrong
  65  refused by the server             79  conflict: changed by somebody else meanwhile,
  69  the server can't be reached           or in a state that does not allow it
`;

/** Runs one command line, without the program's own names: `["check", "tidegate.yaml"]`. Gives the exit code. */
export async function runCommandLine(args: readonly string[]): Promise<number> {
  return run(args).catch(exitCodeOf);
}

async function run(args: readonly string[]): Promise<number> {
  const program = new Command("tidegate")
    .description("AI gateway and API management: one entry point for ordinary services and every LLM provider")
    .version(VERSION, "-V, --version", "print the version")
    .helpOption("-h, --help", "print this help")
    .showHelpAfterError("(--help shows what there is)")
    .showSuggestionAfterError()
    .addHelpText("after", AFTER_HELP)
    .exitOverride();
  let exitCode: number = EXIT.ok;
  const finish = (code: number) => {
    exitCode = code;
  };
  for (const name of namesToLoad(args)) {
    program.addCommand(inherit((await loadCommand(name))(finish), program));
  }
  await program.parseAsync(args, { from: "user" });
  return exitCode;
}

/** The one that is called; for the help, and for what is none, all of them. */
function namesToLoad([first = ""]: readonly string[]): readonly string[] {
  if (first === "-V" || first === "--version") return [];
  return Object.hasOwn(COMMANDS, first) ? [first] : Object.keys(COMMANDS);
}

function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  if (error instanceof StartError) {
    process.stderr.write(`tidegate: ${error.message}\n`);
    return error.exitCode;
  }
  process.stderr.write(`tidegate: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  return EXIT.failed;
}
