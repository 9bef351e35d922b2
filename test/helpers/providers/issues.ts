import type { ZodError } from "zod";

type ZodIssue = ZodError["issues"][number];

/** The first thing wrong with a request, as far as it can be told apart. */
export interface Complaint {
  kind: "unknown" | "missing" | "invalid";
  /** Path of the field itself, also of an unknown one. */
  path: (string | number)[];
  message: string;
}

/** Looks into unions for the alternative that comes nearest, so that the complaint names a field and not the union. */
export function complaintOf(error: ZodError): Complaint {
  return complain(error.issues, []);
}

function complain(issues: readonly ZodIssue[], base: (string | number)[]): Complaint {
  const issue = issues[0];
  if (issue === undefined) throw new Error("a zod error without issues");
  const path = [...base, ...issue.path.map((key) => (typeof key === "number" ? key : String(key)))];
  if (issue.code === "unrecognized_keys") {
    return { kind: "unknown", path: [...path, issue.keys[0] ?? ""], message: issue.message };
  }
  if (issue.code === "invalid_union" && issue.errors.length > 0) {
    const nearest = issue.errors.map((alternative) => complain(alternative, path));
    nearest.sort((a, b) => b.path.length - a.path.length);
    const [deepest] = nearest;
    if (deepest !== undefined && deepest.path.length > path.length) return deepest;
  }
  const missing = issue.code === "invalid_type" && issue.message.includes("received undefined");
  return { kind: missing ? "missing" : "invalid", path, message: issue.message };
}
