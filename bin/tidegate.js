#!/usr/bin/env node
// Starts the compiled command line, or says how to compile it.
import { existsSync } from "node:fs";

const main = new URL("../dist/bundle/src/cli/main.cjs", import.meta.url);
if (existsSync(main)) {
  await import(main.href);
} else {
  process.stderr.write("tidegate is not built yet: run `npm run build` in its directory first\n");
  process.exitCode = 69;
}
