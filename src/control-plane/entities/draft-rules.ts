import type { FieldProblem } from "../problem.ts";

const MAX_ROUTES = 500;
const MAX_TARGETS = 500;
const MAX_ADDRESSES = 1_000;
/** PostgreSQL's indices hold entries of 2.7 kB; `live_routes` has host and path in one. */
const MAX_PATH_BYTES = 1_024;

/**
 * What a draft may not say, though `tidegate.yaml` may: files and sockets of the gateway's machine are its administrator's, not
 * those of every team that publishes; and whose the service is follows from the service itself.
 */
export function draftFaults(draft: Record<string, unknown>): FieldProblem[] {
  const faults: FieldProblem[] = [];
  for (const field of ["id", "team"]) {
    if (Object.hasOwn(draft, field)) faults.push({ path: field, message: "is not the draft's to say: leave it out" });
  }
  const routes = listAt(draft, "routes");
  const upstream = at(draft, "upstream");
  const targets = listAt(upstream, "targets");
  if (routes.length > MAX_ROUTES) faults.push({ path: "routes", message: `at most ${MAX_ROUTES}` });
  if (targets.length > MAX_TARGETS) faults.push({ path: "upstream.targets", message: `at most ${MAX_TARGETS}` });
  // Too many are not looked at one by one.
  if (faults.length > 0) return faults;
  for (const [index, route] of routes.entries()) {
    const path = textAt(route, "path");
    if (Buffer.byteLength(path) > MAX_PATH_BYTES) {
      faults.push({ path: `routes[${index}].path`, message: `at most ${MAX_PATH_BYTES} bytes` });
    }
  }
  for (const [index, target] of targets.entries()) {
    if (/^https?:\/\/unix:/i.test(textAt(target, "url"))) {
      const message = "a Unix socket of the gateway's machine can be a target in the configuration file only";
      faults.push({ path: `upstream.targets[${index}].url`, message });
    }
  }
  if (textAt(upstream, "ca_file") !== "") {
    const message = "a file of the gateway's machine can be named in the configuration file only";
    faults.push({ path: "upstream.ca_file", message });
  }
  faults.push(...policyFaults(at(draft, "policies"), "policies"));
  for (const [index, route] of routes.entries()) {
    faults.push(...policyFaults(at(route, "policies"), `routes[${index}].policies`));
  }
  return faults;
}

/** The same of policies, whoever's. `path`: where they stand. */
export function policyFaults(policies: unknown, path: string): FieldProblem[] {
  const faults: FieldProblem[] = [];
  for (const kind of ["allow", "deny"]) {
    const list = listAt(at(policies, "addresses"), kind);
    if (list.length > MAX_ADDRESSES)
      faults.push({ path: `${path}.addresses.${kind}`, message: `at most ${MAX_ADDRESSES}` });
  }
  if (/^https?:\/\/unix:/i.test(textAt(at(policies, "mirror"), "url"))) {
    const message = "a Unix socket of the gateway's machine can be a target in the configuration file only";
    faults.push({ path: `${path}.mirror.url`, message });
  }
  return faults;
}

function at(value: unknown, key: string): unknown {
  if (typeof value !== "object" || value === null) return undefined;
  return Object.getOwnPropertyDescriptor(value, key)?.value;
}

function listAt(value: unknown, key: string): readonly unknown[] {
  const list = at(value, key);
  return Array.isArray(list) ? list : [];
}

function textAt(value: unknown, key: string): string {
  const text = at(value, key);
  return typeof text === "string" ? text : "";
}
