import { execFile } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Figures } from "../result.ts";

/** Runs from `dist/bench/load`; the sources stay where they are. */
const SOURCES = fileURLToPath(new URL("../../../bench/load/", import.meta.url));
const FLAGS = ["-std=gnu17", "-D_GNU_SOURCE", "-O2", "-Wall", "-Wextra"];

export type Program =
  | "body-sink"
  | "idle-connections"
  | "one-at-a-time"
  | "slow-readers"
  | "sse-readers"
  | "sse-upstream";

/** Compiles a load program into the directory and returns its path. */
export async function compileProgram(program: Program, directory: string): Promise<string> {
  const path = join(directory, program);
  try {
    await promisify(execFile)("gcc", [...FLAGS, "-o", path, join(SOURCES, `${program}.c`)]);
  } catch (error) {
    throw new Error(`${program}.c can't be compiled (Debian packages gcc and libc6-dev)`, { cause: error });
  }
  return path;
}

/** The figures of the RESULT line. */
export function readResultLine(program: Program, output: string): Figures {
  const line = output.split("\n").find((text) => text.startsWith("RESULT "));
  if (line === undefined) throw new Error(`${program} gave no figures:\n${output}`);
  return JSON.parse(line.slice("RESULT ".length)) as Figures;
}
