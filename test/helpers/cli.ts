import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { DIST, ensureBuilt } from "./build.ts";

export interface CommandResult {
  code: number | null;
  stdout: string;
  stderr: string;
}

interface Answer extends CommandResult {
  id: number;
}

const SHELL = fileURLToPath(new URL("cli-shell.mjs", import.meta.url));
const COMMAND_LINE = `${DIST}/bundle/src/cli/command-line.cjs`;

/** One for the files that a worker runs: most of what a command takes is Node's start. */
let shell: ChildProcess | null = null;
let nextId = 1;
const waiting = new Map<number, (result: CommandResult) => void>();

/**
 * Runs a command line at no terminal. Several wait for each other. What stays open, prompts, or listens for signals needs a
 * process of its own.
 */
export async function runCli(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  cwd: string,
  input = "",
): Promise<CommandResult> {
  await ensureBuilt();
  shell ??= startShell();
  const id = nextId++;
  const result = new Promise<CommandResult>((resolve) => waiting.set(id, resolve));
  shell.send({ id, args, env, cwd, input });
  return result;
}

function startShell(): ChildProcess {
  const child = fork(SHELL, [COMMAND_LINE], { stdio: ["ignore", "inherit", "inherit", "ipc"] });
  child.on("message", ({ id, ...result }: Answer) => {
    waiting.get(id)?.(result);
    waiting.delete(id);
  });
  child.on("exit", (code) => {
    shell = null;
    for (const end of waiting.values()) end({ code, stdout: "", stderr: "the shell ended" });
    waiting.clear();
  });
  // It ends with this process, and does not keep it.
  child.unref();
  child.channel?.unref();
  return child;
}
