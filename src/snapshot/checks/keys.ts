import { createHash } from "node:crypto";
import { formatPath } from "../problems/problem.ts";
import type { Path } from "../schema/introspection.ts";
import { UnreadSecret } from "../schema/notes.ts";
import type { Check } from "./check.ts";
import type { Cursor } from "./cursor.ts";

const SHORTEST_SAFE_KEY = 16;

/** A key stands for one application. Keys are compared by digest and never repeated. */
export const checkKeys: Check = ({ root, report, warn }) => {
  const seen = new Map<string, Path>();
  for (const application of root.at("applications").items()) {
    for (const key of application.at("keys").items()) {
      if (key.value instanceof UnreadSecret || key.at("value").value instanceof UnreadSecret) continue;
      const value = plainKey(key);
      const digest = digestOf(key);
      if (isMapping(key) && (value !== undefined) === (digest !== undefined)) {
        report(key.path, `expected exactly one of value, digest; found ${value === undefined ? "none" : "both"}`);
        continue;
      }
      const found = digest?.toLowerCase() ?? (value === undefined ? undefined : sha256Hex(value));
      if (found === undefined) continue;
      const first = seen.get(found);
      if (first !== undefined) report(key.path, `the same key as ${formatPath(first)}`);
      else seen.set(found, key.path);
      if (value !== undefined && value.length < SHORTEST_SAFE_KEY) {
        warn(key.path, `the key is shorter than ${SHORTEST_SAFE_KEY} characters and may be guessed`);
      }
    }
  }
};

function plainKey(key: Cursor): string | undefined {
  return (isMapping(key) ? key.at("value").text() : key.text()) || undefined;
}

function digestOf(key: Cursor): string | undefined {
  return key.at("digest").text() || undefined;
}

function isMapping(key: Cursor): boolean {
  return typeof key.value === "object" && key.value !== null && !Array.isArray(key.value);
}

function sha256Hex(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
