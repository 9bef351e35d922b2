// `npm install` and `npm ci` build the addon with this. Says what is missing instead of node-gyp's pages.
import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

const directory = fileURLToPath(new URL(".", import.meta.url));

/** Programs that a build needs, and the Debian packages they are in. */
const PROGRAMS = { "g++": "g++", make: "make", python3: "python3" };

const missing = Object.keys(PROGRAMS).filter(
  (program) => spawnSync(program, ["--version"], { stdio: "ignore" }).error !== undefined,
);
if (missing.length > 0) {
  const packages = missing.map((program) => PROGRAMS[program]).join(" ");
  process.stderr.write(
    `Tidegate's native part can't be built: ${missing.join(", ")} not found.\nInstall ${packages} (Debian: apt-get install ${packages}) and run npm again.\n`,
  );
  process.exit(1);
}

const nodeGyp = createRequire(import.meta.url).resolve("node-gyp/bin/node-gyp.js");
const { status } = spawnSync(process.execPath, [nodeGyp, "rebuild", "--silent"], {
  cwd: directory,
  stdio: ["ignore", "inherit", "inherit"],
  env: { ...process.env, MAKEFLAGS: process.env.MAKEFLAGS ?? "-j2" },
});
if (status !== 0) {
  process.stderr.write(
    "Tidegate's native part could not be built: see above. It needs Node's headers: where they can't be downloaded, set npm_config_nodedir to the folder that holds include/node.\n",
  );
  process.exit(1);
}
