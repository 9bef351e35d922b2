import { readFileSync } from "node:fs";

/** From package.json, which is found above the sources as well as above the build. */
export const VERSION = findVersion(new URL(".", import.meta.url));

function findVersion(directory: URL): string {
  try {
    const manifest: unknown = JSON.parse(readFileSync(new URL("package.json", directory), "utf8"));
    if (typeof manifest === "object" && manifest !== null && "version" in manifest) return String(manifest.version);
  } catch {
    // Not in this directory.
  }
  const parent = new URL("..", directory);
  return parent.href === directory.href ? "unknown" : findVersion(parent);
}
