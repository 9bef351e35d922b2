import { createHash } from "node:crypto";
import { formatPath } from "../problems/problem.ts";
import type { Path } from "../schema/introspection.ts";
import type { Check } from "./check.ts";

const SHORTEST_SAFE_KEY = 16;

/** A key stands for one application. Keys are compared by digest and never repeated. */
export const checkKeys: Check = ({ root, report, warn }) => {
  const seen = new Map<string, Path>();
  for (const application of root.at("applications").items()) {
    for (const key of application.at("keys").items()) {
      const value = key.text();
      if (value === undefined || value === "") continue;
      const digest = createHash("sha256").update(value).digest("hex");
      const first = seen.get(digest);
      if (first !== undefined) report(key.path, `the same key as ${formatPath(first)}`);
      else seen.set(digest, key.path);
      if (value.length < SHORTEST_SAFE_KEY) {
        warn(key.path, `the key is shorter than ${SHORTEST_SAFE_KEY} characters and may be guessed`);
      }
    }
  }
};
