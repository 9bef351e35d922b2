import { readFileSync } from "node:fs";
import { PACKAGE_ROOT } from "./places.ts";

/** From package.json. */
export const VERSION = findVersion();

function findVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL("package.json", PACKAGE_ROOT), "utf8"));
  return typeof manifest === "object" && manifest !== null && "version" in manifest
    ? String(manifest.version)
    : "unknown";
}
