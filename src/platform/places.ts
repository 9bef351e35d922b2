import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The directory that holds `package.json`. */
export const PACKAGE_ROOT = above("package.json");

/** A file of what was built, e.g. `workers/gateway-worker.cjs`. */
export function builtFile(path: string): string {
  return fileURLToPath(new URL(path, above("workers/")));
}

/** Directories above this module, wherever the build has put it, are looked at from the nearest on. */
function above(name: string): URL {
  for (let directory = new URL(".", import.meta.url); ; directory = new URL("..", directory)) {
    if (existsSync(new URL(name, directory))) return directory;
    if (directory.pathname === "/") throw new Error(`${name} is nowhere above ${fileURLToPath(import.meta.url)}`);
  }
}
