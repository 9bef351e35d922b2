// A process that runs command lines one after the other, as `tidegate` does, without a start of Node for each: see cli.ts.
// Told { id, args, env, cwd, input }, it answers { id, code, stdout, stderr }.
import { createRequire } from "node:module";
import { Readable, Writable } from "node:stream";

const { runCommandLine } = createRequire(import.meta.url)(process.argv[2]);

/** What a command prints, on a stream that is no terminal. */
class Printed extends Writable {
  text = "";

  _write(chunk, _encoding, done) {
    this.text += chunk;
    done();
  }
}

function replace(name, value) {
  Object.defineProperty(process, name, { value, configurable: true, writable: true });
}

async function run({ id, args, env, cwd, input }) {
  const [stdout, stderr] = [new Printed(), new Printed()];
  replace("stdout", stdout);
  replace("stderr", stderr);
  replace("stdin", Readable.from(input === "" ? [] : [Buffer.from(input)]));
  process.chdir(cwd);
  process.env = env;
  const code = await runCommandLine(args);
  process.send({ id, code, stdout: stdout.text, stderr: stderr.text });
}

let last = Promise.resolve();
process.on("message", (commandLine) => {
  last = last.then(() => run(commandLine));
});
process.on("disconnect", () => process.exit());
