import { startChild, stopChild, unexpectedEnd } from "../children.ts";
import { freePort } from "../free-port.ts";
import { compileProgram, type Program } from "../load/programs.ts";
import { listening } from "./listening.ts";
import type { Server } from "./server.ts";

/** Starts a C program that listens on the port it is given as its first argument. */
export async function startProgram(program: Program, args: readonly number[], directory: string): Promise<Server> {
  const path = await compileProgram(program, directory);
  const port = await freePort();
  const child = startChild(path, [port, ...args].map(String), { stdio: ["ignore", "ignore", "inherit"] });
  await Promise.race([listening(port), unexpectedEnd(child, program)]);
  return { name: program, port, pids: { worker: child.pid as number }, stop: () => stopChild(child) };
}
