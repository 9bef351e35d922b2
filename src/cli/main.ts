import { EXIT } from "../bootstrap/exit-codes.ts";
import { runCommandLine } from "./command-line.ts";

// `tidegate logs | head` closes the pipe early: that is no error.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(EXIT.ok);
  throw error;
});

runCommandLine(process.argv.slice(2)).then((code) => process.exit(code));
