import { createInterface } from "node:readline/promises";
import { text } from "node:stream/consumers";
import { EXIT, StartError } from "../../bootstrap/exit-codes.ts";

/** Whether there is somebody who can be asked. */
export function canAsk(): boolean {
  return process.stdin.isTTY === true && process.stderr.isTTY === true;
}

/** One line, asked for on standard error: standard output may go elsewhere. */
export async function ask(question: string): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  const interrupted = new AbortController();
  lines.once("SIGINT", () => interrupted.abort());
  try {
    return (await lines.question(question, { signal: interrupted.signal })).trim();
  } catch {
    throw new StartError(EXIT.failed, "cancelled");
  } finally {
    lines.close();
  }
}

export async function confirm(question: string): Promise<boolean> {
  return /^y(es)?$/i.test(await ask(`${question} [y/N] `));
}

const ENTER = ["\r", "\n"];
const CTRL_C = "\u0003";
const CTRL_D = "\u0004";
const CTRL_U = "\u0015";
const ERASE = ["\u007f", "\b"];

/** A line that the terminal does not show. */
export function askSecretly(question: string): Promise<string> {
  const { stdin, stderr } = process;
  // Before the question: whoever answers at once is not shown either.
  stdin.setRawMode(true);
  stderr.write(question);
  stdin.setEncoding("utf8");
  stdin.resume();
  return new Promise((resolve, reject) => {
    let typed: string[] = [];
    const end = (finish: () => void) => {
      stdin.removeListener("data", onData);
      stdin.setRawMode(false);
      stdin.pause();
      stderr.write("\n");
      finish();
    };
    const onData = (chunk: string) => {
      for (const character of chunk) {
        if (ENTER.includes(character)) return end(() => resolve(typed.join("")));
        if (character === CTRL_C || (character === CTRL_D && typed.length === 0)) {
          return end(() => reject(new StartError(EXIT.failed, "cancelled")));
        }
        if (character === CTRL_U) typed = [];
        else if (ERASE.includes(character)) typed.pop();
        else typed.push(character);
      }
    };
    stdin.on("data", onData);
  });
}

/** All of standard input, without the line's end that `echo` adds. */
export async function secretFromStandardInput(): Promise<string> {
  return (await text(process.stdin)).replace(/\r?\n$/, "");
}

/** From standard input where that was asked for, else from whoever sits there. */
export function passwordFrom(options: { passwordStdin?: boolean }, question = "Password: "): Promise<string> {
  if (options.passwordStdin === true) return secretFromStandardInput();
  if (canAsk()) return askSecretly(question);
  throw new StartError(EXIT.usage, "nobody can be asked for the password here: give it with --password-stdin");
}
